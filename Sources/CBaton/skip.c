// Tags, long lengths and fields that are not stored, in untrusted input.
#include "reader.h"

void reader_note(reader *reader, enum baton_fault fault, const uint8_t *at) {
  reader->error->fault = fault;
  reader->error->offset = (size_t)(at - reader->data);
}

const uint8_t *reader_tag(reader *reader, const uint8_t *at, const uint8_t *end, uint32_t *tag) {
  uint64_t value;
  const uint8_t *next = varint_read_slowly(at, end, 5, &value);
  if (!next) return fail(reader, varint_fault(at, end, 5, BATON_BAD_TAG), at);
  if (value > UINT32_MAX || value >> 3 == 0) return fail(reader, BATON_BAD_TAG, at);
  *tag = (uint32_t)value;
  return next;
}

const uint8_t *reader_long_length(reader *reader, const uint8_t *start, const uint8_t *at,
                                  const uint8_t *end, const uint8_t **body_end) {
  uint64_t length;
  // Whoever can do with content that lies elsewhere looks before.
  if (at == reader->apart_length) return fail(reader, BATON_APART, start);
  const uint8_t *next = varint_read_slowly(at, end, 5, &length);
  if (!next) return fail(reader, varint_fault(at, end, 5, BATON_BAD_LENGTH), start);
  if (length > INT32_MAX) return fail(reader, BATON_BAD_LENGTH, start);
  if (length > (size_t)(end - next)) return fail(reader, BATON_TRUNCATED, start);
  *body_end = next + length;
  return next;
}

// Moves over the fields of a group and its end.
static const uint8_t *skip_group(reader *reader, uint32_t number, const uint8_t *start,
                                 const uint8_t *at, const uint8_t *end, uint32_t depth) {
  if (depth == 1) return fail(reader, BATON_TOO_DEEP, start);
  while (at < end) {
    uint32_t tag;
    const uint8_t *field = at;
    at = reader_tag(reader, at, end, &tag);
    if (!at) return NULL;
    if ((tag & 7) == GROUP_END)
      return tag >> 3 == number ? at : fail(reader, BATON_BAD_GROUP, field);
    at = reader_skip(reader, tag, field, at, end, depth - 1);
    if (!at) return NULL;
  }
  return fail(reader, BATON_TRUNCATED, start);
}

// Moves over the value of a field whose tag began at `start`.
const uint8_t *reader_skip(reader *reader, uint32_t tag, const uint8_t *start, const uint8_t *at,
                           const uint8_t *end, uint32_t depth) {
  const uint8_t *next;
  uint64_t value;
  switch (tag & 7) {
    case VARINT:
      next = varint_read(at, end, &value);
      if (next) return next;
      return fail(reader, varint_fault(at, end, VARINT_LONGEST, BATON_BAD_VARINT), start);
    case FIXED_64: return end - at < 8 ? fail(reader, BATON_TRUNCATED, start) : at + 8;
    case FIXED_32: return end - at < 4 ? fail(reader, BATON_TRUNCATED, start) : at + 4;
    case LENGTH: return read_length(reader, start, at, end, &next) ? next : NULL;
    case GROUP_START: return skip_group(reader, tag >> 3, start, at, end, depth);
    case GROUP_END: return fail(reader, BATON_BAD_GROUP, start);
    default: return fail(reader, BATON_BAD_WIRE_TYPE, start);
  }
}
