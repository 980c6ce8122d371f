#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int use_only(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return sched_setaffinity(0, sizeof set, &set);
}

// Moves the descriptors out of the way first: one may have the number that another shall get.
static int place(const int *inherited, int count) {
  int moved[8];
  if (count > 8) return -1;
  for (int i = 0; i < count; i++) {
    moved[i] = fcntl(inherited[i], F_DUPFD_CLOEXEC, 3 + count);
    if (moved[i] < 0) return -1;
  }
  for (int i = 0; i < count; i++)
    if (dup2(moved[i], 3 + i) < 0) return -1;
  return close_range(3 + (unsigned)count, ~0u, 0);
}

pid_t benchmark_process_start(char *const arguments[], const int *inherited, int inherited_count,
                              int core) {
  pid_t child = fork();
  if (child < 0) return -errno;
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if ((core < 0 || use_only(core) == 0) && place(inherited, inherited_count) == 0)
    execv("/proc/self/exe", arguments);
  _exit(127);
}

pid_t benchmark_process_busy(int core) {
  pid_t child = fork();
  if (child < 0) return -errno;
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (use_only(core) != 0) _exit(127);
  for (volatile unsigned long turn = 0;; turn++) {
  }
}

void benchmark_process_end(pid_t process) {
  kill(process, SIGKILL);
  benchmark_process_wait(process);
}

int benchmark_process_wait(pid_t process) {
  int status;
  while (waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return -errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int benchmark_allow_descriptors(int count) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -errno;
  if (limit.rlim_cur >= (rlim_t)count) return 0;
  limit.rlim_cur = (rlim_t)count;
  if (limit.rlim_max < limit.rlim_cur) limit.rlim_max = limit.rlim_cur;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : -errno;
}

int benchmark_processors(int *processors, int capacity) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return -errno;
  int count = 0;
  for (int core = 0; core < CPU_SETSIZE && count < capacity; core++)
    if (CPU_ISSET(core, &set)) processors[count++] = core;
  return count;
}
