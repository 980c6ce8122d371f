// What an event loop asks of the kernel. Every function returns a negative errno.
#ifndef BATON_LOOP_H
#define BATON_LOOP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct baton_event {
  void *source;  // what was registered
  bool readable; // or at its end, or failed
  bool writable;
} baton_event;

enum { BATON_EVENTS = 64 };

// epoll_create1(2), close on exec.
int baton_epoll(void);
// epoll_ctl(2), level-triggered.
int baton_epoll_add(int epoll, int number, void *source, bool writable);
int baton_epoll_change(int epoll, int number, void *source, bool readable, bool writable);
int baton_epoll_remove(int epoll, int number);
// epoll_pwait2(2): how many events were written. Negative nanoseconds wait for ever.
int baton_epoll_wait(int epoll, baton_event events[BATON_EVENTS], int64_t nanoseconds);

// eventfd(2), close on exec, not blocking.
int baton_eventfd(void);
void baton_eventfd_signal(int number);
void baton_eventfd_clear(int number);

// The loop that this thread runs, or NULL.
void *baton_thread_loop(void);
void baton_set_thread_loop(void *loop);
// prctl(2), PR_SET_NAME: at most 15 bytes.
void baton_name_thread(const char *name);

// clock_gettime(2), CLOCK_MONOTONIC, in nanoseconds.
uint64_t baton_now(void);
// sched_yield(2).
void baton_yield(void);
// sched_getaffinity(2): processors this thread may run on.
int baton_processors(void);
// Processors that are online, whoever may use them (sysconf(3)).
int baton_online_processors(void);

#endif
