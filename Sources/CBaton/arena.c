#include "arena.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
  CHUNK = 64 * 1024,
  // More than this gets a chunk of its own, so that little is lost at the end of the common ones.
  LARGE = CHUNK / 4,
};

typedef struct baton_chunk {
  struct baton_chunk *next;
  size_t size;
} baton_chunk;

// One arena a thread is kept between messages, with one chunk, so that a small message costs no
// malloc. A second one that is borrowed meanwhile is made and freed.
static __thread baton_arena *kept;
static __thread bool freed_at_exit;
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void free_arena(baton_arena *arena) {
  for (baton_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  free(arena);
}

static void free_kept(void *ignored) {
  (void)ignored;
  if (kept) free_arena(kept);
  kept = NULL;
}
static void make_key(void) { pthread_key_create(&key, free_kept); }
static void free_at_exit(void) {
  pthread_once(&key_once, make_key);
  // Any value that is not null makes the thread's end call free_kept.
  freed_at_exit = pthread_setspecific(key, &key) == 0;
}

baton_arena *baton_arena_borrow(size_t limit) {
  baton_arena *arena = kept;
  kept = NULL;
  if (!arena) arena = calloc(1, sizeof *arena);
  if (arena) arena->left = limit;
  return arena;
}

void baton_arena_return(baton_arena *arena) {
  if (kept) {
    free_arena(arena);
    return;
  }
  baton_chunk *one = NULL;
  for (baton_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
    next = chunk->next;
    if (!one && chunk->size == CHUNK) one = chunk;
    else free(chunk);
  }
  if (one) one->next = NULL;
  arena->chunks = one;
  arena->at = one ? (uint8_t *)(one + 1) : NULL;
  arena->end = one ? arena->at + CHUNK : NULL;
  kept = arena;
  if (!freed_at_exit) free_at_exit();
}

static uint8_t *add_chunk(baton_arena *arena, size_t size) {
  baton_chunk *chunk = malloc(sizeof *chunk + size);
  if (!chunk) return NULL;
  *chunk = (baton_chunk){arena->chunks, size};
  arena->chunks = chunk;
  return (uint8_t *)(chunk + 1);
}

// For what does not fit into the chunk.
void *baton_arena_allocate_slowly(baton_arena *arena, size_t size) {
  if (size > arena->left || size > SIZE_MAX - 7) return NULL;
  size = (size + 7) & ~(size_t)7;
  if (size > arena->left) return NULL;
  if (size > LARGE) {
    uint8_t *start = add_chunk(arena, size);
    if (start) arena->left -= size;
    return start;
  }
  size_t lost = (size_t)(arena->end - arena->at);
  if (lost > arena->left - size) return NULL;
  uint8_t *start = add_chunk(arena, CHUNK);
  if (!start) return NULL;
  arena->left -= lost + size;
  arena->at = start + size;
  arena->end = start + CHUNK;
  return start;
}

void *baton_arena_extend(baton_arena *arena, void *old, size_t old_size, size_t size) {
  size_t held = (old_size + 7) & ~(size_t)7;
  bool last = held && (uint8_t *)old + held == arena->at;
  if (last && size > held && size - held <= (size_t)(arena->end - arena->at))
    return baton_arena_allocate(arena, size - held) ? old : NULL;
  void *grown = baton_arena_allocate(arena, size);
  if (grown && old_size) memcpy(grown, old, old_size);
  return grown;
}
