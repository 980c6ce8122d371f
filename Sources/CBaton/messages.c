#include "messages.h"

#include <protobuf-c/protobuf-c.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// ---- Arena ------------------------------------------------------------------------------------

enum { FIRST_CHUNK = 64 * 1024 };

typedef struct baton_chunk {
  struct baton_chunk *next;
  size_t size;
} baton_chunk;

// One arena a thread is kept between messages, with its first chunk, so that a small message costs
// no malloc. A second one that is borrowed meanwhile is made and freed.
static __thread baton_arena *kept;
static pthread_key_t kept_key;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;

static void free_chunks(baton_chunk *chunk) {
  while (chunk) {
    baton_chunk *next = chunk->next;
    free(chunk);
    chunk = next;
  }
}
static void free_kept(void *ignored) {
  (void)ignored;
  if (!kept) return;
  free_chunks(kept->chunks);
  free(kept);
  kept = NULL;
}
static void make_key(void) { pthread_key_create(&kept_key, free_kept); }

baton_arena *baton_arena_borrow(size_t limit) {
  baton_arena *arena = kept;
  if (arena) {
    kept = NULL;
  } else {
    arena = calloc(1, sizeof *arena);
    if (!arena) return NULL;
  }
  arena->used = 0;
  arena->limit = limit;
  return arena;
}

void baton_arena_return(baton_arena *arena) {
  // Chunks are pushed in front, so the first one made is the last of the list.
  baton_chunk *chunk = arena->chunks;
  while (chunk && chunk->next) {
    baton_chunk *next = chunk->next;
    free(chunk);
    chunk = next;
  }
  arena->chunks = chunk;
  if (chunk && chunk->size != FIRST_CHUNK) {
    free(chunk);
    arena->chunks = chunk = NULL;
  }
  arena->at = chunk ? (uint8_t *)(chunk + 1) : NULL;
  arena->end = chunk ? arena->at + chunk->size : NULL;
  if (kept) {
    free_chunks(arena->chunks);
    free(arena);
    return;
  }
  kept = arena;
  pthread_once(&kept_once, make_key);
  // Any value that is not null: it makes the thread's end call free_kept.
  if (!pthread_getspecific(kept_key)) pthread_setspecific(kept_key, &kept_key);
}

void *baton_arena_allocate(baton_arena *arena, size_t size) {
  if (size > arena->limit - arena->used) return NULL;
  size_t rounded = (size + 7) & ~(size_t)7;
  if (rounded > (size_t)(arena->end - arena->at)) {
    size_t room = rounded > FIRST_CHUNK ? rounded : FIRST_CHUNK;
    baton_chunk *chunk = malloc(sizeof *chunk + room);
    if (!chunk) return NULL;
    chunk->size = room;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->at = (uint8_t *)(chunk + 1);
    arena->end = arena->at + room;
  }
  arena->used += size;
  void *at = arena->at;
  arena->at += rounded;
  return at;
}

static void *allocate(void *arena, size_t size) { return baton_arena_allocate(arena, size); }
static void keep(void *arena, void *pointer) { (void)arena, (void)pointer; }

// ---- Layout -----------------------------------------------------------------------------------

enum { DIRECT = 64 };

struct baton_layout {
  ProtobufCMessageDescriptor descriptor;  // first: protobuf-c's submessage pointers lead here
  baton_field *fields;
  ProtobufCFieldDescriptor *tables;
  size_t count;
  uint16_t direct[DIRECT];  // index + 1 of the field with this number
};

static ProtobufCFieldDescriptor table_of(const baton_field *field, bool oneof) {
  unsigned slot = BATON_SLOT_BASE + BATON_SLOT_SIZE * field->slot;
  bool repeated = field->label == BATON_REPEATED;
  return (ProtobufCFieldDescriptor){
      .name = "",
      .id = field->number,
      .label = repeated ? PROTOBUF_C_LABEL_REPEATED : PROTOBUF_C_LABEL_OPTIONAL,
      .type = (ProtobufCType)field->type,
      .quantifier_offset = slot,
      .offset = slot + BATON_SLOT_VALUE,
      .flags = (repeated && field->packed ? PROTOBUF_C_FIELD_FLAG_PACKED : 0) |
               (oneof ? PROTOBUF_C_FIELD_FLAG_ONEOF : 0),
  };
}

