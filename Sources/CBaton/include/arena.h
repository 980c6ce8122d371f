// Memory for one message: grows by chunks up to a limit and is freed at once.
#ifndef BATON_ARENA_H
#define BATON_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct baton_arena {
  uint8_t *at;  // the next byte to give
  uint8_t *end;
  size_t left;  // bytes that may still be taken, what is lost at a chunk's end included
  struct baton_chunk *chunks;  // beyond the first bytes
  uint64_t first[];
} baton_arena;

// Takes this thread's arena, or makes one, with `limit` bytes to give. NULL when malloc fails.
baton_arena *baton_arena_borrow(size_t limit);
// Gives it back; everything that was allocated from it is gone.
void baton_arena_return(baton_arena *arena);
// For what baton_arena_allocate finds no room for.
void *baton_arena_allocate_slowly(baton_arena *arena, size_t size);
// `size` bytes aligned to 8, not zeroed; NULL when the limit is reached or malloc fails.
static inline void *baton_arena_allocate(baton_arena *arena, size_t size) {
  size_t rounded = (size + 7) & ~(size_t)7;
  if (rounded < size || rounded > arena->left || rounded > (size_t)(arena->end - arena->at))
    return baton_arena_allocate_slowly(arena, size);
  void *start = arena->at;
  arena->at += rounded;
  arena->left -= rounded;
  return start;
}
// The same bytes with room for `size`: longer where they lie if they were allocated last, otherwise
// elsewhere. NULL when the limit is reached or malloc fails; the old ones are then as they were.
void *baton_arena_extend(baton_arena *arena, void *old, size_t old_size, size_t size);

// Memory for a large message (realloc(3)); NULL when there is none. Large memory is asked for in large
// pages, and what is freed is kept by the process more readily than before: giving it back to the
// kernel and taking it again costs more than copying what is in it.
void *baton_memory_grow(void *memory, size_t size);
void baton_memory_free(void *memory);
// madvise(2), MADV_HUGEPAGE, for memory that is about to be filled, if it is large.
void baton_memory_advise(void *memory, size_t size);

#endif
