// Large messages in raw C, in each of the ways that there are over a socket: what Baton's are compared
// with. The buffers of both ends are made once and used again.
#ifndef BENCHMARK_LARGE_H
#define BENCHMARK_LARGE_H

#include <stdbool.h>
#include <stddef.h>

#include "timer.h"

enum benchmark_way {
  BENCHMARK_FRAGMENTS = 0,  // packets of 192 KiB
  BENCHMARK_PACKET = 1,     // one packet, with SO_SNDBUFFORCE; at most 4 MiB
  BENCHMARK_MEMFD = 2,      // a new memfd_create(2), written and read, and its descriptor
  BENCHMARK_STREAM = 3,     // a SOCK_STREAM socket
};

// Answers every message of `size` bytes, which lies in memory then, with the same, or with one byte
// where `upload`. Until the client hangs up. 0 or negative errno.
int benchmark_large_serve(int socket, enum benchmark_way way, size_t size, bool upload);
// Calls one after another until the timer is over. 0 or negative errno.
int benchmark_large_call(int socket, enum benchmark_way way, size_t size, bool upload,
                         benchmark_timer *timer);

#endif
