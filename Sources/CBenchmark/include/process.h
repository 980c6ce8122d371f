// Processes that the benchmarks start, each of which dies with its parent.
#ifndef BENCHMARK_PROCESS_H
#define BENCHMARK_PROCESS_H

#include <sys/types.h>

// Starts this program again (/proc/self/exe) with `arguments`, which end with NULL. The child finds
// inherited[i] at descriptor 3 + i; it has no others but the standard ones. `core` is the only
// processor it may use, unless negative. The child's process identifier or negative errno.
pid_t benchmark_process_start(char *const arguments[], const int *inherited, int inherited_count,
                              int core);
// A process that keeps the processor `core` busy until it is ended. Negative errno on failure.
pid_t benchmark_process_busy(int core);
// Ends a process (SIGKILL) and waits for it.
void benchmark_process_end(pid_t process);
// Waits for a process to end by itself: its exit status, 128 + the signal that ended it, or negative
// errno.
int benchmark_process_wait(pid_t process);
// Lets this process open `count` descriptors (RLIMIT_NOFILE), as far as its hard limit goes, which a
// privileged one raises. 0 or negative errno.
int benchmark_allow_descriptors(int count);
// The processors the caller may use, at most `capacity` of them: how many there are, or negative
// errno.
int benchmark_processors(int *processors, int capacity);

#endif
