// Measures calls one after another: a fifth of the time as warm-up, then the timed part. Written in C
// so that raw C and Baton pay the same for being measured: one clock_gettime(2) a call.
#ifndef BENCHMARK_TIMER_H
#define BENCHMARK_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What the timed part of one run came to. Times are nanoseconds.
typedef struct benchmark_sample {
  uint64_t calls;
  uint64_t elapsed;
  uint64_t cpu;  // user and system time of client and server together
  uint64_t minimum;
  uint64_t median;
  uint64_t p99;
  uint64_t client_allocations;
  uint64_t server_allocations;
} benchmark_sample;

// What two processes did while nothing was asked of them. Times are nanoseconds.
typedef struct benchmark_idleness {
  uint64_t elapsed;
  uint64_t client_cpu;
  uint64_t server_cpu;
} benchmark_idleness;

typedef struct benchmark_timer {
  uint64_t last;
  uint64_t deadline;
  uint64_t *latencies;
  size_t count;
  size_t capacity;
  bool timed;
  uint64_t duration;
  pid_t server;
  benchmark_sample at_start;
} benchmark_timer;

// CLOCK_MONOTONIC.
uint64_t benchmark_now(void);
// User and system time that `process` has used so far (clock_getcpuclockid(3)); 0 is the caller.
uint64_t benchmark_cpu_time(pid_t process);

// A timer for `seconds` of calls to the process `server`. NULL when out of memory.
benchmark_timer *benchmark_timer_make(double seconds, pid_t server);
// Begins the warm-up.
void benchmark_timer_start(benchmark_timer *timer);
// Notes that a call has ended and the next begins. False when the time is over.
bool benchmark_timer_lap(benchmark_timer *timer);
// The same for a call that began at `began`, of several in flight.
bool benchmark_timer_note(benchmark_timer *timer, uint64_t began);
// What was measured; frees the timer.
benchmark_sample benchmark_timer_finish(benchmark_timer *timer);

// Sleeps for a second and tells what this process and `server` used meanwhile.
benchmark_idleness benchmark_watch_idle(pid_t server);

#endif
