// Sockets, their addresses and who is at the other end. Every function returns a negative errno.
#ifndef BATON_SOCKETS_H
#define BATON_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// A path of at most 107 bytes, or with `abstract` a name of at most 107 without the leading zero.
typedef struct baton_name {
  const char *bytes;
  size_t size;
  bool abstract;
} baton_name;

// socket(2), connect(2): SOCK_SEQPACKET, close on exec. The number, or -EAGAIN where the listener's
// queue was full for `nanoseconds` (SO_SNDTIMEO); zero does not wait.
int baton_connect(baton_name name, int64_t nanoseconds);
// socket(2), bind(2) with `mode` for the socket's file, listen(2). The number.
int baton_listen(baton_name name, uint32_t mode);
// socketpair(2): SOCK_SEQPACKET, close on exec.
int baton_socket_pair(int pair[2]);
// fcntl(2), F_SETFD FD_CLOEXEC and F_SETFL O_NONBLOCK, which whoever passed the socket on sees, too.
void baton_adopt_listener(int listener);
// accept4(2) on a socket that does not wait; close on exec. The number, or -EAGAIN.
int baton_accept(int listener);
// shutdown(2), SHUT_WR.
int baton_finish_sending(int socket);
// shutdown(2), SHUT_RDWR.
int baton_shutdown(int socket);

enum baton_socket_kind { BATON_SOCKET_CONNECTED = 0, BATON_SOCKET_LISTENING = 1 };
// Whether an inherited number is a unix SOCK_SEQPACKET socket and of which kind; -ENOTSOCK and
// -EPROTOTYPE when it is not.
int baton_socket_kind(int socket);
// setsockopt(2), SO_SNDBUF: makes room for `size` bytes on their way, as the kernel counts them, or
// for what it allows.
void baton_set_send_buffer(int socket, int size);
// getsockopt(2), SO_SNDBUF, as the kernel counts it (twice what was asked for).
int baton_send_buffer(int socket);

typedef struct baton_credentials {
  pid_t pid;
  uid_t uid;
  gid_t gid;
} baton_credentials;
// getsockopt(2), SO_PEERCRED: who connected, as of then.
int baton_peer_credentials(int socket, baton_credentials *credentials);
// getsockopt(2), SO_PEERPIDFD: a pidfd, close on exec. -EINVAL: the peer is reaped; -ENOPROTOOPT: an
// old kernel.
int baton_peer_pidfd(int socket);
// getsockopt(2), SO_PEERGROUPS: how many groups were written; -ERANGE when there are more.
int baton_peer_groups(int socket, uint32_t *groups, int room);
// getsockopt(2), SO_PEERSEC: how many bytes were written.
int baton_peer_label(int socket, uint8_t *label, size_t room);
// setsockopt(2), SO_PASSRIGHTS: whether others can send descriptors here; accepted sockets are as
// their listener. -ENOPROTOOPT on kernels before 6.16.
int baton_pass_rights(int socket, bool pass);
// ppoll(2), `nanoseconds` at most; negative waits for ever. 1 when ready, 0 when the time is over.
int baton_wait(int socket, bool writable, int64_t nanoseconds);
// nanosleep(2).
void baton_sleep(int64_t nanoseconds);

// fork(2) and execvp(3) of `arguments` with `socket` as number 3, announced as systemd does:
// LISTEN_FDS=1, LISTEN_FDNAMES=baton, LISTEN_PID. A pidfd, close on exec; a negative errno when the
// command could not be started. `with_thread`: the child gets SIGTERM when the calling thread ends,
// however it does (prctl(2), PR_SET_PDEATHSIG).
int baton_spawn(char *const arguments[], int socket, bool with_thread);
// pidfd_send_signal(2).
int baton_signal(int pidfd, int signal);
// waitid(2) on a pidfd. 1 when the process ended and is reaped, 0 when it runs on. `status` is then how
// it ended: its exit status, or the number of the signal that killed it, less than zero.
int baton_reap(int pidfd, bool wait, int *status);

// setrlimit(2), RLIMIT_NOFILE: the soft limit becomes the hard one, as a process that does not use
// select(2) can take it.
void baton_raise_descriptor_limit(void);

#endif
