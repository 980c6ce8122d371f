#include "kernel_objects.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/udmabuf.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int result(long descriptor) { return descriptor < 0 ? -errno : (int)descriptor; }

int make_eventfd(void) { return result(eventfd(0, EFD_CLOEXEC)); }
int make_timerfd(void) { return result(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)); }
int make_epoll(void) { return result(epoll_create1(EPOLL_CLOEXEC)); }
int make_pidfd(void) { return result(syscall(SYS_pidfd_open, getpid(), 0)); }
int make_inotify(void) { return result(inotify_init1(IN_CLOEXEC)); }
int make_netlink_socket(void) {
  return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

int make_signalfd(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  return result(signalfd(-1, &signals, SFD_CLOEXEC));
}

int make_terminal(int *terminal) {
  int controller = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  char name[64];
  if (controller < 0 || grantpt(controller) || unlockpt(controller) ||
      ptsname_r(controller, name, sizeof name))
    return -errno;
  *terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  return *terminal < 0 ? -errno : controller;
}

int make_dmabuf(void) {
  int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
  if (device < 0) return -errno;
  int memory = memfd_create("dmabuf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  if (memory < 0 || ftruncate(memory, (off_t)size) || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK))
    return -errno;
  struct udmabuf_create create = {
      .memfd = (unsigned)memory, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size};
  int buffer = result(ioctl(device, UDMABUF_CREATE, &create));
  close(memory);
  close(device);
  return buffer;
}

int make_secret_memory(void) { return result(syscall(SYS_memfd_secret, O_CLOEXEC)); }

int open_for_ioctl(const char *path) { return result(open(path, O_ACCMODE | O_CLOEXEC)); }

int make_fifo(const char *path) { return mkfifo(path, 0600) ? -errno : 0; }

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where) {
  (void)status, (void)type, (void)where;
  return remove(path);
}
void remove_tree(const char *path) { nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

void *map_page(int memory) {
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  return page == MAP_FAILED ? NULL : page;
}
void unmap_page(void *page) { munmap(page, (size_t)sysconf(_SC_PAGESIZE)); }

static int count_links(const char *name) {
  DIR *directory = opendir("/proc/self/fd");
  if (!directory) return -errno;
  int count = 0;
  char link[4096];
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(directory)) continue;
    if (name) {
      ssize_t length = readlinkat(dirfd(directory), entry->d_name, link, sizeof link);
      if (length != (ssize_t)strlen(name) || memcmp(link, name, (size_t)length)) continue;
    }
    count++;
  }
  closedir(directory);
  return count;
}

int count_open(void) { return count_links(NULL); }
int count_open_named(const char *name) { return count_links(name); }

int connect_and_end(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  pid_t child = fork();
  if (child == 0) {
    int made = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    _exit(connect(made, (struct sockaddr *)&address, sizeof address) ? 1 : 0);
  }
  int status = 1;
  if (child < 0 || waitpid(child, &status, 0) != child) return -errno;
  return status == 0 ? child : -ECHILD;
}

// The system call fails where an argument is `value`, in all threads.
static int fail_call(unsigned call, int argument, int value, int error) {
  struct sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
      // The lower half of the argument, on a machine that keeps that first.
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
               (unsigned)(offsetof(struct seccomp_data, args) + 8 * (size_t)argument)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)value, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  long result = syscall(
      SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  return result < 0 ? -errno : (int)result;
}

int hide_socket_option(int name, int error) { return fail_call(SYS_getsockopt, 2, name, error); }

int keep_socket_option(int name, int error) { return fail_call(SYS_setsockopt, 2, name, error); }

int fail_sending(int socket, int error) { return fail_call(SYS_sendmsg, 0, socket, error); }

int start_program(const char *path, char *const arguments[], char *const environment[],
                  const char *directory, const int standard[3]) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  for (int number = 0; number < 3; number++)
    posix_spawn_file_actions_adddup2(&actions, standard[number], number);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawn_file_actions_addchdir_np(&actions, directory);
  pid_t process = 0;
  int error = posix_spawn(&process, path, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error ? -error : process;
}

int wait_for_program(int process) {
  int status;
  while (waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return -errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
