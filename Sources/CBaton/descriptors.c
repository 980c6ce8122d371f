#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

// Younger than the headers this is built with.
#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY (1024 + 3)
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446
#endif

// ---- Life -------------------------------------------------------------------------------------

// Not libc's function, as for packets (packet.c).
void baton_close(int descriptor) { syscall(SYS_close, descriptor); }

void baton_close_received(int descriptor) {
  struct linger linger;
  socklen_t size = sizeof linger;
  if (getsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff &&
      linger.l_linger > 0) {
    linger.l_onoff = 0;
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  }
  baton_close(descriptor);
}

int baton_unshare_descriptors(void) {
  // The flag of linux/close_range.h, which older headers do not have.
  return syscall(SYS_close_range, ~0U, ~0U, 1U << 1) ? -errno : 0;
}

int baton_duplicate(int descriptor) {
  int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? -errno : copy;
}

// ---- What it is -------------------------------------------------------------------------------

static enum baton_file_type type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return BATON_FILE_REGULAR;
    case S_IFDIR: return BATON_FILE_DIRECTORY;
    case S_IFIFO: return BATON_FILE_FIFO;
    case S_IFSOCK: return BATON_FILE_SOCKET;
    case S_IFCHR: return BATON_FILE_CHARACTER;
    case S_IFBLK: return BATON_FILE_BLOCK;
    default: return BATON_FILE_OTHER;
  }
}

int baton_file_status(int descriptor, baton_status *status) {
  struct stat found;
  if (fstat(descriptor, &found)) return -errno;
  *status = (baton_status){type_of(found.st_mode), found.st_size, found.st_dev, found.st_ino};
  return 0;
}

int baton_access_mode(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return -errno;
  if (flags & O_PATH) return BATON_PATH_ONLY;
  switch (flags & O_ACCMODE) {
    case O_RDONLY: return BATON_READS;
    case O_WRONLY: return BATON_WRITES;
    case O_RDWR: return BATON_READS | BATON_WRITES;
    default: return 0;  // 3 allows ioctl(2) alone, see open(2)
  }
}

int baton_query_socket_type(int descriptor) {
  int type;
  socklen_t size = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size)) return -errno;
  switch (type) {
    case SOCK_STREAM: return BATON_SOCKET_STREAM;
    case SOCK_DGRAM: return BATON_SOCKET_DATAGRAM;
    case SOCK_SEQPACKET: return BATON_SOCKET_SEQPACKET;
    default: return BATON_SOCKET_OTHER;
  }
}

int baton_is_terminal(int descriptor) {
  struct termios ignored;
  return tcgetattr(descriptor, &ignored) == 0 || errno == EIO;  // EIO: one that hung up
}

int baton_query_file_system(int descriptor) {
  struct statfs found;
  int result;
  do result = fstatfs(descriptor, &found);
  while (result && errno == EINTR);
  if (result) return -errno;
  switch ((unsigned long)found.f_type) {
    case ANON_INODE_FS_MAGIC: return BATON_FILE_SYSTEM_ANONYMOUS;
    case PID_FS_MAGIC: return BATON_FILE_SYSTEM_PROCESS;
    case DMA_BUF_MAGIC: return BATON_FILE_SYSTEM_DMABUF;
    default: return BATON_FILE_SYSTEM_OTHER;
  }
}

enum { LINK_SIZE = sizeof "/proc/self/fd/-2147483648" };

static void write_link(int descriptor, char link[LINK_SIZE]) {
  snprintf(link, LINK_SIZE, "/proc/self/fd/%d", descriptor);
}

ssize_t baton_descriptor_name(int descriptor, char *name, size_t size) {
  char link[LINK_SIZE];
  write_link(descriptor, link);
  ssize_t length = readlink(link, name, size);
  return length < 0 ? -errno : length;
}

int baton_same_description(int descriptor, int other) {
  int same = fcntl(descriptor, F_DUPFD_QUERY, other);
  if (same >= 0) return same;
  return errno == EINVAL ? baton_compare_descriptors(descriptor, other) : -errno;
}

int baton_compare_descriptors(int descriptor, int other) {
  pid_t self = getpid();
  long order = syscall(SYS_kcmp, self, self, KCMP_FILE, descriptor, other);
  return order < 0 ? -errno : order == 0;
}

// ---- Content ----------------------------------------------------------------------------------