baton_layout *baton_layout_make(const char *name, const baton_field *fields, size_t count,
                                const bool *oneof_slots, size_t slot_count) {
  baton_layout *layout = calloc(1, sizeof *layout);
  if (!layout) return NULL;
  layout->count = count;
  layout->fields = calloc(count + 1, sizeof *layout->fields);
  // One table more than there are fields: unpack looks at the first even when there is none.
  layout->tables = calloc(count + 1, sizeof *layout->tables);
  ProtobufCIntRange *ranges = calloc(count + 1, sizeof *ranges);
  char *own_name = strdup(name);
  layout->descriptor = (ProtobufCMessageDescriptor){
      .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
      .name = own_name,
      .short_name = own_name,
      .c_name = own_name,
      .package_name = "",
      .sizeof_message = BATON_SLOT_BASE + BATON_SLOT_SIZE * slot_count,
      .n_fields = (unsigned)count,
      .fields = layout->tables,
      .field_ranges = ranges,
      // A null message_init is fine for unpack, which then fills zeros itself.
      .message_init = NULL,
  };
  if (!layout->fields || !layout->tables || !ranges || !own_name) {
    baton_layout_free(layout);
    return NULL;
  }
  unsigned range_count = 0;
  for (size_t i = 0; i < count; i++) {
    layout->fields[i] = fields[i];
    layout->tables[i] = table_of(&fields[i], oneof_slots[fields[i].slot]);
    if (fields[i].number < DIRECT) layout->direct[fields[i].number] = (uint16_t)(i + 1);
    if (i == 0 || fields[i].number != fields[i - 1].number + 1)
      ranges[range_count++] = (ProtobufCIntRange){(int)fields[i].number, (unsigned)i};
  }
  ranges[range_count] = (ProtobufCIntRange){0, (unsigned)count};
  layout->descriptor.n_field_ranges = range_count;
  return layout;
}

void baton_layout_link(baton_layout *layout, size_t index, const baton_layout *message) {
  layout->tables[index].descriptor = message;
}

void baton_layout_free(baton_layout *layout) {
  free((void *)layout->descriptor.name);
  free((void *)layout->descriptor.field_ranges);
  free(layout->fields);
  free(layout->tables);
  free(layout);
}

// The index of the field with this number, or -1.
static ptrdiff_t find(const baton_layout *layout, uint32_t number) {
  if (number < DIRECT) return (ptrdiff_t)layout->direct[number] - 1;
  size_t low = 0, high = layout->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (layout->fields[middle].number < number) low = middle + 1;
    else high = middle;
  }
  return low < layout->count && layout->fields[low].number == number ? (ptrdiff_t)low : -1;
}

static const baton_layout *linked(const baton_layout *layout, ptrdiff_t index) {
  return layout->tables[index].descriptor;
}
static bool in_oneof(const baton_layout *layout, ptrdiff_t index) {
  return layout->tables[index].flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

// ---- Tokens -----------------------------------------------------------------------------------

enum { VARINT = 0, FIXED_64 = 1, LENGTH = 2, GROUP_START = 3, GROUP_END = 4, FIXED_32 = 5 };

// Fields that protobuf-c refuses (groups, a wrong wire type) travel through it inside an unknown
// field of this number, which the protobuf language reserves and no schema can use.
enum { WRAPPED = 19999 };

// A field as it lies in the bytes.
typedef struct token {
  const uint8_t *start;  // its tag
  const uint8_t *body;   // behind the tag and, for LENGTH, behind the length
  const uint8_t *end;
  uint32_t number;
  uint8_t wire_type;
} token;

static const uint8_t *read_varint(const uint8_t *at, const uint8_t *end, uint64_t *value) {
  uint64_t result = 0;
  for (unsigned shift = 0; shift < 70 && at < end; shift += 7) {
    uint8_t byte = *at++;
    result |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = result;
      return at;
    }
  }
  return NULL;
}

static enum baton_fault cut_varint(const uint8_t *at, const uint8_t *end) {
  return end - at < 10 ? BATON_TRUNCATED : BATON_BAD_VARINT;
}

static enum baton_fault read_token(const uint8_t *at, const uint8_t *end, uint32_t depth,
                                   token *token);

// Moves past the fields of a group up to and over its end tag.
static enum baton_fault skip_group(token *group, const uint8_t *at, const uint8_t *end,
                                   uint32_t depth) {
  if (depth == 0) return BATON_TOO_DEEP;
  for (;;) {
    token inner;
    if (at == end) return BATON_TRUNCATED;
    enum baton_fault fault = read_token(at, end, depth - 1, &inner);
    if (fault) return fault;
    at = inner.end;
    if (inner.wire_type != GROUP_END) continue;
    if (inner.number != group->number) return BATON_BAD_GROUP;
    group->end = at;
    return BATON_OK;
  }
}

