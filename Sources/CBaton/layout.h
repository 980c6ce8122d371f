// What a layout holds, for layout.c, reader.h and pack.c.
#ifndef BATON_LAYOUT_H
#define BATON_LAYOUT_H

#include <protobuf-c/protobuf-c.h>
#include <string.h>

#include "messages.h"

enum { VARINT = 0, FIXED_64 = 1, LENGTH = 2, GROUP_START = 3, GROUP_END = 4, FIXED_32 = 5 };

// How a value that came is stored.
enum storing {
  STORE_32, STORE_64, STORE_ZIGZAG_32, STORE_ZIGZAG_64, STORE_BOOL,  // varints
  STORE_FIXED_32, STORE_FIXED_64,
  STORE_BYTES, STORE_STRING, STORE_MESSAGE,
};

// A field as the reader wants it.
typedef struct reading {
  uint32_t number;
  uint32_t offset;    // of its slot in the message
  uint8_t storing;    // enum storing
  uint8_t wire_type;
  uint8_t size;       // of an element in memory
  bool repeated, packable, oneof;
  const struct baton_layout *message;
} reading;

enum {
  ONE_BYTE_TAGS = 128,  // fields up to number 15
  DIRECT_NUMBERS = 64,
};

struct baton_layout {
  ProtobufCMessageDescriptor descriptor;  // first: a message's descriptor is its layout
  const void *owner;
  size_t bound;
  size_t count;
  reading *fields;
  // The field whose tag, in its own wire type, is this byte.
  const reading *by_tag[ONE_BYTE_TAGS];
  uint16_t by_number[DIRECT_NUMBERS];  // index + 1
};

const reading *layout_search(const baton_layout *layout, uint32_t number);
// The field with this number, or NULL.
static inline const reading *layout_find(const baton_layout *layout, uint32_t number) {
  if (number >= DIRECT_NUMBERS) return layout_search(layout, number);
  uint16_t found = layout->by_number[number];
  return found ? &layout->fields[found - 1] : NULL;
}

// An empty message; NULL when the arena's limit is reached or malloc fails.
static inline void *message_make(const baton_layout *layout, baton_arena *arena) {
  size_t size = layout->descriptor.sizeof_message;
  ProtobufCMessage *message = baton_arena_allocate(arena, size);
  if (!message) return NULL;
  memset(message, 0, size);
  message->descriptor = &layout->descriptor;
  return message;
}

#endif
