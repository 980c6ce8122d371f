#include "signals.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "loop.h"

// The eventfd that a signal is told to, plus one; zero where nobody waits for it.
static atomic_int watchers[NSIG];
// What the signal did before.
static struct sigaction usual[NSIG];
// Handlers that run: as long as one does, an eventfd may be written to.
static atomic_int telling;

// Only async-signal-safe calls are allowed here (signal-safety(7)).
static void tell(int signal) {
  int error = errno;
  atomic_fetch_add(&telling, 1);
  int number = atomic_load(&watchers[signal]) - 1;
  if (number >= 0) baton_eventfd_signal(number);
  atomic_fetch_sub(&telling, 1);
  errno = error;
}

int baton_watch_signal(int signal, int number) {
  if (signal < 1 || signal >= NSIG) return -EINVAL;
  int nobody = 0;
  if (!atomic_compare_exchange_strong(&watchers[signal], &nobody, number + 1)) return -EBUSY;
  struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  if (sigaction(signal, &action, &usual[signal]) == 0) return 0;
  int error = errno;
  atomic_store(&watchers[signal], 0);
  return -error;
}

void baton_unwatch_signal(int signal) {
  sigaction(signal, &usual[signal], NULL);
  // The number stays taken until no handler can write to it.
  int watcher = atomic_load(&watchers[signal]);
  atomic_compare_exchange_strong(&watchers[signal], &watcher, -1);
  while (atomic_load(&telling) > 0) sched_yield();
  atomic_store(&watchers[signal], 0);
}

void baton_unblock_signal(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