// Reads the field at `at`; a group's end tag is a token of its own.
static enum baton_fault read_token(const uint8_t *at, const uint8_t *end, uint32_t depth,
                                   token *token) {
  uint64_t tag, value;
  token->start = at;
  const uint8_t *body;
  if (*at < 0x80) {
    tag = *at;
    body = at + 1;
  } else {
    body = read_varint(at, end - at > 5 ? at + 5 : end, &tag);
    if (!body) return end - at < 5 ? BATON_TRUNCATED : BATON_BAD_TAG;
  }
  token->number = (uint32_t)(tag >> 3);
  token->wire_type = tag & 7;
  token->body = body;
  if (tag >> 32 || token->number == 0) return BATON_BAD_TAG;
  size_t rest = (size_t)(end - body);
  switch (token->wire_type) {
    case VARINT:
      if (rest && *body < 0x80) {
        token->end = body + 1;
        return BATON_OK;
      }
      token->end = read_varint(body, end, &value);
      return token->end ? BATON_OK : cut_varint(body, end);
    case FIXED_64:
      if (rest < 8) return BATON_TRUNCATED;
      token->end = body + 8;
      return BATON_OK;
    case FIXED_32:
      if (rest < 4) return BATON_TRUNCATED;
      token->end = body + 4;
      return BATON_OK;
    case LENGTH: {
      // protobuf-c reads at most five bytes of length.
      const uint8_t *from = read_varint(body, rest > 5 ? body + 5 : end, &value);
      if (!from) return rest < 5 ? BATON_TRUNCATED : BATON_BAD_VARINT;
      if (value > INT32_MAX) return BATON_BAD_VARINT;
      if (value > (size_t)(end - from)) return BATON_TRUNCATED;
      token->body = from;
      token->end = from + value;
      return BATON_OK;
    }
    case GROUP_START:
      return skip_group(token, body, end, depth);
    case GROUP_END:
      token->end = body;
      return BATON_OK;
    default:
      return BATON_BAD_WIRE_TYPE;
  }
}

static uint8_t wire_type_of(uint8_t type) {
  switch (type) {
    case BATON_SFIXED32: case BATON_FIXED32: case BATON_FLOAT: return FIXED_32;
    case BATON_SFIXED64: case BATON_FIXED64: case BATON_DOUBLE: return FIXED_64;
    case BATON_BYTES: case BATON_MESSAGE: return LENGTH;
    default: return VARINT;
  }
}
static bool is_packed(const baton_field *field, const token *token) {
  return field->label == BATON_REPEATED && token->wire_type == LENGTH &&
         field->type < BATON_BYTES;
}
// Whether protobuf-c takes this token for this field.
static bool fits(const baton_field *field, const token *token) {
  return token->wire_type == wire_type_of(field->type) || is_packed(field, token);
}

// ---- Checking ---------------------------------------------------------------------------------

typedef struct scan {
  const uint8_t *data;
  size_t elements;  // that may still come
  bool check_utf8;
  bool odd;  // something that protobuf-c does not read as the specification asks
  baton_error *error;
} scan;

static bool fail(scan *scan, enum baton_fault fault, const uint8_t *at) {
  scan->error->fault = fault;
  scan->error->offset = (size_t)(at - scan->data);
  return false;
}
static void push_path(baton_error *error, uint32_t number, int64_t index) {
  if (error->path_length == BATON_PATH_MAX) return;
  error->path[error->path_length].number = number;
  error->path[error->path_length++].index = index;
}

static bool valid_utf8(const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    uint8_t lead = *at++;
    if (lead < 0x80) continue;
    unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < more) return false;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[0] < low || at[0] > high) return false;
    for (unsigned i = 1; i < more; i++)
      if ((at[i] & 0xc0) != 0x80) return false;
    at += more;
  }
  return true;
}

