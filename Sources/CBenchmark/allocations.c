#include "allocations.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

// One cache line each: the ends must not slow each other down.
typedef struct counter {
  _Alignas(64) _Atomic uint64_t count;
} counter;

static counter *counters;  // of both ends, shared between the processes
static counter *own;       // NULL: not counting

int benchmark_counters_make(void) {
  int descriptor = memfd_create("benchmark-counters", MFD_CLOEXEC);
  if (descriptor < 0) return -errno;
  if (ftruncate(descriptor, 2 * sizeof(counter)) == 0) return descriptor;
  int error = errno;
  close(descriptor);
  return -error;
}

int benchmark_counters_use(int descriptor, enum benchmark_end end) {
  void *memory =
      mmap(NULL, 2 * sizeof(counter), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) return -errno;
  counters = memory;
  own = &counters[end];
  return 0;
}

uint64_t benchmark_allocations(enum benchmark_end end) {
  return counters ? atomic_load_explicit(&counters[end].count, memory_order_relaxed) : 0;
}

// A sanitiser brings its own malloc.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__GLIBC__)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static inline void count_one(void) {
  if (own) atomic_fetch_add_explicit(&own->count, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
  count_one();
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  count_one();
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  count_one();
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  count_one();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
  void *result = memalign(alignment, size);
  if (!result) return ENOMEM;
  *memory = result;
  return 0;
}

#endif
