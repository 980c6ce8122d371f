#include "raw.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct packet {
  uint64_t sequence;
  uint8_t payload[BENCHMARK_PAYLOAD];
} packet;

typedef union control {
  struct cmsghdr align;
  uint8_t bytes[CMSG_SPACE(BENCHMARK_DESCRIPTORS_MAX * sizeof(int))];
} control;

static int send_packet(int socket, const packet *packet, const int *descriptors, unsigned count) {
  struct iovec bytes = {.iov_base = (void *)packet, .iov_len = sizeof *packet};
  struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
  control control;
  if (count > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)),
                               .cmsg_level = SOL_SOCKET,
                               .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
  }
  ssize_t sent;
  do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : 0;
}

// The number of descriptors that came, -ECONNRESET at the end of the connection, or negative errno.
static int receive_packet(int socket, packet *packet, int *descriptors) {
  struct iovec bytes = {.iov_base = packet, .iov_len = sizeof *packet};
  control control;
  struct msghdr message = {.msg_iov = &bytes,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  ssize_t size;
  do size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  if (size < 0) return -errno;
  if (size == 0) return -ECONNRESET;
  if (size != sizeof *packet || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) return -EPROTO;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (!header) return 0;
  size_t length = header->cmsg_len - CMSG_LEN(0);
  memcpy(descriptors, CMSG_DATA(header), length);
  return (int)(length / sizeof(int));
}

int benchmark_raw_serve(int socket, unsigned descriptors) {
  int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  int attached[BENCHMARK_DESCRIPTORS_MAX], received[BENCHMARK_DESCRIPTORS_MAX];
  for (int i = 0; i < BENCHMARK_DESCRIPTORS_MAX; i++) attached[i] = file;
  packet packet;
  int result;
  do {
    result = receive_packet(socket, &packet, received);
    if (result == 0) result = send_packet(socket, &packet, attached, descriptors);
  } while (result == 0);
  close(file);
  return result == -ECONNRESET || result == -EPIPE ? 0 : result;
}

int benchmark_raw_call(int socket, unsigned descriptors, benchmark_timer *timer) {
  packet packet = {.sequence = 0};
  memset(packet.payload, 7, sizeof packet.payload);
  int received[BENCHMARK_DESCRIPTORS_MAX];
  benchmark_timer_start(timer);
  do {
    uint64_t sequence = ++packet.sequence;
    int result = send_packet(socket, &packet, NULL, 0);
    if (result < 0) return result;
    int count = receive_packet(socket, &packet, received);
    if (count < 0) return count;
    if ((unsigned)count != descriptors || packet.sequence != sequence) return -EPROTO;
    for (int i = 0; i < count; i++) close(received[i]);
  } while (benchmark_timer_lap(timer));
  return 0;
}

enum { WINDOW_MAX = 1024 };

int benchmark_raw_pipeline(int socket, unsigned window, benchmark_timer *timer) {
  packet packet = {.sequence = 0};
  memset(packet.payload, 7, sizeof packet.payload);
  int received[BENCHMARK_DESCRIPTORS_MAX];
  uint64_t began[WINDOW_MAX], sent = 0, answered = 0;
  if (window > WINDOW_MAX) return -EINVAL;
  benchmark_timer_start(timer);
  do {
    while (sent - answered < window) {
      packet.sequence = ++sent;
      began[sent % WINDOW_MAX] = benchmark_now();
      int result = send_packet(socket, &packet, NULL, 0);
      if (result < 0) return result;
    }
    int count = receive_packet(socket, &packet, received);
    if (count != 0) return count < 0 ? count : -EPROTO;
    if (packet.sequence != ++answered) return -EPROTO;
  } while (benchmark_timer_note(timer, began[answered % WINDOW_MAX]));
  return 0;
}
