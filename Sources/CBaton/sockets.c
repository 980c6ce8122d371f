#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static socklen_t address_of(baton_name name, struct sockaddr_un *address) {
  size_t lead = name.abstract ? 1 : 0;
  if (name.size == 0 || name.size > sizeof address->sun_path - 1) return 0;
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path + lead, name.bytes, name.size);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.size + 1);
}

static int fail(int socket) {
  int error = errno;
  if (socket >= 0) close(socket);
  return -error;
}

// For connect(2), which waits for room in the listener's queue as long as for sending.
static int set_patience(int number, int64_t nanoseconds) {
  struct timeval limit = {nanoseconds / 1000000000, (nanoseconds % 1000000000 + 999) / 1000};
  if (limit.tv_usec == 1000000) limit.tv_sec++, limit.tv_usec = 0;
  return setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

int baton_connect(baton_name name, int64_t nanoseconds) {
  struct sockaddr_un address;
  socklen_t size = address_of(name, &address);
  if (!size) return -ENAMETOOLONG;
  bool waits = nanoseconds > 0;
  int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | (waits ? 0 : SOCK_NONBLOCK), 0);
  if (made < 0) return -errno;
  int done = waits ? set_patience(made, nanoseconds) : 0;
  if (done == 0) {
    do done = connect(made, (struct sockaddr *)&address, size);
    while (done < 0 && errno == EINTR);
  }
  // A new socket has no other flag.
  if (done == 0) done = waits ? set_patience(made, 0) : fcntl(made, F_SETFL, 0);
  return done < 0 ? fail(made) : made;
}

int baton_listen(baton_name name, uint32_t mode) {
  struct sockaddr_un address;
  socklen_t size = address_of(name, &address);
  if (!size) return -ENAMETOOLONG;
  int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -errno;
  // On Linux the file gets the socket's own mode less the umask, so it is never wider than asked
  // for, and no other thread's umask is touched.
  if (!name.abstract && fchmod(made, mode) < 0) return fail(made);
  if (bind(made, (struct sockaddr *)&address, size) < 0) return fail(made);
  if (!name.abstract && chmod(address.sun_path, mode) < 0) return fail(made);
  return listen(made, SOMAXCONN) < 0 ? fail(made) : made;
}

int baton_socket_pair(int pair[2]) {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
}

void baton_adopt_listener(int listener) {
  fcntl(listener, F_SETFD, FD_CLOEXEC);
  fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK);
}

int baton_accept(int listener) {
  int accepted;
  do accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  while (accepted < 0 && (errno == EINTR || errno == ECONNABORTED));
  return accepted < 0 ? -errno : accepted;
}

int baton_finish_sending(int socket) { return shutdown(socket, SHUT_WR) < 0 ? -errno : 0; }
int baton_shutdown(int socket) { return shutdown(socket, SHUT_RDWR) < 0 ? -errno : 0; }

static int option(int socket, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, name, &value, &size) < 0 ? -errno : value;
}

int baton_socket_kind(int socket) {
  int domain = option(socket, SO_DOMAIN);
  if (domain < 0) return domain;
  if (domain != AF_UNIX || option(socket, SO_TYPE) != SOCK_SEQPACKET) return -EPROTOTYPE;
  return option(socket, SO_ACCEPTCONN) == 1 ? BATON_SOCKET_LISTENING : BATON_SOCKET_CONNECTED;
}

void baton_set_send_buffer(int socket, int size) {
  // The kernel doubles what it is asked for, and keeps to net.core.wmem_max.
  int half = size / 2;
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &half, sizeof half);
}

int baton_send_buffer(int socket) { return option(socket, SO_SNDBUF); }

int baton_peer_credentials(int socket, baton_credentials *credentials) {
  struct ucred from;
  socklen_t size = sizeof from;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &from, &size) < 0) return -errno;
  *credentials = (baton_credentials){from.pid, from.uid, from.gid};
  return 0;
}

int baton_peer_pidfd(int socket) { return option(socket, SO_PEERPIDFD); }

int baton_peer_groups(int socket, uint32_t *groups, int room) {
  socklen_t size = (socklen_t)room * sizeof *groups;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) return -errno;
  return (int)(size / sizeof *groups);
}

