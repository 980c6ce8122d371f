#ifndef BATON_UTF8_H
#define BATON_UTF8_H

#include <stdint.h>

// The first byte that is not part of a UTF-8 sequence (RFC 3629), or NULL.
const uint8_t *find_bad_utf8(const uint8_t *at, const uint8_t *end);

#endif
