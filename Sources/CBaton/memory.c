#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arena.h"

enum { LARGE = 4 << 20, PAGE = 4096 };

// malloc(3) adapts to a program that frees large memory: the largest it takes from mmap(2), and what
// it keeps at the top of the heap, grow with it (M_MMAP_THRESHOLD in mallopt(3)). Tells it at once.
static void expect_large_memory(void) {
  static atomic_flag done = ATOMIC_FLAG_INIT;
  if (atomic_flag_test_and_set(&done)) return;
  void *volatile memory = malloc(((size_t)32 << 20) - PAGE);
  free(memory);
}

void baton_memory_advise(void *memory, size_t size) {
  if (size < LARGE) return;
  uintptr_t start = ((uintptr_t)memory + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
  uintptr_t end = ((uintptr_t)memory + size) & ~(uintptr_t)(PAGE - 1);
  madvise((void *)start, end - start, MADV_HUGEPAGE);
}

void *baton_memory_grow(void *memory, size_t size) {
  expect_large_memory();
  void *grown = realloc(memory, size);
  if (grown) baton_memory_advise(grown, size);
  return grown;
}

void baton_memory_free(void *memory) { free(memory); }
