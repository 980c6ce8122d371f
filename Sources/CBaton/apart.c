// The field that the beginning of a message ends in.
#include "messages.h"
#include "reader.h"

bool baton_find_cut_field(const uint8_t *data, size_t size, baton_apart *found) {
  const uint8_t *at = data, *end = data + size;
  while (at < end) {
    uint64_t tag, value;
    at = varint_read_slowly(at, end, 5, &tag);
    if (!at) return false;
    const uint8_t *next = varint_read(at, end, &value);
    switch (tag & 7) {
      case VARINT: break;
      case FIXED_64: next = end - at < 8 ? NULL : at + 8; break;
      case FIXED_32: next = end - at < 4 ? NULL : at + 4; break;
      case LENGTH:
        if (!next || value > INT32_MAX) return false;
        if (value > (size_t)(end - next)) {
          found->length_at = (size_t)(at - data);
          found->at = (size_t)(next - data);
          found->size = value;
          return true;
        }
        next += value;
        break;
      default: return false;
    }
    if (!next) return false;
    at = next;
  }
  return false;
}
