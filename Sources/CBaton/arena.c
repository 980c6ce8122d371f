#include "arena.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
  FIRST = 64 * 1024,  // bytes that an arena has from the start
  CHUNK = 64 * 1024,
  // More than this gets a chunk of its own, so that little is lost at the end of the common ones.
  LARGE = CHUNK / 4,
};

typedef struct baton_chunk {
  struct baton_chunk *next;
  size_t size;
} baton_chunk;

// One arena a thread is kept between messages, so that a small message costs no malloc. A second one
// that is borrowed meanwhile is made and freed.
static __thread baton_arena *kept __attribute__((tls_model("initial-exec")));
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void free_chunks(baton_arena *arena) {
  for (baton_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  arena->chunks = NULL;
}

static void free_kept(void *ignored) {
  (void)ignored;
  free(kept);
  kept = NULL;
}
static void make_key(void) { pthread_key_create(&key, free_kept); }

static void reset(baton_arena *arena) {
  arena->at = (uint8_t *)arena->first;
  arena->end = arena->at + FIRST;
}

// Apart, as is return_slowly, so that the common path needs no registers saved.
__attribute__((noinline)) static baton_arena *make_arena(size_t limit) {
  pthread_once(&key_once, make_key);
  // Any value that is not null makes the thread's end call free_kept.
  pthread_setspecific(key, &key);
  baton_arena *arena = malloc(sizeof *arena + FIRST);
  if (!arena) return NULL;
  arena->left = limit;
  arena->chunks = NULL;
  reset(arena);
  return arena;
}

baton_arena *baton_arena_borrow(size_t limit) {
  baton_arena *arena = kept;
  if (!arena) return make_arena(limit);
  kept = NULL;
  arena->left = limit;
  return arena;
}

__attribute__((noinline)) static void return_slowly(baton_arena *arena) {
  free_chunks(arena);
  if (kept) {
    free(arena);
    return;
  }
  reset(arena);
  kept = arena;
}

void baton_arena_return(baton_arena *arena) {
  if (arena->chunks || kept) {
    return_slowly(arena);
    return;
  }
  arena->at = (uint8_t *)arena->first;
  kept = arena;
}

static uint8_t *add_chunk(baton_arena *arena, size_t size) {
  baton_chunk *chunk = malloc(sizeof *chunk + size);
  if (!chunk) return NULL;
  *chunk = (baton_chunk){arena->chunks, size};
  arena->chunks = chunk;
  return (uint8_t *)(chunk + 1);
}

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