int baton_peer_label(int socket, uint8_t *label, size_t room) {
  socklen_t size = (socklen_t)room;
  return getsockopt(socket, SOL_SOCKET, SO_PEERSEC, label, &size) < 0 ? -errno : (int)size;
}

int baton_pass_rights(int socket, bool pass) {
  int value = pass;
  return setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &value, sizeof value) < 0 ? -errno : 0;
}

int baton_wait(int socket, bool writable, int64_t nanoseconds) {
  struct pollfd one = {.fd = socket, .events = writable ? POLLOUT : POLLIN};
  struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  int ready = ppoll(&one, 1, nanoseconds < 0 ? NULL : &limit, NULL);
  // An interrupted wait counts as ready: the caller tries, and waits again for what time is left.
  if (ready < 0) return errno == EINTR ? 1 : -errno;
  return ready;
}

void baton_sleep(int64_t nanoseconds) {
  struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  nanosleep(&time, NULL);
}

// ---- Children ---------------------------------------------------------------------------------

// Whether the child of `parent` gets SIGTERM when the thread that forked ends.
static bool end_with(pid_t parent) {
  // The second look is for a parent that ended between fork and prctl.
  return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent;
}

// Runs in the child, where only async-signal-safe calls are allowed.
static void become(char *const arguments[], char *const environment[], char *own_pid, int socket,
                   int report) {
  pid_t pid = getpid();
  char digits[16];
  int count = 0;
  do digits[count++] = (char)('0' + pid % 10);
  while ((pid /= 10) > 0);
  while (count > 0) *own_pid++ = digits[--count];
  *own_pid = 0;
  // dup2 of a number onto itself keeps close-on-exec, so it is cleared by hand.
  if (report == 3) report = fcntl(report, F_DUPFD_CLOEXEC, 4);
  int moved = socket == 3 ? fcntl(3, F_SETFD, 0) : dup2(socket, 3);
  // What it prints is not this program's output. Where there is no standard error there is none.
  if (moved >= 0) dup2(2, 1);
  if (moved >= 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvpe(arguments[0], arguments, environment);
  }
  int error = errno;
  ssize_t ignored = write(report, &error, sizeof error);
  (void)ignored;
  _exit(127);
}

// The environment of this process with systemd's three variables in front.
static char **announce(char *own_pid) {
  size_t count = 0;
  while (environ[count]) count++;
  char **made = calloc(count + 4, sizeof *made);
  if (!made) return NULL;
  size_t at = 0;
  made[at++] = "LISTEN_FDS=1";
  made[at++] = "LISTEN_FDNAMES=baton";
  made[at++] = own_pid;
  for (size_t i = 0; i < count; i++)
    if (strncmp(environ[i], "LISTEN_", 7) != 0) made[at++] = environ[i];
  return made;
}

static void wait_for(pid_t child) {
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
  }
}

int baton_spawn(char *const arguments[], int socket, bool with_thread) {
  char own_pid[40] = "LISTEN_PID=";
  char **environment = announce(own_pid);
  if (!environment) return -ENOMEM;
  int report[2];
  if (pipe2(report, O_CLOEXEC) < 0) {
    free(environment);
    return -errno;
  }
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0 && with_thread && !end_with(parent)) _exit(127);
  if (child == 0) become(arguments, environment, own_pid + strlen(own_pid), socket, report[1]);
  int error = child < 0 ? errno : 0;
  close(report[1]);
  free(environment);
  ssize_t told;
  do told = child < 0 ? 0 : read(report[0], &error, sizeof error);
  while (told < 0 && errno == EINTR);
  close(report[0]);
  if (child < 0) return -error;
  if (told == sizeof error) {
    wait_for(child);
    return -error;
  }
  int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
  if (pidfd >= 0) return pidfd;
  // Nobody could end it, or wait for it.
  error = errno;
  kill(child, SIGKILL);
  wait_for(child);
  return -error;
}

int baton_signal(int pidfd, int signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int baton_reap(int pidfd, bool wait, int *status) {
  siginfo_t info = {0};
  int done;
  do done = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | (wait ? 0 : WNOHANG));
  while (done < 0 && errno == EINTR);
  if (done < 0) return -errno;
  *status = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
  return info.si_pid != 0;
}

void baton_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}
