// One SOCK_SEQPACKET packet in one system call, with its descriptors. The only file that touches
// control messages, together with packet.c. Every function returns a negative errno.
#ifndef BATON_PACKET_H
#define BATON_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// SCM_MAX_FD: the most descriptors the kernel takes in one sendmsg.
enum { BATON_PACKET_DESCRIPTORS = 253 };

typedef struct baton_received {
  ssize_t size;       // bytes, 0 at the end of the connection, or a negative errno
  int count;          // descriptors that arrived and are now the caller's
  bool had_control;   // a control message came, be it without descriptors
  bool cut;           // the packet was larger than the buffer (MSG_TRUNC)
  bool lost;          // descriptors were sent that did not arrive (MSG_CTRUNC)
} baton_received;

// Where a packet goes: to `bytes`, except for those that follow the first `before` ones, which go to
// `apart`, so many as fit. What is behind them lies where it would without that.
typedef struct baton_room {
  void *bytes;
  size_t size;
  size_t before;
  void *apart;  // NULL for none
  size_t apart_size;
} baton_room;

// recvmsg(2) with MSG_CMSG_CLOEXEC; EINTR is retried. `descriptors` has room for
// BATON_PACKET_DESCRIPTORS. With `wait` it blocks on a blocking socket.
baton_received baton_receive(int socket, baton_room room, int *descriptors, bool wait);

typedef struct baton_packet {
  const void *bytes;
  size_t size;
  const void *slice;  // what follows, if not NULL, and what follows that
  size_t slice_size;
  const void *tail;
  size_t tail_size;
} baton_packet;

// sendmsg(2) with MSG_NOSIGNAL; EINTR is retried. Bytes sent, or a negative errno.
ssize_t baton_send(int socket, baton_packet packet, const int *descriptors, int count, bool wait);

#endif
