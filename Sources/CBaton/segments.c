#include <stdlib.h>
#include <string.h>

#include "layout.h"

// Pieces of a message's own are gathered in blocks of this size, or larger ones for larger pieces.
enum { BLOCK = 16 * 1024 };

typedef struct gatherer {
  ProtobufCBuffer base;
  baton_segments *segments;
  size_t long_size;
  const void *const *lent;
  size_t lent_count;
  size_t room; // left in the block that is the last segment
  bool failed;
} gatherer;

static baton_segment *add(gatherer *to, const uint8_t *bytes, size_t size, bool owned) {
  baton_segments *all = to->segments;
  if (all->count == all->capacity) {
    size_t capacity = all->capacity ? 2 * all->capacity : 8;
    baton_segment *list = reallocarray(all->list, capacity, sizeof *list);
    if (!list) return NULL;
    all->list = list;
    all->capacity = capacity;
  }
  baton_segment *made = &all->list[all->count++];
  *made = (baton_segment){bytes, size, owned};
  return made;
}

static bool is_lent(const gatherer *from, const uint8_t *bytes, size_t size) {
  if (size < from->long_size) return false;
  for (size_t i = 0; i < from->lent_count; i++) {
    if (from->lent[i] == bytes) return true;
  }
  return false;
}

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes) {
  gatherer *to = (gatherer *)buffer;
  if (to->failed || size == 0) return;
  if (is_lent(to, bytes, size)) {
    to->failed = !add(to, bytes, size, false);
    to->room = 0;
    return;
  }
  if (size > to->room) {
    size_t block = size > BLOCK ? size : BLOCK;
    uint8_t *memory = malloc(block);
    if (!memory || !add(to, memory, 0, true)) {
      free(memory);
      to->failed = true;
      return;
    }
    to->room = block;
  }
  baton_segment *last = &to->segments->list[to->segments->count - 1];
  memcpy((uint8_t *)last->bytes + last->size, bytes, size);
  last->size += size;
  to->room -= size;
}

bool baton_pack_segments(const void *message, size_t long_size, const void *const *lent,
                         size_t lent_count, baton_segments *segments) {
  gatherer gatherer = {.base = {append},
                       .segments = segments,
                       .long_size = long_size,
                       .lent = lent,
                       .lent_count = lent_count};
  protobuf_c_message_pack_to_buffer(message, &gatherer.base);
  return !gatherer.failed;
}

void baton_segments_free(baton_segments *segments) {
  for (size_t i = 0; i < segments->count; i++) {
    if (segments->list[i].owned) free((void *)segments->list[i].bytes);
  }
  free(segments->list);
  *segments = (baton_segments){0};
}
