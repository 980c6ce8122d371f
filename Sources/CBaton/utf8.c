#include "utf8.h"

#include <stddef.h>
#include <string.h>

const uint8_t *find_bad_utf8(const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    uint64_t eight;
    while (end - at >= 8 && (memcpy(&eight, at, 8), !(eight & 0x8080808080808080))) at += 8;
    if (at == end) return NULL;
    const uint8_t *start = at;
    uint8_t lead = *at++;
    if (lead < 0x80) continue;
    unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < more) return start;
    // No longer form than needed, no surrogates, nothing above U+10FFFF.
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[0] < low || at[0] > high) return start;
    for (unsigned i = 1; i < more; i++)
      if ((at[i] & 0xc0) != 0x80) return start;
    at += more;
  }
  return NULL;
}
