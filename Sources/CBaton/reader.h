// What is read of a message in protobuf's form, for unpack.c, which stores it, skip.c and apart.c.
#ifndef BATON_READER_H
#define BATON_READER_H

#include "layout.h"
#include "varint.h"

typedef struct reader {
  const uint8_t *data;  // of the outermost message
  baton_arena *arena;
  size_t elements;  // that may still come
  baton_error *error;
  const baton_apart *apart;
  const uint8_t *apart_length;  // where the length of what lies apart lies; NULL for none
  bool took_apart;
  size_t left;  // in the arena when reading failed
  baton_path_step *path;  // of the error
} reader;

// What is rare stays out of the common path, which then keeps its variables in registers.
#define APART __attribute__((noinline))
#define ALWAYS_INLINE __attribute__((always_inline)) inline

// Notes why reading failed, and at which byte.
APART void reader_note(reader *reader, enum baton_fault fault, const uint8_t *at);

// Every function that reads returns where it stopped, or NULL when it failed and said so here.
static inline const uint8_t *fail(reader *reader, enum baton_fault fault, const uint8_t *at) {
  reader_note(reader, fault, at);
  return NULL;
}

static inline enum baton_fault varint_fault(const uint8_t *at, const uint8_t *end, unsigned longest,
                                            enum baton_fault too_long) {
  return end - at < longest ? BATON_TRUNCATED : too_long;
}

APART const uint8_t *reader_tag(reader *reader, const uint8_t *at, const uint8_t *end,
                                uint32_t *tag);
// As read_length, of a length of several bytes or one that reaches beyond `end`.
APART const uint8_t *reader_long_length(reader *reader, const uint8_t *start, const uint8_t *at,
                                        const uint8_t *end, const uint8_t **body_end);
// Moves over the value of a field whose tag began at `start`.
const uint8_t *reader_skip(reader *reader, uint32_t tag, const uint8_t *start, const uint8_t *at,
                           const uint8_t *end, uint32_t depth);

// The body of a LENGTH field, which began at `start`, lies from the returned pointer to `*body_end`.
static ALWAYS_INLINE const uint8_t *read_length(reader *reader, const uint8_t *start,
                                                const uint8_t *at, const uint8_t *end,
                                                const uint8_t **body_end) {
  if (at == end || *at >= 0x80 || *at >= end - at)
    return reader_long_length(reader, start, at, end, body_end);
  *body_end = at + 1 + *at;
  return at + 1;
}

#endif
