#include "timer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "allocations.h"

// More calls than a second of spinning makes.
enum { LAPS_PER_SECOND = 8 * 1000 * 1000 };

static uint64_t read_clock(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) return 0;
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t benchmark_now(void) { return read_clock(CLOCK_MONOTONIC); }

uint64_t benchmark_cpu_time(pid_t process) {
  clockid_t clock;
  return clock_getcpuclockid(process, &clock) == 0 ? read_clock(clock) : 0;
}

benchmark_timer *benchmark_timer_make(double seconds, pid_t server) {
  benchmark_timer *timer = calloc(1, sizeof *timer);
  if (!timer) return NULL;
  timer->capacity = (size_t)(seconds * LAPS_PER_SECOND) + 1;
  timer->latencies = malloc(timer->capacity * sizeof *timer->latencies);
  if (!timer->latencies) {
    free(timer);
    return NULL;
  }
  // Takes the page faults now.
  memset(timer->latencies, 1, timer->capacity * sizeof *timer->latencies);
  timer->duration = (uint64_t)(seconds * 1e9);
  timer->server = server;
  return timer;
}

static benchmark_sample read_counters(const benchmark_timer *timer) {
  return (benchmark_sample){
    .cpu = benchmark_cpu_time(0) + benchmark_cpu_time(timer->server),
    .client_allocations = benchmark_allocations(BENCHMARK_CLIENT),
    .server_allocations = benchmark_allocations(BENCHMARK_SERVER),
  };
}

void benchmark_timer_start(benchmark_timer *timer) {
  timer->last = benchmark_now();
  timer->deadline = timer->last + timer->duration / 5;
}

static void begin_timed_part(benchmark_timer *timer) {
  timer->timed = true;
  timer->at_start = read_counters(timer);
  timer->last = benchmark_now();
  timer->at_start.elapsed = timer->last;
  timer->deadline = timer->last + timer->duration;
}

bool benchmark_timer_lap(benchmark_timer *timer) {
  return benchmark_timer_note(timer, timer->last);
}

bool benchmark_timer_note(benchmark_timer *timer, uint64_t began) {
  uint64_t now = benchmark_now();
  if (timer->timed && timer->count < timer->capacity)
    timer->latencies[timer->count++] = now - began;
  timer->last = now;
  if (now < timer->deadline && timer->count < timer->capacity) return true;
  if (timer->timed) return false;
  begin_timed_part(timer);
  return true;
}

static int ascending(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

benchmark_sample benchmark_timer_finish(benchmark_timer *timer) {
  benchmark_sample at_end = read_counters(timer), at_start = timer->at_start;
  benchmark_sample sample = {
    .calls = timer->count,
    .elapsed = timer->last - at_start.elapsed,
    .cpu = at_end.cpu - at_start.cpu,
    .client_allocations = at_end.client_allocations - at_start.client_allocations,
    .server_allocations = at_end.server_allocations - at_start.server_allocations,
  };
  if (timer->count > 0) {
    qsort(timer->latencies, timer->count, sizeof *timer->latencies, ascending);
    sample.minimum = timer->latencies[0];
    sample.median = timer->latencies[timer->count / 2];
    sample.p99 = timer->latencies[timer->count * 99 / 100];
  }
  free(timer->latencies);
  free(timer);
  return sample;
}

benchmark_idleness benchmark_watch_idle(pid_t server) {
  uint64_t start = benchmark_now();
  uint64_t client_cpu = benchmark_cpu_time(0), server_cpu = benchmark_cpu_time(server);
  nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
  return (benchmark_idleness){
      .elapsed = benchmark_now() - start,
      .client_cpu = benchmark_cpu_time(0) - client_cpu,
      .server_cpu = benchmark_cpu_time(server) - server_cpu,
  };
}
