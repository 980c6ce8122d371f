// A client of files.v1.FileBroker on plain sendmsg(2) and protoc-c's code, written from
// Sources/Baton/Documentation.docc/Wire.md alone.
//
//   client unix:PATH open FILE     prints the content of the open file
//   client unix:PATH count FILE…   prints lines, words and bytes of each
//
// The exit status is the status code of a call that failed, 70 for anything unexpected.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "baton/wire.pb-c.h"
#include "files/v1/broker.pb-c.h"

enum { HELLO = 1, REQUEST, MESSAGE, STATUS, CANCEL, GOODBYE };
enum { END = 1, MOST_DESCRIPTORS = 253, LARGEST_PACKET = 65536 };

struct header {
  uint32_t size;
  uint8_t kind, flags;
  uint16_t descriptors;
  uint32_t call, head;
  uint64_t method;
};
_Static_assert(sizeof(struct header) == 24, "the header has no holes");

// A packet on its way out or in. Numbers are little-endian on the wire and on the machines this
// peer is for.
struct packet {
  _Alignas(8) uint8_t bytes[LARGEST_PACKET];
  size_t size;
  int descriptors[MOST_DESCRIPTORS];
  size_t descriptor_count;
};

static void expect(bool condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "client: %s (%s)\n", what, strerror(errno));
  exit(70);
}

static uint64_t method_identity(const char *name) {
  uint64_t identity = 14695981039346656037u;
  for (; *name; name++) identity = (identity ^ (uint8_t)*name) * 1099511628211u;
  return identity;
}

// Appends a frame whose head and message are packed by protobuf-c; either may be NULL.
static void append(struct packet *packet, struct header header, const ProtobufCMessage *head,
                   const ProtobufCMessage *message) {
  size_t message_size = message ? protobuf_c_message_get_packed_size(message) : 0;
  header.head = head ? protobuf_c_message_get_packed_size(head) : 0;
  header.size = header.head + message_size;
  size_t whole = (sizeof header + header.size + 7) & ~(size_t)7;
  expect(whole <= LARGEST_PACKET - packet->size, "the packet is too large");
  uint8_t *at = packet->bytes + packet->size;
  memset(at, 0, whole);
  memcpy(at, &header, sizeof header);
  if (head) protobuf_c_message_pack(head, at + sizeof header);
  if (message) protobuf_c_message_pack(message, at + sizeof header + header.head);
  packet->size += whole;
}

static void append_hello(struct packet *packet) {
  Baton__Wire__Hello hello = BATON__WIRE__HELLO__INIT;
  hello.version = hello.oldest_version = 1;
  hello.largest_packet = LARGEST_PACKET;
  hello.most_descriptors = MOST_DESCRIPTORS;
  append(packet, (struct header){.kind = HELLO}, &hello.base, NULL);
}

static void send_packet(int socket, struct packet *packet) {
  struct iovec body = {packet->bytes, packet->size};
  _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof packet->descriptors)] = {0};
  struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
  size_t bytes = packet->descriptor_count * sizeof(int);
  if (bytes) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(bytes);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    *rights = (struct cmsghdr){CMSG_LEN(bytes), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(rights), packet->descriptors, bytes);
  }
  expect(sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)packet->size, "sendmsg");
  packet->size = packet->descriptor_count = 0;
}

// False at the end of the connection.
static bool receive_packet(int socket, struct packet *packet) {
  struct iovec body = {packet->bytes, LARGEST_PACKET};
  _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof packet->descriptors)];
  struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1,
                           .msg_control = control, .msg_controllen = sizeof control};
  ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  expect(size >= 0, "recvmsg");
  packet->size = size;
  packet->descriptor_count = 0;
  for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    packet->descriptor_count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(packet->descriptors, CMSG_DATA(at), packet->descriptor_count * sizeof(int));
  }
  expect(!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)), "a packet was cut");
  return size > 0;
}

// The next frame from `*at` on, checked as far as this client relies on it.
static struct header next_frame(const struct packet *packet, size_t *at, const uint8_t **body) {
  struct header header;
  expect(packet->size - *at >= sizeof header, "shorter than a header");
  memcpy(&header, packet->bytes + *at, sizeof header);
  *body = packet->bytes + *at + sizeof header;
  size_t whole = (sizeof header + (size_t)header.size + 7) & ~(size_t)7;
  expect(header.head <= header.size && whole <= packet->size - *at, "a frame that is cut");
  *at += whole;
  bool last = *at == packet->size;
  expect(header.descriptors == (last ? packet->descriptor_count : 0), "count of descriptors");
  return header;
}

