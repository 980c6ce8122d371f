#include "large.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAGMENT = 192 * 1024 };

// 1 when all came or went, 0 at the end of the connection, or negative errno.
static int move(int socket, bool sends, char *bytes, size_t size, size_t step) {
  for (size_t done = 0; done < size;) {
    size_t part = size - done < step ? size - done : step;
    ssize_t count = sends ? send(socket, bytes + done, part, MSG_NOSIGNAL)
                          : recv(socket, bytes + done, part, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -errno;
    if (count == 0) return 0;
    done += (size_t)count;
  }
  return 1;
}

static int send_memory(int socket, const char *bytes, size_t size) {
  int memory = memfd_create("benchmark", MFD_CLOEXEC);
  if (memory < 0) return -errno;
  for (size_t done = 0; done < size;) {
    ssize_t count = write(memory, bytes + done, size - done);
    if (count < 0) return -errno;
    done += (size_t)count;
  }
  char byte = 1;
  struct iovec part = {&byte, 1};
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  memcpy(CMSG_DATA(&control.header), &memory, sizeof memory);
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  close(memory);
  return sent < 0 ? -errno : 1;
}

static int receive_memory(int socket, char *bytes, size_t size) {
  char byte;
  struct iovec part = {&byte, 1};
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (received <= 0) return received < 0 ? -errno : 0;
  if (!CMSG_FIRSTHDR(&message)) return -EPROTO;
  int memory;
  memcpy(&memory, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof memory);
  int result = 1;
  for (size_t done = 0; done < size && result == 1;) {
    ssize_t count = pread(memory, bytes + done, size - done, (off_t)done);
    if (count <= 0) result = count < 0 ? -errno : -EPROTO;
    else done += (size_t)count;
  }
  close(memory);
  return result;
}

static int send_all(int socket, enum benchmark_way way, char *bytes, size_t size) {
  if (way == BENCHMARK_MEMFD) return send_memory(socket, bytes, size);
  return move(socket, true, bytes, size, way == BENCHMARK_FRAGMENTS ? FRAGMENT : size);
}

static int receive_all(int socket, enum benchmark_way way, char *bytes, size_t size) {
  if (way == BENCHMARK_MEMFD) return receive_memory(socket, bytes, size);
  return move(socket, false, bytes, size, way == BENCHMARK_FRAGMENTS ? FRAGMENT : size);
}

static char *prepare(int socket, enum benchmark_way way, size_t size) {
  if (way == BENCHMARK_PACKET) {
    int room = 8 << 20;
    setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  }
  char *bytes = malloc(size);
  if (bytes) memset(bytes, 7, size);
  return bytes;
}

int benchmark_large_serve(int socket, enum benchmark_way way, size_t size, bool upload) {
  char *bytes = prepare(socket, way, size);
  if (!bytes) return -ENOMEM;
  int result;
  do {
    result = receive_all(socket, way, bytes, size);
    if (result == 1)
      result = upload ? move(socket, true, bytes, 1, 1) : send_all(socket, way, bytes, size);
  } while (result == 1);
  free(bytes);
  return result == -EPIPE || result == -ECONNRESET ? 0 : result;
}

int benchmark_large_call(int socket, enum benchmark_way way, size_t size, bool upload,
                         benchmark_timer *timer) {
  char *bytes = prepare(socket, way, size);
  if (!bytes) return -ENOMEM;
  int result;
  benchmark_timer_start(timer);
  do {
    result = send_all(socket, way, bytes, size);
    if (result == 1)
      result = upload ? move(socket, false, bytes, 1, 1) : receive_all(socket, way, bytes, size);
    if (result != 1) return result == 0 ? -ECONNRESET : result;
  } while (benchmark_timer_lap(timer));
  free(bytes);
  return 0;
}
