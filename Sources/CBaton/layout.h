// What a layout holds, for layout.c, unpack.c and pack.c.
#ifndef BATON_LAYOUT_H
#define BATON_LAYOUT_H

#include <protobuf-c/protobuf-c.h>

#include "messages.h"

enum { VARINT = 0, FIXED_64 = 1, LENGTH = 2, GROUP_START = 3, GROUP_END = 4, FIXED_32 = 5 };

// A field as the reader wants it.
typedef struct reading {
  uint32_t number;
  uint32_t offset;  // of its slot in the message
  uint8_t type;     // enum baton_type
  uint8_t wire_type;
  bool repeated, packable, oneof, utf8;
  const struct baton_layout *message;
} reading;

enum { DIRECT = 64 };

struct baton_layout {
  ProtobufCMessageDescriptor descriptor;  // first: a message's descriptor is its layout
  const void *owner;
  size_t bound;
  size_t count;
  reading *fields;
  uint16_t direct[DIRECT];  // index + 1 of the field with this number
};

// The field with this number, or NULL.
const reading *layout_find(const baton_layout *layout, uint32_t number);

#endif
