// System calls on descriptor numbers. Every function that can fail returns a negative errno instead
// of setting it, is repeated after EINTR, and makes descriptors that close on exec.
#ifndef BATON_DESCRIPTORS_H
#define BATON_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// ---- Life -------------------------------------------------------------------------------------

// close(2); EINTR counts as closed, as on Linux it is.
void baton_close(int descriptor);
// The same for one that came from a peer, which must not hold up whoever closes it: a socket's SO_LINGER
// (socket(7)) is turned off where it asks to wait.
void baton_close_received(int descriptor);
// Gives the calling thread a table of descriptors of its own (close_range(2), CLOSE_RANGE_UNSHARE, which
// closes nothing here). 0 or -errno.
int baton_unshare_descriptors(void);
// fcntl(2), F_DUPFD_CLOEXEC.
int baton_duplicate(int descriptor);

// ---- What it is -------------------------------------------------------------------------------

enum baton_file_type {
  BATON_FILE_OTHER = 0, BATON_FILE_REGULAR, BATON_FILE_DIRECTORY, BATON_FILE_FIFO, BATON_FILE_SOCKET,
  BATON_FILE_CHARACTER, BATON_FILE_BLOCK,
};
typedef struct baton_status {
  enum baton_file_type type;
  int64_t size;  // bytes
  uint64_t device, inode;
} baton_status;

// fstat(2).
int baton_file_status(int descriptor, baton_status *status);

enum baton_access { BATON_READS = 1, BATON_WRITES = 2, BATON_PATH_ONLY = 4 };

// fcntl(2), F_GETFL: the bits of enum baton_access.
int baton_access_mode(int descriptor);

enum baton_socket_type {
  BATON_SOCKET_OTHER = 0, BATON_SOCKET_STREAM, BATON_SOCKET_DATAGRAM, BATON_SOCKET_SEQPACKET,
};

// getsockopt(2), SO_TYPE: enum baton_socket_type.
int baton_query_socket_type(int descriptor);
// tcgetattr(3): 1 for a terminal, else 0.
int baton_is_terminal(int descriptor);

enum baton_file_system {
  BATON_FILE_SYSTEM_OTHER = 0, BATON_FILE_SYSTEM_ANONYMOUS, BATON_FILE_SYSTEM_PROCESS,
  BATON_FILE_SYSTEM_DMABUF,
};

// fstatfs(2): which of the kernel's own file systems it lies in, enum baton_file_system.
int baton_query_file_system(int descriptor);
// readlink(2) of /proc/self/fd/N into `name`, not terminated: the number of bytes.
ssize_t baton_descriptor_name(int descriptor, char *name, size_t size);

// Whether two numbers mean the same open file description, 1 or 0: fcntl(2), F_DUPFD_QUERY (Linux
// 6.10), else baton_compare_descriptors.
int baton_same_description(int descriptor, int other);
// The same through kcmp(2), KCMP_FILE.
int baton_compare_descriptors(int descriptor, int other);

// ---- Content ----------------------------------------------------------------------------------

// read(2), once: the number of bytes, 0 at the end.
ssize_t baton_read(int descriptor, void *buffer, size_t size);
// pread(2) until `size` bytes or the end: the number of bytes.
ssize_t baton_read_at(int descriptor, void *buffer, size_t size, int64_t offset);
// pwrite(2) until all is written: 0.
int baton_write_at(int descriptor, const void *bytes, size_t size, int64_t offset);

// ---- Opening and making -----------------------------------------------------------------------

enum baton_open_options {
  BATON_OPEN_CREATE = 1, BATON_OPEN_EXCLUSIVE = 2, BATON_OPEN_TRUNCATE = 4, BATON_OPEN_APPEND = 8,
  BATON_OPEN_NONBLOCKING = 16, BATON_OPEN_DIRECTORY = 32, BATON_OPEN_NO_FOLLOW = 64,
  BATON_OPEN_PATH_ONLY = 128, BATON_OPEN_UNNAMED = 256,
};

// open(2). `access` holds the bits of enum baton_access, `options` those of enum baton_open_options;
// `permissions` are for a file that is created. A terminal does not become the controlling one.
int baton_open(const char *path, int access, int options, uint32_t permissions);
// openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS.
int baton_open_beneath(int directory, const char *path, int access, int options,
                       uint32_t permissions);
// open(2) of /proc/self/fd/N.
int baton_reopen(int descriptor, int access, int options);
// memfd_create(2), MFD_ALLOW_SEALING, and MFD_NOEXEC_SEAL where the kernel has it (Linux 6.3).
int baton_memory(const char *name);
// fcntl(2), F_GET_SEALS and F_ADD_SEALS: the F_SEAL_ bits.
int baton_seals(int descriptor);
int baton_add_seals(int descriptor, int seals);
// pipe2(2): the reading, then the writing end.
int baton_pipe(int ends[2]);
// socketpair(2), AF_UNIX.
int baton_socket_pair_of(enum baton_socket_type type, int ends[2]);

#endif
