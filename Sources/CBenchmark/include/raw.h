// What the benchmarks compare with: blocking sendmsg(2) and recvmsg(2) on a connected SOCK_SEQPACKET
// socket, one packet a message, no encoding. 72 bytes go there and come back: 64 of payload and a
// sequence number that the client checks.
#ifndef BENCHMARK_RAW_H
#define BENCHMARK_RAW_H

#include "timer.h"

enum { BENCHMARK_PAYLOAD = 64, BENCHMARK_DESCRIPTORS_MAX = 16 };

// Answers every packet with its own bytes and `descriptors` (at most 16) for /dev/null, until the
// client hangs up. 0 or negative errno.
int benchmark_raw_serve(int socket, unsigned descriptors);
// Calls until the timer is over, and closes the descriptors that come with each reply. 0 or negative
// errno; -EPROTO when a reply is not what was expected.
int benchmark_raw_call(int socket, unsigned descriptors, benchmark_timer *timer);

// Calls with `window` of them in flight, each packet one message, until the timer is over.
int benchmark_raw_pipeline(int socket, unsigned window, benchmark_timer *timer);

#endif
