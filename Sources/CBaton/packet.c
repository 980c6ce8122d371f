#include "packet.h"

#include "descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

// Room for what else an inherited socket may have been told to pass, which nobody asked for:
// credentials, a pidfd, a security label, the time.
enum { ASIDE = 512 };

// How many descriptor numbers a control message holds, by its cmsg_len.
static size_t count_numbers(const struct msghdr *message, const struct cmsghdr *control) {
  // CMSG_FIRSTHDR, unlike CMSG_NXTHDR, does not look whether the length stays inside the buffer.
  size_t before = (size_t)((const char *)control - (const char *)message->msg_control);
  size_t length = control->cmsg_len;
  if (length > message->msg_controllen - before) length = message->msg_controllen - before;
  return length < CMSG_LEN(0) ? 0 : (length - CMSG_LEN(0)) / sizeof(int);
}

// Takes the numbers out of one control message; what is over the room is closed.
static void adopt(const struct msghdr *message, const struct cmsghdr *control, int *descriptors,
                  baton_received *result) {
  size_t count = count_numbers(message, control);
  for (size_t i = 0; i < count; i++) {
    int number;
    memcpy(&number, CMSG_DATA(control) + i * sizeof(int), sizeof number);
    if (result->count < BATON_PACKET_DESCRIPTORS) {
      descriptors[result->count++] = number;
    } else {
      baton_close_received(number);
      result->lost = true;
    }
  }
}

// Closes a pidfd (SO_PASSPIDFD). Where none was to be had, the kernel puts a negative errno there.
static void drop(const struct msghdr *message, const struct cmsghdr *control) {
  int number;
  if (count_numbers(message, control) != 1) return;
  memcpy(&number, CMSG_DATA(control), sizeof number);
  if (number >= 0) baton_close(number);
}

static size_t set_parts(struct iovec parts[3], baton_room room) {
  if (!room.apart) {
    parts[0] = (struct iovec){room.bytes, room.size};
    return 1;
  }
  size_t behind = room.before + room.apart_size;
  parts[0] = (struct iovec){room.bytes, room.before};
  parts[1] = (struct iovec){room.apart, room.apart_size};
  parts[2] = (struct iovec){(char *)room.bytes + behind, room.size - behind};
  return 3;
}

baton_received baton_receive(int socket, baton_room room, int *descriptors, bool wait) {
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(BATON_PACKET_DESCRIPTORS * sizeof(int)) + ASIDE];
  struct iovec parts[3];
  size_t count = set_parts(parts, room);
  struct msghdr message;
  baton_received result = {0};
  do {
    message = (struct msghdr){.msg_iov = parts,
                              .msg_iovlen = count,
                              .msg_control = control,
                              .msg_controllen = sizeof control};
    // Not libc's function: in a program with threads that one is a cancellation point, which costs two
    // atomic operations more.
    result.size =
        syscall(SYS_recvmsg, socket, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  } while (result.size < 0 && errno == EINTR);
  if (result.size < 0) {
    result.size = -errno;
    return result;
  }
  for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
    result.had_control = true;
    if (at->cmsg_level != SOL_SOCKET) continue;
    if (at->cmsg_type == SCM_RIGHTS) adopt(&message, at, descriptors, &result);
    if (at->cmsg_type == SCM_PIDFD) drop(&message, at);
  }
  result.cut = message.msg_flags & MSG_TRUNC;
  result.lost |= (message.msg_flags & MSG_CTRUNC) != 0;
  return result;
}

ssize_t baton_send(int socket, baton_packet packet, const int *descriptors, int count, bool wait) {
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(BATON_PACKET_DESCRIPTORS * sizeof(int))];
  struct iovec parts[3] = {{(void *)packet.bytes, packet.size},
                           {(void *)packet.slice, packet.slice_size},
                           {(void *)packet.tail, packet.tail_size}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = packet.slice ? 3 : 1};
  if (count > BATON_PACKET_DESCRIPTORS) return -EINVAL;
  if (count > 0) {
    size_t length = (size_t)count * sizeof(int);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(length);
    memset(control, 0, message.msg_controllen);
    struct cmsghdr *at = CMSG_FIRSTHDR(&message);
    at->cmsg_level = SOL_SOCKET;
    at->cmsg_type = SCM_RIGHTS;
    at->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(at), descriptors, length);
  }
  ssize_t sent;
  do {
    sent = syscall(SYS_sendmsg, socket, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}