// How many elements a packed field holds; a fault when it does not end with one.
static enum baton_fault count_packed(const baton_field *field, const token *token, size_t *count) {
  size_t size = (size_t)(token->end - token->body);
  switch (wire_type_of(field->type)) {
    case FIXED_32: *count = size / 4; return size % 4 ? BATON_BAD_PACKED : BATON_OK;
    case FIXED_64: *count = size / 8; return size % 8 ? BATON_BAD_PACKED : BATON_OK;
  }
  size_t found = 0, run = 0;
  for (const uint8_t *at = token->body; at < token->end; at++) {
    if (*at < 0x80) {
      found++;
      run = 0;
    } else if (++run == 10) {
      return BATON_BAD_PACKED;
    }
  }
  *count = found;
  return run ? BATON_BAD_PACKED : BATON_OK;
}

static bool spend(scan *scan, size_t elements, const uint8_t *at) {
  if (elements > scan->elements) return fail(scan, BATON_TOO_MANY, at);
  scan->elements -= elements;
  return true;
}

static bool check(scan *scan, const baton_layout *layout, const uint8_t *at, const uint8_t *end,
                  uint32_t depth);

// The index of the element that starts at `token`, by counting again: only an error asks for it.
static int64_t index_of(const baton_layout *layout, const uint8_t *from, const token *until) {
  ptrdiff_t index = find(layout, until->number);
  if (index < 0 || layout->fields[index].label != BATON_REPEATED) return -1;
  int64_t position = 0;
  while (from < until->start) {
    token earlier;
    if (read_token(from, until->start, BATON_PATH_MAX, &earlier)) break;
    if (earlier.number == until->number) position++;
    from = earlier.end;
  }
  return position;
}

// Whether the field at `index` of the layout, which `token` is for, may be unpacked.
static bool check_field(scan *scan, const baton_layout *layout, ptrdiff_t index, const token *token,
                        uint32_t depth) {
  const baton_field *field = &layout->fields[index];
  if (field->label == BATON_REPEATED) {
    size_t count = 1;
    if (is_packed(field, token)) {
      enum baton_fault fault = count_packed(field, token, &count);
      if (fault) return fail(scan, fault, token->body);
    }
    if (!spend(scan, count, token->start)) return false;
  }
  if (field->type == BATON_MESSAGE) {
    if (depth == 1) return fail(scan, BATON_TOO_DEEP, token->body);
    return check(scan, linked(layout, index), token->body, token->end, depth - 1);
  }
  if (scan->check_utf8 && field->utf8 && !valid_utf8(token->body, token->end))
    return fail(scan, BATON_BAD_UTF8, token->body);
  return true;
}

static bool check(scan *scan, const baton_layout *layout, const uint8_t *start, const uint8_t *end,
                  uint32_t depth) {
  uint64_t few = 0;  // singular messages that came, by index
  size_t words = layout->count / 64 + 1;
  uint64_t many[words > 1 ? words : 1];
  uint64_t *seen = &few;
  if (words > 1) {
    memset(many, 0, sizeof many);
    seen = many;
  }
  for (const uint8_t *at = start; at < end;) {
    token token;
    enum baton_fault fault = read_token(at, end, depth, &token);
    if (!fault && token.wire_type == GROUP_END) fault = BATON_BAD_GROUP;
    if (fault) {
      if (fault != BATON_BAD_TAG) push_path(scan->error, token.number, index_of(layout, start, &token));
      return fail(scan, fault, at);
    }
    ptrdiff_t index = find(layout, token.number);
    bool odd = token.wire_type == GROUP_START || token.number == WRAPPED ||
               (index >= 0 && !fits(&layout->fields[index], &token));
    if (index < 0 || odd) {
      if (odd) scan->odd = true;
      if (!spend(scan, 1, at)) return false;
    } else {
      const baton_field *field = &layout->fields[index];
      if (field->type == BATON_MESSAGE && field->label == BATON_SINGULAR) {
        uint64_t bit = 1ull << (index % 64);
        if (seen[index / 64] & bit) scan->odd = true;
        seen[index / 64] |= bit;
      }
      if (!check_field(scan, layout, index, &token, depth)) {
        push_path(scan->error, token.number, index_of(layout, start, &token));
        return false;
      }
    }
    at = token.end;
  }
  return true;
}

// Errors collect their path from the inside out.
static void reverse_path(baton_error *error) {
  for (uint32_t i = 0, j = error->path_length; i + 1 < j; i++) {
    j--;
    baton_path_step swap = error->path[i];
    error->path[i] = error->path[j];
    error->path[j] = swap;
  }
}

// ---- Putting odd messages right ---------------------------------------------------------------

typedef struct bytes {
  uint8_t *data;
  size_t size, room;
  baton_arena *arena;
} bytes;

