/*
 * The encoding of protobuf, read field by field, without allocating.
 *
 * protobuf-c accepts whatever the encoding allows: messages nested until the stack ends,
 * a singular message given twice (merged), strings of any bytes, cut at a NUL by C. None of
 * that is meant by any client, so wire_refuse() turns it away first, led by the descriptors
 * that protoc-c generates. Unknown fields pass: later versions add some.
 */
#include "proto/wire.h"

#include "common/text.h"

#include <string.h>

#define WIRE_VARINT_BYTES 10
#define WIRE_MAX_SEEN     64 /* fields of a message watched for repetition */

static bool
wire_varint(struct wire *wire, uint64_t *value)
{
	*value = 0;
	for (int i = 0; i < WIRE_VARINT_BYTES && wire->at < wire->end; i++) {
		uint8_t byte = *wire->at++;

		/* The tenth byte holds one bit of the 64. */
		if (i == WIRE_VARINT_BYTES - 1 && byte > 1)
			return false;
		*value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool
wire_value(struct wire *wire, struct wire_field *field)
{
	size_t left;

	switch (field->type) {
	case WIRE_VARINT:
		return wire_varint(wire, &field->value);
	case WIRE_64:
		field->bytes = 8;
		break;
	case WIRE_32:
		field->bytes = 4;
		break;
	case WIRE_BYTES:
		if (!wire_varint(wire, &field->value) || field->value > INT32_MAX)
			return false;
		field->bytes = (size_t)field->value;
		break;
	default: /* groups, long given up, and what was never defined */
		return false;
	}
	left = (size_t)(wire->end - wire->at);
	if (field->bytes > left)
		return false;
	field->data = wire->at;
	wire->at += field->bytes;
	return true;
}

bool
wire_next(struct wire *wire, struct wire_field *field)
{
	const uint8_t *start = wire->at;
	uint64_t tag;

	if (wire->at == wire->end)
		return false;
	*field = (struct wire_field){ 0 };
	if (wire_varint(wire, &tag) && tag >> 3 != 0 && tag <= UINT32_MAX) {
		field->number = (uint32_t)(tag >> 3);
		field->type = (enum wire_type)(tag & 7);
		if (wire_value(wire, field))
			return true;
	}
	wire->at = start;
	return false;
}

/* One bit for each field of a message, so that a second one is noticed. */
static bool
wire_seen(const ProtobufCMessageDescriptor *kind, const ProtobufCFieldDescriptor *known,
    uint64_t *seen, bool *choice)
{
	ptrdiff_t index = known - kind->fields;
	bool twice;

	if (known->label == PROTOBUF_C_LABEL_REPEATED || index >= WIRE_MAX_SEEN)
		return false;
	twice = (*seen & UINT64_C(1) << index) != 0;
	*seen |= UINT64_C(1) << index;
	/* No message of ours has more than one oneof. */
	if (known->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		twice = twice || *choice;
		*choice = true;
	}
	return twice;
}

static const char *
wire_refuse_value(
    const ProtobufCFieldDescriptor *known, const struct wire_field *field, int max_depth)
{
	if (known->type == PROTOBUF_C_TYPE_MESSAGE) {
		if (field->type != WIRE_BYTES)
			return "a message was given as something else";
		return wire_refuse(known->descriptor, field->data, field->bytes, max_depth - 1);
	}
	if (known->type != PROTOBUF_C_TYPE_STRING)
		return NULL;
	if (field->type != WIRE_BYTES)
		return "a text was given as something else";
	if (memchr(field->data, 0, field->bytes) != NULL)
		return "a text holds a NUL";
	if (!text_valid((const char *)field->data, field->bytes))
		return "a text is not UTF-8";
	return NULL;
}

const char *
wire_refuse(
    const ProtobufCMessageDescriptor *kind, const uint8_t *data, size_t bytes, int max_depth)
{
	struct wire wire = { .at = data, .end = data + bytes };
	struct wire_field field;
	uint64_t seen = 0;
	bool choice = false;

	if (max_depth <= 0)
		return "messages are nested too deep";
	while (wire_next(&wire, &field)) {
		const ProtobufCFieldDescriptor *known =
		    protobuf_c_message_descriptor_get_field(kind, field.number);
		const char *why;

		if (known == NULL)
			continue;
		if (wire_seen(kind, known, &seen, &choice))
			return "a field is given twice";
		why = wire_refuse_value(known, &field, max_depth);
		if (why != NULL)
			return why;
	}
	return wire.at == wire.end ? NULL : "the message is malformed";
}