// Waits for the frame that answers `call`, or for HELLO with call 0, and leaves its packet in
// `packet`.
static struct header wait_for(int socket, struct packet *packet, uint32_t call,
                              const uint8_t **body) {
  while (receive_packet(socket, packet)) {
    for (size_t at = 0; at < packet->size;) {
      struct header header = next_frame(packet, &at, body);
      bool answers = header.kind == MESSAGE || header.kind == STATUS;
      if (call ? answers && header.call == call : header.kind == HELLO) return header;
    }
  }
  expect(false, "the connection ended");
  abort();
}

// The message of an answer; a STATUS ends the program with its code.
static ProtobufCMessage *message_of(struct header answer, const uint8_t *body,
                                    const ProtobufCMessageDescriptor *type) {
  if (answer.kind == STATUS) {
    Baton__Wire__Status *status = baton__wire__status__unpack(NULL, answer.head, body);
    expect(status != NULL, "a head that is not a Status");
    fprintf(stderr, "%d %s\n", status->code, status->message);
    exit(status->code);
  }
  ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, answer.size, body);
  expect(message != NULL, "a message that is not protobuf");
  return message;
}

static struct header request(const char *method) {
  return (struct header){
      .kind = REQUEST, .flags = END, .call = 1, .method = method_identity(method)};
}

static void open_file(int socket, struct packet *packet, char *path) {
  Files__V1__OpenRequest open = FILES__V1__OPEN_REQUEST__INIT;
  open.path = path;
  append_hello(packet);
  append(packet, request("files.v1.FileBroker/Open"), NULL, &open.base);
  send_packet(socket, packet);
  const uint8_t *body;
  struct header answer = wait_for(socket, packet, 1, &body);
  Files__V1__OpenReply *reply =
      (void *)message_of(answer, body, &files__v1__open_reply__descriptor);
  expect(answer.descriptors == 1 && reply->file == 1, "one descriptor at place 1");
  char content[4096];
  uint64_t total = 0;
  for (ssize_t n; (n = pread(packet->descriptors[0], content, sizeof content, total)) > 0;) {
    expect(fwrite(content, 1, n, stdout) == (size_t)n, "write");
    total += n;
  }
  expect(total == reply->size, "the size that was announced");
  protobuf_c_message_free_unpacked(&reply->base, NULL);
  close(packet->descriptors[0]);
}

static void count_files(int socket, struct packet *packet, char **paths, size_t count) {
  expect(count <= MOST_DESCRIPTORS, "no more files than a frame takes");
  const uint8_t *body;
  append_hello(packet);
  send_packet(socket, packet);
  // A call with descriptors waits until the server's HELLO has come.
  wait_for(socket, packet, 0, &body);
  uint32_t places[MOST_DESCRIPTORS];
  Files__V1__CountRequest counting = FILES__V1__COUNT_REQUEST__INIT;
  counting.files = places;
  counting.n_files = count;
  packet->size = 0;
  for (size_t i = 0; i < count; i++) {
    places[i] = i + 1;
    packet->descriptors[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
    expect(packet->descriptors[i] >= 0, paths[i]);
  }
  packet->descriptor_count = count;
  struct header header = request("files.v1.FileBroker/Count");
  header.descriptors = count;
  append(packet, header, NULL, &counting.base);
  send_packet(socket, packet);
  for (size_t i = 0; i < count; i++) close(packet->descriptors[i]);
  struct header answer = wait_for(socket, packet, 1, &body);
  Files__V1__CountReply *reply =
      (void *)message_of(answer, body, &files__v1__count_reply__descriptor);
  for (size_t i = 0; i < reply->n_counts; i++)
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", reply->counts[i]->lines,
           reply->counts[i]->words, reply->counts[i]->bytes);
  protobuf_c_message_free_unpacked(&reply->base, NULL);
}

int main(int argc, char **argv) {
  expect(argc >= 4 && strncmp(argv[1], "unix:", 5) == 0, "client unix:PATH open|count FILE…");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  expect(strlen(argv[1] + 5) < sizeof address.sun_path, "the path is too long");
  strcpy(address.sun_path, argv[1] + 5);
  int server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  expect(connect(server, (struct sockaddr *)&address, sizeof address) == 0, argv[1]);
  static struct packet packet;
  if (strcmp(argv[2], "open") == 0)
    open_file(server, &packet, argv[3]);
  else
    count_files(server, &packet, argv + 3, argc - 3);
  packet.size = packet.descriptor_count = 0;
  Baton__Wire__Goodbye goodbye = BATON__WIRE__GOODBYE__INIT;
  append(&packet, (struct header){.kind = GOODBYE}, &goodbye.base, NULL);
  send_packet(server, &packet);
  shutdown(server, SHUT_WR);
  while (receive_packet(server, &packet)) {}
  return 0;
}
