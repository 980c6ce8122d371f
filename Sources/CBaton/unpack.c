// Bytes to messages in protobuf-c's form, in one pass over untrusted input.
//
// protobuf-c's own reader is not used: it has no limit on nesting, refuses groups and fields of an
// unexpected wire type, merges repeated messages in a oneof wrongly, does not say where it failed,
// and copies every string. Guarding it took a pass before it and a rewriting of what it reads
// wrongly, which together are more code and three times the time of reading the fields here.
#include "reader.h"
#include "utf8.h"

static bool spend(reader *reader, size_t elements) {
  if (elements > reader->elements) return false;
  reader->elements -= elements;
  return true;
}

static inline int32_t unzigzag_32(uint32_t value) {
  return (int32_t)((value >> 1) ^ (0 - (value & 1)));
}
static inline int64_t unzigzag_64(uint64_t value) {
  return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

static inline void store_varint(uint8_t storing, uint64_t value, void *to) {
  switch (storing) {
    case STORE_32: *(uint32_t *)to = (uint32_t)value; break;
    case STORE_64: *(uint64_t *)to = value; break;
    case STORE_ZIGZAG_32: *(int32_t *)to = unzigzag_32((uint32_t)value); break;
    case STORE_ZIGZAG_64: *(int64_t *)to = unzigzag_64(value); break;
    default: *(int32_t *)to = value != 0; break;
  }
}

// ---- Memory of fields -------------------------------------------------------------------------

// How a repeated field's slot is used: protobuf-c looks at the first two.
typedef struct elements {
  size_t count;
  uint8_t *start;
  size_t room;
} elements;
_Static_assert(sizeof(elements) == BATON_SLOT_SIZE, "a repeated field fills its slot");

static bool make_room(reader *reader, elements *elements, size_t more, size_t size) {
  size_t needed = elements->count + more;
  if (needed <= elements->room) return true;
  size_t room = needed > 2 * elements->room ? needed : 2 * elements->room;
  if (room < 4) room = 4;
  void *start = baton_arena_extend(reader->arena, elements->start, elements->room * size, room * size);
  if (!start) return false;
  elements->start = start;
  elements->room = room;
  return true;
}

APART static void *place_element(reader *reader, elements *elements, const reading *field,
                                 const uint8_t *start) {
  elements->count++;  // even if it fails: the error's path is to name this one
  if (!spend(reader, 1)) return (void *)fail(reader, BATON_TOO_MANY, start);
  if (!make_room(reader, elements, 0, field->size))
    return (void *)fail(reader, BATON_OUT_OF_MEMORY, start);
  void *element = elements->start + field->size * (elements->count - 1);
  if (field->storing == STORE_MESSAGE) *(void **)element = NULL;
  return element;
}

APART static void *place_member(uint8_t *slot, const reading *field) {
  if (*(uint32_t *)slot != field->number) {
    *(uint32_t *)slot = field->number;
    // Another member of the oneof may have left its value.
    memset(slot + BATON_SLOT_VALUE, 0, BATON_SLOT_SIZE - BATON_SLOT_VALUE);
  }
  return slot + BATON_SLOT_VALUE;
}

// Where the value of a field that came goes; it then counts as present.
static inline void *place(reader *reader, uint8_t *slot, const reading *field,
                          const uint8_t *start) {
  if (field->repeated) return place_element(reader, (void *)slot, field, start);
  if (field->oneof) return place_member(slot, field);
  *(uint32_t *)slot = 1;
  return slot + BATON_SLOT_VALUE;
}

// ---- Fields -----------------------------------------------------------------------------------

APART static const uint8_t *read_fields(reader *reader, uint8_t *message, const uint8_t *at,
                                        const uint8_t *end, uint32_t depth);

// A singular message that came before is read on into, which merges the two.
static bool read_message(reader *reader, const reading *field, void **to, const uint8_t *start,
                         const uint8_t *at, const uint8_t *end, uint32_t depth) {
  if (depth == 1) return fail(reader, BATON_TOO_DEEP, start);
  if (!*to) *to = message_make(field->message, reader->arena);
  if (!*to) return fail(reader, BATON_OUT_OF_MEMORY, start);
  return read_fields(reader, *to, at, end, depth - 1);
}

// Lends the content that lies apart, whose length lies at `at`.
APART static const uint8_t *read_apart(reader *reader, const reading *field, void *to,
                                       const uint8_t *start, const uint8_t *at) {
  const baton_apart *apart = reader->apart;
  reader->took_apart = true;
  // Where it is not UTF-8 is found out in the message in one piece.
  if (field->storing == STORE_STRING && find_bad_utf8(apart->bytes, apart->bytes + apart->size))
    return fail(reader, BATON_APART, start);
  *(ProtobufCBinaryData *)to = (ProtobufCBinaryData){apart->size, (uint8_t *)apart->bytes};
  return at + (apart->at - apart->length_at);
}

// Reads the value of a known field, whose tag began at `start`, in the field's own wire type.
static ALWAYS_INLINE const uint8_t *read_value(reader *reader, uint8_t *message,
                                               const reading *field, const uint8_t *start,
                                               const uint8_t *at, const uint8_t *end,
                                               uint32_t depth) {
  void *to = place(reader, message + field->offset, field, start);
  if (!to) return NULL;
  const uint8_t *next;
  uint64_t value;
  switch (field->storing) {
    default:
      next = varint_read(at, end, &value);
      if (!next)
        return fail(reader, varint_fault(at, end, VARINT_LONGEST, BATON_BAD_VARINT), start);
      store_varint(field->storing, value, to);
      return next;
    case STORE_FIXED_32:
      if (end - at < 4) return fail(reader, BATON_TRUNCATED, start);
      memcpy(to, at, 4);
      return at + 4;
    case STORE_FIXED_64:
      if (end - at < 8) return fail(reader, BATON_TRUNCATED, start);
      memcpy(to, at, 8);
      return at + 8;
    case STORE_BYTES:
    case STORE_STRING:
      if (at == reader->apart_length) return read_apart(reader, field, to, start, at);
      at = read_length(reader, start, at, end, &next);
      if (!at) return NULL;
      if (field->storing == STORE_STRING) {
        const uint8_t *bad = find_bad_utf8(at, next);
        if (bad) return fail(reader, BATON_BAD_UTF8, bad);
      }
      *(ProtobufCBinaryData *)to = (ProtobufCBinaryData){(size_t)(next - at), (uint8_t *)at};
      return next;
    case STORE_MESSAGE:
      at = read_length(reader, start, at, end, &next);
      return at && read_message(reader, field, to, start, at, next, depth) ? next : NULL;
  }
}

static size_t count_varints(const uint8_t *at, const uint8_t *end) {
  size_t count = 0;
  for (; at < end; at++) count += *at < 0x80;
  return count;
}

static const uint8_t *read_packed_varints(reader *reader, elements *elements,
                                          const reading *field, const uint8_t *at,
                                          const uint8_t *end) {
  while (at < end) {
    uint64_t value;
    const uint8_t *next = varint_read(at, end, &value);
    if (!next) return fail(reader, BATON_BAD_PACKED, at);
    store_varint(field->storing, value, elements->start + field->size * elements->count++);
    at = next;
  }
  return end;
}

APART static const uint8_t *read_packed(reader *reader, uint8_t *message, const reading *field,
                                        const uint8_t *start, const uint8_t *at,
                                        const uint8_t *end) {
  const uint8_t *body_end;
  at = read_length(reader, start, at, end, &body_end);
  if (!at) return NULL;
  elements *elements = (void *)(message + field->offset);
  size_t size = field->size, bytes = (size_t)(body_end - at);
  size_t count = field->wire_type == VARINT ? count_varints(at, body_end) : bytes / size;
  if (!spend(reader, count)) return fail(reader, BATON_TOO_MANY, start);
  if (!make_room(reader, elements, count, size)) return fail(reader, BATON_OUT_OF_MEMORY, start);
  if (field->wire_type == VARINT)
    return read_packed_varints(reader, elements, field, at, body_end);
  if (count) memcpy(elements->start + size * elements->count, at, size * count);
  elements->count += count;
  if (bytes % size) return fail(reader, BATON_BAD_PACKED, at + size * count);
  return body_end;
}

// ---- Unknown fields ---------------------------------------------------------------------------

// Remembers an unknown field; one that follows another directly joins it.
static const uint8_t *keep_unknown(reader *reader, ProtobufCMessage *message, uint32_t tag,
                                   const uint8_t *start, const uint8_t *at, const uint8_t *end) {
  unsigned count = message->n_unknown_fields;
  ProtobufCMessageUnknownField *last = count ? &message->unknown_fields[count - 1] : NULL;
  if (!spend(reader, 1)) return fail(reader, BATON_TOO_MANY, start);
  if (last && last->data + last->len == start) {
    last->len += (size_t)(end - start);
    return end;
  }
  // Room doubles, so it is used up exactly when the count is a power of two.
  if ((count & (count - 1)) == 0) {
    size_t size = sizeof *last, room = count ? 2 * (size_t)count : 1;
    void *grown = baton_arena_extend(reader->arena, message->unknown_fields, count * size, room * size);
    if (!grown) return fail(reader, BATON_OUT_OF_MEMORY, start);
    message->unknown_fields = grown;
  }
  message->unknown_fields[message->n_unknown_fields++] = (ProtobufCMessageUnknownField){
      .tag = tag >> 3,
      .wire_type = (ProtobufCWireType)(tag & 7),
      .len = (size_t)(end - at),
      .data = (uint8_t *)at,
  };
  return end;
}

// ---- Messages ---------------------------------------------------------------------------------

// Adds the field that failed to the error's path. The message is given up by now, so the path may
// pass the arena's limit.
APART static void push_path(reader *reader, const uint8_t *message, uint32_t tag,
                            const reading *field) {
  baton_error *error = reader->error;
  if (!reader->path) {
    reader->left = reader->arena->left;
    reader->arena->left = SIZE_MAX;
    reader->path = baton_arena_allocate(reader->arena, BATON_DEPTH_MAX * sizeof *reader->path);
    error->path = reader->path;
  }
  if (!reader->path || error->path_length == BATON_DEPTH_MAX) return;
  int64_t index = -1;
  if (field && field->repeated) {
    const elements *elements = (const void *)(message + field->offset);
    // Of another wire type it is an unknown field, not an element.
    if ((tag & 7) == field->wire_type) index = (int64_t)elements->count - 1;
    else if (error->fault == BATON_BAD_PACKED) index = (int64_t)elements->count;
  }
  reader->path[error->path_length++] = (baton_path_step){tag >> 3, index};
}

// Reads a field that is unknown, packed, of an unexpected wire type, or has a tag of several bytes.
APART static const uint8_t *read_other(reader *reader, uint8_t *message, const uint8_t *at,
                                       const uint8_t *end, uint32_t depth) {
  const uint8_t *start = at;
  const baton_layout *layout = (const void *)((ProtobufCMessage *)message)->descriptor;
  uint32_t tag;
  at = reader_tag(reader, at, end, &tag);
  if (!at) return NULL;
  uint8_t wire_type = tag & 7;
  const reading *field = layout_find(layout, tag >> 3);
  if (field && wire_type == field->wire_type) {
    at = read_value(reader, message, field, start, at, end, depth);
  } else if (field && wire_type == LENGTH && field->packable) {
    at = read_packed(reader, message, field, start, at, end);
  } else {
    const uint8_t *next = reader_skip(reader, tag, start, at, end, depth);
    at = next ? keep_unknown(reader, (void *)message, tag, start, at, next) : NULL;
  }
  if (!at) push_path(reader, message, tag, field);
  return at;
}

APART static const uint8_t *read_fields(reader *reader, uint8_t *message, const uint8_t *at,
                                        const uint8_t *end, uint32_t depth) {
  const baton_layout *layout = (const void *)((ProtobufCMessage *)message)->descriptor;
  while (at < end) {
    uint8_t tag = *at;
    const reading *field = tag < ONE_BYTE_TAGS ? layout->by_tag[tag] : NULL;
    if (!field) {
      at = read_other(reader, message, at, end, depth);
      if (!at) return NULL;
      continue;
    }
    at = read_value(reader, message, field, at, at + 1, end, depth);
    if (!at) {
      push_path(reader, message, tag, field);
      return NULL;
    }
  }
  return at;
}

static const void *read_whole(const baton_layout *layout, const uint8_t *data, size_t size,
                              uint32_t depth, reader *reader) {
  uint8_t *message = message_make(layout, reader->arena);
  if (!message) return fail(reader, BATON_OUT_OF_MEMORY, data);
  if (size && !read_fields(reader, message, data, data + size, depth)) return NULL;
  return message;
}

// Puts a message together, one of whose fields lies apart. NULL: the arena's limit is reached.
static uint8_t *join(const uint8_t *data, size_t size, const baton_apart *apart,
                     baton_arena *arena) {
  uint8_t *whole = baton_arena_allocate(arena, size + apart->size);
  if (!whole) return NULL;
  memcpy(whole, data, apart->at);
  memcpy(whole + apart->at, apart->bytes, apart->size);
  memcpy(whole + apart->at + apart->size, data + apart->at, size - apart->at);
  return whole;
}

const void *baton_unpack(const baton_layout *layout, const uint8_t *data, size_t size,
                         const baton_apart *apart, baton_limits limits, baton_arena *arena,
                         baton_error *error) {
  reader reader = {.data = data, .arena = arena, .elements = limits.elements, .error = error};
  error->path = NULL;
  error->path_length = 0;
  if (limits.depth > BATON_DEPTH_MAX) limits.depth = BATON_DEPTH_MAX;
  if (limits.depth == 0) return fail(&reader, BATON_TOO_DEEP, data);
  if (!apart) return read_whole(layout, data, size, limits.depth, &reader);
  reader.apart = apart;
  reader.apart_length = data + apart->length_at;
  const void *message = read_whole(layout, data, size, limits.depth, &reader);
  if (message && reader.took_apart) return message;
  // Also what is wrong is told as of the message in one piece.
  if (reader.path) arena->left = reader.left;
  data = join(data, size, apart, arena);
  if (!data) {
    error->path_length = 0;
    return fail(&reader, BATON_OUT_OF_MEMORY, reader.data);
  }
  return baton_unpack(layout, data, size + apart->size, NULL, limits, arena, error);
}
