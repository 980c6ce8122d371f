#include "layout.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(ProtobufCMessage) == BATON_SLOT_BASE, "the base of a message");
_Static_assert(sizeof(protobuf_c_boolean) == 4, "a bool is read and written as 4 bytes");
_Static_assert(sizeof(ProtobufCBinaryData) == BATON_SLOT_SIZE - BATON_SLOT_VALUE, "the widest value");

static uint8_t wire_type_of(uint8_t type) {
  switch (type) {
    case BATON_SFIXED32: case BATON_FIXED32: case BATON_FLOAT: return FIXED_32;
    case BATON_SFIXED64: case BATON_FIXED64: case BATON_DOUBLE: return FIXED_64;
    case BATON_BYTES: case BATON_MESSAGE: return LENGTH;
    default: return VARINT;
  }
}

static unsigned offset_of(const baton_field *field) {
  return BATON_SLOT_BASE + BATON_SLOT_SIZE * field->slot;
}

static reading reading_of(const baton_field *field) {
  return (reading){
      .number = field->number,
      .offset = offset_of(field),
      .type = field->type,
      .wire_type = wire_type_of(field->type),
      .repeated = field->repeated,
      .packable = field->repeated && field->type < BATON_BYTES,
      .oneof = field->oneof,
      .utf8 = field->utf8,
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
    layout->fields[i] = reading_of(&fields[i]);
    tables[i] = writing_of(&fields[i]);
    if (fields[i].number < DIRECT) layout->direct[fields[i].number] = (uint16_t)(i + 1);
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

const reading *layout_find(const baton_layout *layout, uint32_t number) {
  if (number < DIRECT) {
    uint16_t found = layout->direct[number];
    return found ? &layout->fields[found - 1] : NULL;
  }
  size_t low = 0, high = layout->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (layout->fields[middle].number < number) low = middle + 1;
    else high = middle;
  }
  return low < layout->count && layout->fields[low].number == number ? &layout->fields[low] : NULL;
}
