#include "loop.h"

#include <errno.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int baton_epoll(void) {
  int made = epoll_create1(EPOLL_CLOEXEC);
  return made < 0 ? -errno : made;
}

static int control(int epoll, int operation, int number, void *source, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = source};
  return epoll_ctl(epoll, operation, number, &event) < 0 ? -errno : 0;
}

int baton_epoll_add(int epoll, int number, void *source, bool writable) {
  return control(epoll, EPOLL_CTL_ADD, number, source, EPOLLIN | (writable ? EPOLLOUT : 0));
}
int baton_epoll_change(int epoll, int number, void *source, bool readable, bool writable) {
  return control(epoll, EPOLL_CTL_MOD, number, source,
                 (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0));
}
int baton_epoll_remove(int epoll, int number) {
  return control(epoll, EPOLL_CTL_DEL, number, 0, 0);
}

int baton_epoll_wait(int epoll, baton_event events[BATON_EVENTS], int64_t nanoseconds) {
  struct epoll_event raw[BATON_EVENTS];
  int count;
  if (nanoseconds <= 0) {
    count = syscall(SYS_epoll_pwait, epoll, raw, BATON_EVENTS, nanoseconds < 0 ? -1 : 0, NULL,
                    (size_t)0);
  } else {
    struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    count = epoll_pwait2(epoll, raw, BATON_EVENTS, &limit, NULL);
  }
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++) {
    events[i] = (baton_event){
        .source = raw[i].data.ptr,
        .readable = raw[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP),
        .writable = raw[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR),
    };
  }
  return count;
}

int baton_eventfd(void) {
  int made = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return made < 0 ? -errno : made;
}
void baton_eventfd_signal(int number) {
  uint64_t one = 1;
  ssize_t ignored = write(number, &one, sizeof one);
  (void)ignored;
}
void baton_eventfd_clear(int number) {
  uint64_t count;
  ssize_t ignored = read(number, &count, sizeof count);
  (void)ignored;
}

// Asked with each frame: the dynamic linker need not be, with this model.
static __thread void *current __attribute__((tls_model("initial-exec")));
void *baton_thread_loop(void) { return current; }
void baton_set_thread_loop(void *loop) { current = loop; }
void baton_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

uint64_t baton_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
void baton_yield(void) { sched_yield(); }
int baton_online_processors(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }
int baton_processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : CPU_COUNT(&set);
}
