// Message layouts for protobuf-c that are built at run time, and the bounded memory they are
// unpacked into. The only file that reaches protobuf-c together with messages.c.
#ifndef BATON_MESSAGES_H
#define BATON_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ---- Arena ------------------------------------------------------------------------------------

// Memory for one message: grows by chunks up to `limit` bytes and is freed at once.
typedef struct baton_arena {
  uint8_t *at;
  uint8_t *end;
  struct baton_chunk *chunks;
  size_t used;
  size_t limit;
} baton_arena;

// Takes this thread's arena (or makes one) with `limit` bytes to give. Never NULL unless malloc fails.
baton_arena *baton_arena_borrow(size_t limit);
// Gives it back; everything that was allocated from it is gone.
void baton_arena_return(baton_arena *arena);
// `size` bytes aligned to 8, not zeroed; NULL when the limit is reached.
void *baton_arena_allocate(baton_arena *arena, size_t size);

// ---- Layout -----------------------------------------------------------------------------------

// How a value lies in memory and on the wire. The numbers are protobuf-c's ProtobufCType.
enum baton_type {
  BATON_INT32 = 0, BATON_SINT32 = 1, BATON_SFIXED32 = 2, BATON_INT64 = 3, BATON_SINT64 = 4,
  BATON_SFIXED64 = 5, BATON_UINT32 = 6, BATON_FIXED32 = 7, BATON_UINT64 = 8, BATON_FIXED64 = 9,
  BATON_FLOAT = 10, BATON_DOUBLE = 11, BATON_BOOL = 12, BATON_ENUM = 13,
  BATON_BYTES = 15, BATON_MESSAGE = 16,
};
enum baton_label { BATON_SINGULAR = 0, BATON_REPEATED = 1 };

typedef struct baton_field {
  uint32_t number;
  uint8_t type;   // enum baton_type; a string is BYTES, so that length and embedded NUL survive
  uint8_t label;  // enum baton_label
  bool utf8;      // BYTES that must be UTF-8; looked at by baton_find_bad_utf8 only
  bool packed;    // written packed; both forms are read
  uint32_t slot;  // fields of one oneof share a slot
} baton_field;

// A message in memory: 24 bytes of protobuf-c's base, then one slot of 24 bytes for each slot number:
// presence, count or oneof case in the first 8, the value in the other 16.
enum { BATON_SLOT_BASE = 24, BATON_SLOT_SIZE = 24, BATON_SLOT_VALUE = 8 };

typedef struct baton_layout baton_layout;

// `fields` ascend by number. `oneof_slots[slot]` tells whether the slot is shared by a oneof.
// NULL when out of memory. The layout keeps a copy of everything it is given.
baton_layout *baton_layout_make(const char *name, const baton_field *fields, size_t field_count,
                                const bool *oneof_slots, size_t slot_count);
// Names the layout of the message field at `index`. The other layout must live as long as this one.
void baton_layout_link(baton_layout *layout, size_t index, const baton_layout *message);
void baton_layout_free(baton_layout *layout);

// ---- Reading ----------------------------------------------------------------------------------

enum baton_fault {
  BATON_OK = 0, BATON_TRUNCATED, BATON_BAD_VARINT, BATON_BAD_TAG, BATON_BAD_WIRE_TYPE,
  BATON_BAD_GROUP, BATON_BAD_PACKED, BATON_TOO_DEEP, BATON_TOO_MANY, BATON_OUT_OF_MEMORY,
  BATON_REFUSED, BATON_BAD_UTF8,
};
enum { BATON_PATH_MAX = 128 };

typedef struct baton_limits {
  size_t memory;    // bytes of arena
  size_t elements;  // elements of repeated fields and unknown fields, all together
  uint32_t depth;   // levels of nesting, the outermost message is 1
} baton_limits;

typedef struct baton_path_step {
  uint32_t number;
  int64_t index;  // of the element, or -1
} baton_path_step;

// Where reading failed: field numbers from the outside in.
typedef struct baton_error {
  enum baton_fault fault;
  size_t offset;
  uint32_t path_length;
  baton_path_step path[BATON_PATH_MAX];
} baton_error;

// Checks `data` against the limits, then unpacks it with protobuf-c into `arena`. NULL with *error
// filled when it is refused. Unknown groups, fields of the wrong wire type and singular messages
// that came more than once are handled as the protobuf specification asks.
const void *baton_unpack(const baton_layout *layout, const uint8_t *data, size_t size,
                         baton_limits limits, baton_arena *arena, baton_error *error);
// Where the first string that is not UTF-8 lies in data that baton_unpack has accepted.
bool baton_find_bad_utf8(const baton_layout *layout, const uint8_t *data, size_t size,
                         baton_error *error);

// The unknown fields of an unpacked message, as they came: tag, then value.
size_t baton_unknown_size(const void *message);
void baton_unknown_copy(const void *message, uint8_t *out);

// ---- Writing ----------------------------------------------------------------------------------

// An empty message to fill; NULL when the arena's limit is reached.
void *baton_message_make(const baton_layout *layout, baton_arena *arena);
// Adds bytes that are whole fields as they came. False when the arena's limit is reached.
// `bytes` must live until the message is packed.
bool baton_message_add_unknown(void *message, const uint8_t *bytes, size_t size, baton_arena *arena);
size_t baton_packed_size(const void *message);
// Writes exactly baton_packed_size bytes.
size_t baton_pack(const void *message, uint8_t *out);

#endif