ssize_t baton_read(int descriptor, void *buffer, size_t size) {
  ssize_t count;
  do count = read(descriptor, buffer, size);
  while (count < 0 && errno == EINTR);
  return count < 0 ? -errno : count;
}

ssize_t baton_read_at(int descriptor, void *buffer, size_t size, int64_t offset) {
  size_t done = 0;
  while (done < size) {
    ssize_t count = pread(descriptor, (char *)buffer + done, size - done, offset + (off_t)done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (count == 0) break;
    done += (size_t)count;
  }
  return (ssize_t)done;
}

int baton_write_at(int descriptor, const void *bytes, size_t size, int64_t offset) {
  size_t done = 0;
  while (done < size) {
    ssize_t count =
        pwrite(descriptor, (const char *)bytes + done, size - done, offset + (off_t)done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (count == 0) return -EIO;  // a device that takes nothing: never loop
    done += (size_t)count;
  }
  return 0;
}

// ---- Opening and making -----------------------------------------------------------------------

static int flags_of(int access, int options) {
  int flags = O_CLOEXEC | O_NOCTTY;
  if (options & BATON_OPEN_DIRECTORY) flags |= O_DIRECTORY;
  if (options & BATON_OPEN_NO_FOLLOW) flags |= O_NOFOLLOW;
  if (options & BATON_OPEN_PATH_ONLY) return (flags & ~O_NOCTTY) | O_PATH;
  if (options & BATON_OPEN_CREATE) flags |= O_CREAT;
  if (options & BATON_OPEN_UNNAMED) flags |= O_TMPFILE;
  if (options & BATON_OPEN_EXCLUSIVE) flags |= O_EXCL;
  if (options & BATON_OPEN_TRUNCATE) flags |= O_TRUNC;
  if (options & BATON_OPEN_APPEND) flags |= O_APPEND;
  if (options & BATON_OPEN_NONBLOCKING) flags |= O_NONBLOCK;
  if (access == (BATON_READS | BATON_WRITES)) return flags | O_RDWR;
  return flags | (access == BATON_WRITES ? O_WRONLY : O_RDONLY);
}

int baton_open(const char *path, int access, int options, uint32_t permissions) {
  int opened;
  do opened = open(path, flags_of(access, options), (mode_t)permissions);
  while (opened < 0 && errno == EINTR);
  return opened < 0 ? -errno : opened;
}

int baton_open_beneath(int directory, const char *path, int access, int options,
                       uint32_t permissions) {
  struct open_how how = {
      .flags = (uint64_t)flags_of(access, options),
      // openat2(2) refuses permissions for a file that is not to be created.
      .mode = (options & (BATON_OPEN_CREATE | BATON_OPEN_UNNAMED)) && !(options & BATON_OPEN_PATH_ONLY)
                  ? permissions
                  : 0,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
  };
  long opened;
  // EAGAIN says that a rename somewhere made "." and ".." uncertain, openat2(2); somebody who renames
  // for ever shall not keep us here.
  int tries = 64;
  do opened = syscall(SYS_openat2, directory, path, &how, sizeof how);
  while (opened < 0 && (errno == EINTR || (errno == EAGAIN && --tries)));
  return opened < 0 ? -errno : (int)opened;
}

int baton_reopen(int descriptor, int access, int options) {
  char link[LINK_SIZE];
  write_link(descriptor, link);
  return baton_open(link, access, options, 0);
}

int baton_memory(const char *name) {
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int memory = memfd_create(name, flags | MFD_NOEXEC_SEAL);
  if (memory < 0 && errno == EINVAL) memory = memfd_create(name, flags);
  return memory < 0 ? -errno : memory;
}

int baton_seals(int descriptor) {
  int seals = fcntl(descriptor, F_GET_SEALS);
  return seals < 0 ? -errno : seals;
}

int baton_add_seals(int descriptor, int seals) {
  return fcntl(descriptor, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

int baton_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) ? -errno : 0; }

int baton_socket_pair_of(enum baton_socket_type type, int ends[2]) {
  int socket_type = type == BATON_SOCKET_STREAM     ? SOCK_STREAM
                    : type == BATON_SOCKET_DATAGRAM ? SOCK_DGRAM
                                                    : SOCK_SEQPACKET;
  return socketpair(AF_UNIX, socket_type | SOCK_CLOEXEC, 0, ends) ? -errno : 0;
}
