#include "layout.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(ProtobufCMessage) == BATON_SLOT_BASE, "the base of a message");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers lie as on the wire");
_Static_assert(sizeof(protobuf_c_boolean) == 4, "a bool is read and written as 4 bytes");
_Static_assert(sizeof(ProtobufCBinaryData) == BATON_SLOT_SIZE - BATON_SLOT_VALUE, "the widest value");

static enum storing storing_of(const baton_field *field) {
  switch (field->type) {
    case BATON_INT64: case BATON_UINT64: return STORE_64;
    case BATON_SINT32: return STORE_ZIGZAG_32;
    case BATON_SINT64: return STORE_ZIGZAG_64;
    case BATON_BOOL: return STORE_BOOL;
    case BATON_FIXED32: case BATON_SFIXED32: case BATON_FLOAT: return STORE_FIXED_32;
    case BATON_FIXED64: case BATON_SFIXED64: case BATON_DOUBLE: return STORE_FIXED_64;
    case BATON_BYTES: return field->utf8 ? STORE_STRING : STORE_BYTES;
    case BATON_MESSAGE: return STORE_MESSAGE;
    default: return STORE_32;
  }
}

static uint8_t wire_type_of(enum storing storing) {
  switch (storing) {
    case STORE_FIXED_32: return FIXED_32;
    case STORE_FIXED_64: return FIXED_64;
    case STORE_BYTES: case STORE_STRING: case STORE_MESSAGE: return LENGTH;
    default: return VARINT;
  }
}

static uint8_t size_of(enum storing storing) {
  switch (storing) {
    case STORE_64: case STORE_ZIGZAG_64: case STORE_FIXED_64: case STORE_MESSAGE: return 8;
    case STORE_BYTES: case STORE_STRING: return sizeof(ProtobufCBinaryData);
    default: return 4;
  }
}

static unsigned offset_of(const baton_field *field) {
  return BATON_SLOT_BASE + BATON_SLOT_SIZE * field->slot;
}

static reading reading_of(const baton_field *field) {
  enum storing storing = storing_of(field);
  return (reading){
      .number = field->number,
      .offset = offset_of(field),
      .storing = (uint8_t)storing,
      .wire_type = wire_type_of(storing),
      .size = size_of(storing),
      .repeated = field->repeated,
      .packable = field->repeated && wire_type_of(storing) != LENGTH,
      .oneof = field->oneof,
  };
}

static ProtobufCFieldDescriptor writing_of(const baton_field *field) {
  return (ProtobufCFieldDescriptor){
      .name = "",
      .id = field->number,
      .label = field->repeated ? PROTOBUF_C_LABEL_REPEATED : PROTOBUF_C_LABEL_OPTIONAL,
      .type = (ProtobufCType)field->type,
      .quantifier_offset = offset_of(field),
      .offset = offset_of(field) + BATON_SLOT_VALUE,
      .flags = (field->packed ? PROTOBUF_C_FIELD_FLAG_PACKED : 0) |
               (field->oneof ? PROTOBUF_C_FIELD_FLAG_ONEOF : 0),
  };
}

static void fill(baton_layout *layout, const baton_field *fields, ProtobufCFieldDescriptor *tables,
                 ProtobufCIntRange *ranges) {
  unsigned range_count = 0;
  for (size_t i = 0; i < layout->count; i++) {
    reading *field = &layout->fields[i];
    *field = reading_of(&fields[i]);
    tables[i] = writing_of(&fields[i]);
    uint64_t tag = (uint64_t)field->number << 3 | field->wire_type;
    if (tag < ONE_BYTE_TAGS) layout->by_tag[tag] = field;
    if (field->number < DIRECT_NUMBERS) layout->by_number[field->number] = (uint16_t)(i + 1);
    if (i == 0 || fields[i].number != fields[i - 1].number + 1)
      ranges[range_count++] = (ProtobufCIntRange){(int)fields[i].number, (unsigned)i};
    layout->bound += 5 + 10;  // a tag; the longest value or length
  }
  ranges[range_count] = (ProtobufCIntRange){0, (unsigned)layout->count};
  layout->descriptor.n_field_ranges = range_count;
}

baton_layout *baton_layout_make(const char *name, const baton_field *fields, size_t count,
                                size_t slot_count) {
  baton_layout *layout = calloc(1, sizeof *layout);
  if (!layout) return NULL;
  ProtobufCFieldDescriptor *tables = calloc(count + 1, sizeof *tables);
  ProtobufCIntRange *ranges = calloc(count + 1, sizeof *ranges);
  char *own_name = strdup(name);
  layout->count = count;
  layout->fields = calloc(count + 1, sizeof *layout->fields);
  layout->descriptor = (ProtobufCMessageDescriptor){
      .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
      .name = own_name,
      .short_name = own_name,
      .c_name = own_name,
      .package_name = "",
      .sizeof_message = BATON_SLOT_BASE + BATON_SLOT_SIZE * slot_count,
      .n_fields = (unsigned)count,
      .fields = tables,
      .field_ranges = ranges,
  };
  if (!tables || !ranges || !own_name || !layout->fields) {
    baton_layout_free(layout);
    return NULL;
  }
  fill(layout, fields, tables, ranges);
  return layout;
}

void baton_layout_link(baton_layout *layout, size_t index, const baton_layout *message) {
  layout->fields[index].message = message;
  ((ProtobufCFieldDescriptor *)layout->descriptor.fields)[index].descriptor = message;
}

void baton_layout_free(baton_layout *layout) {
  free((void *)layout->descriptor.name);
  free((void *)layout->descriptor.fields);
  free((void *)layout->descriptor.field_ranges);
  free(layout->fields);
  free(layout);
}

size_t baton_layout_bound(const baton_layout *layout) { return layout->bound; }

void baton_layout_set_owner(baton_layout *layout, const void *owner) { layout->owner = owner; }
const void *baton_message_owner(const void *message) {
  return ((const baton_layout *)((const ProtobufCMessage *)message)->descriptor)->owner;
}

const reading *layout_search(const baton_layout *layout, uint32_t number) {
  size_t low = 0, high = layout->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (layout->fields[middle].number < number) low = middle + 1;
    else high = middle;
  }
  return low < layout->count && layout->fields[low].number == number ? &layout->fields[low] : NULL;
}