static bool put(bytes *out, const void *data, size_t size) {
  if (size > out->room - out->size) {
    size_t room = (out->size + size) * 2;
    uint8_t *grown = baton_arena_allocate(out->arena, room);
    if (!grown) return false;
    if (out->size) memcpy(grown, out->data, out->size);
    out->data = grown;
    out->room = room;
  }
  if (size) memcpy(out->data + out->size, data, size);
  out->size += size;
  return true;
}
static size_t write_varint(uint64_t value, uint8_t *out) {
  size_t size = 0;
  for (; value >= 0x80; value >>= 7) out[size++] = (uint8_t)(value | 0x80);
  out[size++] = (uint8_t)value;
  return size;
}
static bool put_length_field(bytes *out, uint32_t number, const uint8_t *data, size_t size) {
  uint8_t head[20];
  size_t n = write_varint((uint64_t)number << 3 | LENGTH, head);
  n += write_varint(size, head + n);
  return put(out, head, n) && put(out, data, size);
}

typedef struct part {
  const uint8_t *data;
  size_t size;
  struct part *next;
} part;
// The bodies of a singular message field that are to be merged, which is to concatenate them.
typedef struct merge {
  part *first, *last;
  const uint8_t *end;  // of the last token
  size_t size;
} merge;

// Collects the parts of every singular message field. A oneof's member starts anew after another
// member was set.
static bool collect(const baton_layout *layout, const uint8_t *at, const uint8_t *end,
                    merge *merges, uint32_t *cases, baton_arena *arena) {
  while (at < end) {
    token token;
    if (read_token(at, end, BATON_PATH_MAX, &token)) return false;
    at = token.end;
    ptrdiff_t index = find(layout, token.number);
    if (index < 0 || token.number == WRAPPED || !fits(&layout->fields[index], &token)) continue;
    const baton_field *field = &layout->fields[index];
    if (in_oneof(layout, index)) {
      if (cases[field->slot] != field->number) merges[index] = (merge){0};
      cases[field->slot] = field->number;
    }
    if (field->type != BATON_MESSAGE || field->label != BATON_SINGULAR) continue;
    part *part = baton_arena_allocate(arena, sizeof *part);
    if (!part) return false;
    *part = (struct part){token.body, (size_t)(token.end - token.body), NULL};
    merge *merge = &merges[index];
    if (merge->last) merge->last->next = part;
    else merge->first = part;
    merge->last = part;
    merge->end = token.end;
    merge->size += part->size;
  }
  return true;
}

// Writes a message that means the same and that protobuf-c reads right.
static bool straighten(const baton_layout *layout, const uint8_t *at, const uint8_t *end,
                       bytes *out) {
  baton_arena *arena = out->arena;
  size_t slots = (layout->descriptor.sizeof_message - BATON_SLOT_BASE) / BATON_SLOT_SIZE;
  merge *merges = baton_arena_allocate(arena, layout->count * sizeof *merges);
  uint32_t *cases = baton_arena_allocate(arena, slots * sizeof *cases);
  if (!merges || !cases) return false;
  memset(merges, 0, layout->count * sizeof *merges);
  memset(cases, 0, slots * sizeof *cases);
  if (!collect(layout, at, end, merges, cases, arena)) return false;
  while (at < end) {
    token token;
    if (read_token(at, end, BATON_PATH_MAX, &token)) return false;
    at = token.end;
    size_t size = (size_t)(token.end - token.start);
    ptrdiff_t index = find(layout, token.number);
    const baton_field *field = index < 0 ? NULL : &layout->fields[index];
    if (token.wire_type == GROUP_START || token.number == WRAPPED || (field && !fits(field, &token))) {
      if (!put_length_field(out, WRAPPED, token.start, size)) return false;
      continue;
    }
    if (!field || field->type != BATON_MESSAGE) {
      if (!put(out, token.start, size)) return false;
      continue;
    }
    bytes body = {.arena = arena}, inner = {.arena = arena};
    part alone = {token.body, (size_t)(token.end - token.body), NULL};
    const part *parts = &alone;
    if (field->label == BATON_SINGULAR) {
      if (merges[index].end != token.end) continue;  // a later one carries this one's content
      parts = merges[index].first;
    }
    for (; parts; parts = parts->next)
      if (!put(&body, parts->data, parts->size)) return false;
    if (!straighten(linked(layout, index), body.data, body.data + body.size, &inner)) return false;
    if (!put_length_field(out, token.number, inner.data, inner.size)) return false;
  }
  return true;
}

