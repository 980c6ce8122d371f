// Varints, which carry seven bits a byte, the lowest first; the last byte is below 0x80.
#ifndef BATON_VARINT_H
#define BATON_VARINT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { VARINT_LONGEST = 10 };

// Moves the sevens of bits of eight bytes together.
static inline uint64_t varint_join(uint64_t bytes) {
  uint64_t by7 = bytes & 0x7f7f7f7f7f7f7f7f;
  uint64_t by14 = (by7 & 0x7f007f007f007f00) >> 1 | (by7 & 0x007f007f007f007f);
  uint64_t by28 = (by14 & 0x3fff00003fff0000) >> 2 | (by14 & 0x00003fff00003fff);
  return (by28 & 0x0fffffff00000000) >> 4 | (by28 & 0x000000000fffffff);
}

// As varint_read, a byte at a time.
static inline const uint8_t *varint_read_slowly(const uint8_t *at, const uint8_t *end,
                                                unsigned longest, uint64_t *value) {
  uint64_t result = 0;
  if (end - at > longest) end = at + longest;
  for (unsigned shift = 0; at < end; shift += 7) {
    uint8_t byte = *at++;
    result |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = result;
      return at;
    }
  }
  return NULL;
}

// The ninth and tenth byte of a varint whose first eight are `bytes`.
static inline const uint8_t *varint_finish(uint64_t bytes, const uint8_t *ninth, const uint8_t *end,
                                           uint64_t *value) {
  *value = varint_join(bytes);
  for (unsigned i = 0; i < 2 && ninth + i < end; i++) {
    *value |= (uint64_t)(ninth[i] & 0x7f) << (56 + 7 * i);
    if (ninth[i] < 0x80) return ninth + i + 1;
  }
  return NULL;
}

// Reads a varint of at most VARINT_LONGEST bytes; bits over 64 are dropped. Returns where it ends, or
// NULL when it does not end within that or before `end`.
static inline const uint8_t *varint_read(const uint8_t *at, const uint8_t *end, uint64_t *value) {
  if (at < end && *at < 0x80) {
    *value = *at;
    return at + 1;
  }
  if (end - at < 8) return varint_read_slowly(at, end, VARINT_LONGEST, value);
  uint64_t bytes;
  memcpy(&bytes, at, 8);  // the lowest first: the machine is little-endian, as layout.c asserts
  uint64_t last = ~bytes & 0x8080808080808080;
  if (!last) return varint_finish(bytes, at + 8, end, value);
  *value = varint_join(bytes & (last ^ (last - 1)));
  return at + 1 + __builtin_ctzll(last) / 8;
}

#endif
