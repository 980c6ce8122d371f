// Counts the memory allocations of a program that links this target, while it asks for that: malloc,
// calloc, realloc, aligned_alloc, posix_memalign and memalign are defined here and pass on to glibc.
#ifndef BENCHMARK_ALLOCATIONS_H
#define BENCHMARK_ALLOCATIONS_H

#include <stdint.h>

enum benchmark_end { BENCHMARK_CLIENT = 0, BENCHMARK_SERVER = 1 };

// A memory file (memfd_create(2)) that the counters of both ends live in. Negative errno on failure.
int benchmark_counters_make(void);
// Maps the counters; from now on this process counts its own allocations as those of `end`. 0 or
// negative errno. `descriptor` may be closed afterwards.
int benchmark_counters_use(int descriptor, enum benchmark_end end);
// Allocations of `end` so far; 0 where nobody counts.
uint64_t benchmark_allocations(enum benchmark_end end);

#endif
