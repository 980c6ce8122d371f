#include "layout.h"

void *baton_message_make(const baton_layout *layout, baton_arena *arena) {
  return message_make(layout, arena);
}

bool baton_message_add_unknown(void *message, const uint8_t *data, size_t size,
                               baton_arena *arena) {
  ProtobufCMessage *base = message;
  ProtobufCMessageUnknownField *field = baton_arena_allocate(arena, sizeof *field);
  if (!field) return false;
  uint64_t tag = 0;
  size_t used = 0;
  for (unsigned shift = 0; used < size && shift < 35; shift += 7) {
    tag |= (uint64_t)(data[used] & 0x7f) << shift;
    if (data[used++] < 0x80) break;
  }
  // Several fields leave as one: the first one's tag, then everything behind it.
  *field = (ProtobufCMessageUnknownField){
      .tag = (uint32_t)(tag >> 3),
      .wire_type = (ProtobufCWireType)(tag & 7),
      .len = size - used,
      .data = (uint8_t *)data + used,
  };
  base->unknown_fields = field;
  base->n_unknown_fields = 1;
  return true;
}

size_t baton_packed_size(const void *message) {
  return protobuf_c_message_get_packed_size(message);
}
size_t baton_pack(const void *message, uint8_t *out) {
  return protobuf_c_message_pack(message, out);
}
