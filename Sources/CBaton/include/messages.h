// Protobuf messages in protobuf-c's form, described by layouts that are built at run time. protobuf-c
// writes them; the reader is Baton's own (unpack.c says why).
#ifndef BATON_MESSAGES_H
#define BATON_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

// ---- Layout -----------------------------------------------------------------------------------

// How a value lies in memory and on the wire. The numbers are protobuf-c's ProtobufCType. A string is
// BYTES, so that its length and embedded NUL survive.
enum baton_type {
  BATON_INT32 = 0, BATON_SINT32 = 1, BATON_SFIXED32 = 2, BATON_INT64 = 3, BATON_SINT64 = 4,
  BATON_SFIXED64 = 5, BATON_UINT32 = 6, BATON_FIXED32 = 7, BATON_UINT64 = 8, BATON_FIXED64 = 9,
  BATON_FLOAT = 10, BATON_DOUBLE = 11, BATON_BOOL = 12, BATON_ENUM = 13,
  BATON_BYTES = 15, BATON_MESSAGE = 16,
};

typedef struct baton_field {
  uint32_t number;
  uint32_t slot;  // members of one oneof share a slot
  uint8_t type;   // enum baton_type
  bool repeated;
  bool packed;    // repeated and written packed; both forms are read
  bool oneof;
  bool utf8;      // BYTES that must be UTF-8
} baton_field;

// A message in memory: 24 bytes of protobuf-c's base, then one slot of 24 bytes for each slot number:
// presence, count or oneof case in the first 8, the value in the other 16.
enum { BATON_SLOT_BASE = 24, BATON_SLOT_SIZE = 24, BATON_SLOT_VALUE = 8 };

typedef struct baton_layout baton_layout;

// `fields` ascend by number and are copied, as is the name. NULL when malloc fails.
baton_layout *baton_layout_make(const char *name, const baton_field *fields, size_t field_count,
                                size_t slot_count);
// Names the layout of the message field at `index`. It must live as long as this one.
void baton_layout_link(baton_layout *layout, size_t index, const baton_layout *message);
void baton_layout_free(baton_layout *layout);
// What baton_message_owner gives back for messages of this layout.
void baton_layout_set_owner(baton_layout *layout, const void *owner);
const void *baton_message_owner(const void *message);

// ---- Reading ----------------------------------------------------------------------------------

enum baton_fault {
  BATON_OUT_OF_MEMORY, BATON_TRUNCATED, BATON_BAD_VARINT, BATON_BAD_TAG, BATON_BAD_WIRE_TYPE,
  BATON_BAD_LENGTH, BATON_BAD_GROUP, BATON_BAD_PACKED, BATON_BAD_UTF8, BATON_TOO_DEEP,
  BATON_TOO_MANY,
  BATON_APART,  // never told
};
enum { BATON_DEPTH_MAX = 128 };

typedef struct baton_limits {
  size_t elements;  // of repeated fields and unknown fields, all together
  uint32_t depth;   // levels of nesting, the outermost message is 1; at most BATON_DEPTH_MAX
} baton_limits;

typedef struct baton_path_step {
  uint32_t number;
  int64_t index;  // of the element, or -1
} baton_path_step;

// Where reading failed. The offset is that of the field's tag, or of the element of a packed field,
// or of the first byte of a string that is not UTF-8.
typedef struct baton_error {
  enum baton_fault fault;
  size_t offset;
  const baton_path_step *path;  // the innermost field first; in the arena
  size_t path_length;
} baton_error;

// A field's content that does not lie between the bytes before and behind it. Only the outermost
// message's own fields can lie apart.
typedef struct baton_apart {
  size_t length_at;  // where in the message the varint begins that is the content's length
  size_t at;         // where the content belongs, which is where that varint ends
  size_t size;
  const uint8_t *bytes;
} baton_apart;

// Reads a message into `arena`; NULL with *error filled when it is refused. Bytes are lent: they
// point into `data`, or to what lies apart, if `apart` is not NULL. `size` does not count that. Where
// it is no bytes or string field's content, the message is first put together in the arena.
const void *baton_unpack(const baton_layout *layout, const uint8_t *data, size_t size,
                         const baton_apart *apart, baton_limits limits, baton_arena *arena,
                         baton_error *error);
// Finds the field that the beginning of a message ends in, if its content has a length; `bytes` is
// left alone. False when there is none, or the beginning is not that of a message.
bool baton_find_cut_field(const uint8_t *data, size_t size, baton_apart *found);

// The unknown fields of a message that was read: tags and values one after another.
size_t baton_unknown_size(const void *message);
void baton_unknown_copy(const void *message, uint8_t *out);

// ---- Writing ----------------------------------------------------------------------------------

// An empty message to fill; NULL when the arena's limit is reached or malloc fails.
void *baton_message_make(const baton_layout *layout, baton_arena *arena);
// How many bytes a message of this layout packs to at most, not counting its bytes, repeated,
// message and unknown fields' content.
size_t baton_layout_bound(const baton_layout *layout);
// Adds bytes that are whole fields, which must live until the message is packed. False when the
// arena's limit is reached.
bool baton_message_add_unknown(void *message, const uint8_t *bytes, size_t size, baton_arena *arena);
size_t baton_packed_size(const void *message);
// Writes exactly baton_packed_size bytes.
size_t baton_pack(const void *message, uint8_t *out);

// A message packed in pieces: bytes of its own, and between them long fields where they lie.
typedef struct baton_segment {
  const uint8_t *bytes;
  size_t size;
  bool owned;
} baton_segment;

typedef struct baton_segments {
  baton_segment *list;
  size_t count;
  size_t capacity;
} baton_segments;

// Fields of at least `long_size` bytes that begin at one of `lent` are not copied. False: out of
// memory. baton_segments_free frees it in either case.
bool baton_pack_segments(const void *message, size_t long_size, const void *const *lent,
                         size_t lent_count, baton_segments *segments);
void baton_segments_free(baton_segments *segments);

#endif