// ---- Unpacking --------------------------------------------------------------------------------

const void *baton_unpack(const baton_layout *layout, const uint8_t *data, size_t size,
                         baton_limits limits, baton_arena *arena, baton_error *error) {
  scan scan = {.data = data, .elements = limits.elements, .error = error};
  error->path_length = 0;
  if (limits.depth == 0 || limits.depth > BATON_PATH_MAX) limits.depth = BATON_PATH_MAX;
  if (size && !check(&scan, layout, data, data + size, limits.depth)) {
    reverse_path(error);
    return NULL;
  }
  ProtobufCAllocator allocator = {allocate, keep, arena};
  bytes straight = {.arena = arena};
  if (scan.odd) {
    if (!straighten(layout, data, data + size, &straight)) {
      fail(&scan, BATON_OUT_OF_MEMORY, data + size);
      return NULL;
    }
    data = straight.data;
    size = straight.size;
  }
  const void *message = protobuf_c_message_unpack(&layout->descriptor, &allocator, size, data);
  if (!message) {
    error->fault = BATON_OUT_OF_MEMORY;  // the check leaves nothing else to refuse
    error->offset = 0;
  }
  return message;
}

bool baton_find_bad_utf8(const baton_layout *layout, const uint8_t *data, size_t size,
                         baton_error *error) {
  scan scan = {.data = data, .elements = SIZE_MAX, .check_utf8 = true, .error = error};
  error->path_length = 0;
  if (!size || check(&scan, layout, data, data + size, BATON_PATH_MAX)) return false;
  reverse_path(error);
  return true;
}

// ---- Unknown fields ---------------------------------------------------------------------------

// The whole fields that travelled inside a wrapped one.
static const uint8_t *unwrap(const ProtobufCMessageUnknownField *field, size_t *size) {
  uint64_t length = 0;
  const uint8_t *body = read_varint(field->data, field->data + field->len, &length);
  *size = (size_t)length;
  return body;
}

size_t baton_unknown_size(const void *message) {
  const ProtobufCMessage *base = message;
  uint8_t head[10];
  size_t total = 0;
  for (unsigned i = 0; i < base->n_unknown_fields; i++) {
    const ProtobufCMessageUnknownField *field = &base->unknown_fields[i];
    size_t size = field->len;
    if (field->tag == WRAPPED) unwrap(field, &size);
    else size += write_varint((uint64_t)field->tag << 3 | field->wire_type, head);
    total += size;
  }
  return total;
}

void baton_unknown_copy(const void *message, uint8_t *out) {
  const ProtobufCMessage *base = message;
  for (unsigned i = 0; i < base->n_unknown_fields; i++) {
    const ProtobufCMessageUnknownField *field = &base->unknown_fields[i];
    const uint8_t *data = field->data;
    size_t size = field->len;
    if (field->tag == WRAPPED) data = unwrap(field, &size);
    else out += write_varint((uint64_t)field->tag << 3 | field->wire_type, out);
    memcpy(out, data, size);
    out += size;
  }
}

bool baton_message_add_unknown(void *message, const uint8_t *data, size_t size,
                               baton_arena *arena) {
  ProtobufCMessage *base = message;
  uint64_t tag = 0;
  const uint8_t *body = read_varint(data, data + size, &tag);
  ProtobufCMessageUnknownField *field = baton_arena_allocate(arena, sizeof *field);
  if (!body || !field) return false;
  // Several fields leave as one: the first one's tag, then everything behind it.
  *field = (ProtobufCMessageUnknownField){
      .tag = (uint32_t)(tag >> 3),
      .wire_type = (ProtobufCWireType)(tag & 7),
      .len = (size_t)(data + size - body),
      .data = (uint8_t *)body,
  };
  base->unknown_fields = field;
  base->n_unknown_fields = 1;
  return true;
}

// ---- Packing ----------------------------------------------------------------------------------

void *baton_message_make(const baton_layout *layout, baton_arena *arena) {
  ProtobufCMessage *message = baton_arena_allocate(arena, layout->descriptor.sizeof_message);
  if (!message) return NULL;
  memset(message, 0, layout->descriptor.sizeof_message);
  message->descriptor = &layout->descriptor;
  return message;
}
size_t baton_packed_size(const void *message) {
  return protobuf_c_message_get_packed_size(message);
}
size_t baton_pack(const void *message, uint8_t *out) {
  return protobuf_c_message_pack(message, out);
}
