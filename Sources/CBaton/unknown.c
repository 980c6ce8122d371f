#include <string.h>

#include "layout.h"

static size_t write_tag(const ProtobufCMessageUnknownField *field, uint8_t *out) {
  uint64_t tag = (uint64_t)field->tag << 3 | field->wire_type;
  size_t size = 0;
  for (; tag >= 0x80; tag >>= 7) out[size++] = (uint8_t)(tag | 0x80);
  out[size++] = (uint8_t)tag;
  return size;
}

size_t baton_unknown_size(const void *message) {
  const ProtobufCMessage *base = message;
  uint8_t tag[10];
  size_t size = 0;
  for (unsigned i = 0; i < base->n_unknown_fields; i++)
    size += write_tag(&base->unknown_fields[i], tag) + base->unknown_fields[i].len;
  return size;
}

void baton_unknown_copy(const void *message, uint8_t *out) {
  const ProtobufCMessage *base = message;
  for (unsigned i = 0; i < base->n_unknown_fields; i++) {
    const ProtobufCMessageUnknownField *field = &base->unknown_fields[i];
    out += write_tag(field, out);
    if (field->len) memcpy(out, field->data, field->len);
    out += field->len;
  }
}
