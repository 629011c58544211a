/*
 * JSON lines as rows: an object a line. The keys of the first objects are the header; an object
 * with another key is refused rather than cut. Texts, numbers, true and false are cells as they
 * are read; null is an empty one; lists and objects inside keep their JSON.
 */
#include "common/intake_impl.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

#define JSON_DEPTH_MAX 32

struct intake_json {
	struct intake_lines lines;
	struct arena *arena;
	const char *keys[CSV_ROW_CELLS];
	size_t key_count;
	bool has_header;
};

/* One line being read. */
struct json_text {
	const char *at;
	struct arena *arena;
};

struct json_member {
	const char *key, *value;
};

struct intake_json *
intake_json_new(void)
{
	struct intake_json *json = mem_zalloc(1, sizeof(*json));

	json->arena = arena_new(0);
	return json;
}

void
intake_json_free(struct intake_json *json)
{
	if (json == NULL)
		return;
	buf_fini(&json->lines.input);
	arena_free(json->arena);
	free(json);
}

struct intake_lines *
intake_json_lines(struct intake_json *json)
{
	return &json->lines;
}

/* ---- values ------------------------------------------------------------------------------ */

static void
json_space(struct json_text *text)
{
	text->at += strspn(text->at, " \t\r\n");
}

static bool
json_hex(const char *at, uint32_t *code)
{
	*code = 0;
	for (int i = 0; i < 4; i++) {
		char c = at[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return false;
		*code = *code * 16 + (uint32_t)digit;
	}
	return true;
}

/* Behind "\u": one code point, of two halves where it needs them. */
static bool
json_escape_code(struct json_text *text, struct buf *out)
{
	uint32_t code, low;
	char bytes[4];

	if (!json_hex(text->at, &code))
		return false;
	text->at += 4;
	if (code >= 0xD800 && code < 0xDC00 && text->at[0] == '\\' && text->at[1] == 'u' &&
	    json_hex(text->at + 2, &low) && low >= 0xDC00 && low < 0xE000) {
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		text->at += 6;
	}
	if (code == 0)
		return true; /* nothing of ours holds one */
	if (code >= 0xD800 && code < 0xE000)
		code = 0xFFFD;
	buf_put(out, bytes, text_encode(code, bytes));
	return true;
}

static bool
json_string(struct json_text *text, const char **value)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	struct buf out = BUF_INIT;
	bool good = *text->at == '"';

	for (text->at += good; good && *text->at != '"';) {
		const char *escape;

		if (*text->at == '\0' || (unsigned char)*text->at < 0x20) {
			good = false;
		} else if (*text->at != '\\') {
			buf_putc(&out, *text->at++);
		} else if (text->at[1] == 'u') {
			text->at += 2;
			good = json_escape_code(text, &out);
		} else {
			escape = text->at[1] != '\0' ? strchr(from, text->at[1]) : NULL;
			good = escape != NULL;
			if (good)
				buf_putc(&out, to[escape - from]);
			text->at += 2;
		}
	}
	if (good) {
		text->at++;
		*value = arena_strdup(text->arena, buf_text(&out));
	}
	buf_fini(&out);
	return good;
}

static bool
json_number(struct json_text *text)
{
	const char *start = text->at;
	size_t digits;

	text->at += *text->at == '-';
	digits = strspn(text->at, "0123456789");
	text->at += digits;
	if (*text->at == '.') {
		size_t decimals = strspn(text->at + 1, "0123456789");

		if (decimals == 0)
			return false;
		text->at += decimals + 1;
	}
	if (digits > 0 && (*text->at == 'e' || *text->at == 'E')) {
		const char *exponent =
		    text->at + 1 + (text->at[1] == '-' || text->at[1] == '+');

		if (strspn(exponent, "0123456789") == 0)
			return false;
		text->at = exponent + strspn(exponent, "0123456789");
	}
	return digits > 0 && text->at > start;
}

static bool json_value(struct json_text *text, int depth, const char **value);

/* A list or object inside: checked, and kept as it stands. */
static bool
json_nest(struct json_text *text, int depth)
{
	char open = *text->at, close = open == '[' ? ']' : '}';
	const char *value;

	if (depth == JSON_DEPTH_MAX)
		return false;
	text->at++;
	json_space(text);
	if (*text->at == close) {
		text->at++;
		return true;
	}
	for (;;) {
		json_space(text);
		if (open == '{') {
			if (!json_string(text, &value))
				return false;
			json_space(text);
			if (*text->at++ != ':')
				return false;
		}
		if (!json_value(text, depth + 1, &value))
			return false;
		json_space(text);
		if (*text->at == close) {
			text->at++;
			return true;
		}
		if (*text->at++ != ',')
			return false;
	}
}

static bool
json_value(struct json_text *text, int depth, const char **value)
{
	static const char *const words[][2] = { { "null", "" }, { "true", "true" },
		{ "false", "false" } };
	const char *start;
	bool good;

	json_space(text);
	start = text->at;
	if (*start == '"')
		return json_string(text, value);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(start, words[i][0], strlen(words[i][0])) == 0) {
			text->at += strlen(words[i][0]);
			*value = words[i][1];
			return true;
		}
	good = *start == '[' || *start == '{' ? json_nest(text, depth) : json_number(text);
	if (good)
		*value = arena_strndup(text->arena, start, (size_t)(text->at - start));
	return good;
}

/* ---- objects ----------------------------------------------------------------------------- */

/* The members of a line's object; false: it is none. */
static bool
json_object(struct json_text *text, struct json_member *members, size_t max, size_t *count)
{
	*count = 0;
	json_space(text);
	if (*text->at++ != '{')
		return false;
	json_space(text);
	if (*text->at == '}')
		text->at++;
	else
		for (;;) {
			struct json_member *member = &members[*count];

			json_space(text);
			if (*count == max || !json_string(text, &member->key))
				return false;
			json_space(text);
			if (*text->at++ != ':' || !json_value(text, 0, &member->value))
				return false;
			(*count)++;
			json_space(text);
			if (*text->at == '}')
				break;
			if (*text->at++ != ',')
				return false;
		}
	text->at += *text->at == '}';
	json_space(text);
	return *text->at == '\0';
}

static size_t
json_key(const struct intake_json *json, const char *key)
{
	size_t at = 0;

	while (at < json->key_count && strcmp(json->keys[at], key) != 0)
		at++;
	return at;
}

bool
intake_json_begins(const char *text)
{
	const char *next =
	    text + 1 + (text[0] != '\0' ? strspn(text + (text[0] != '\0'), " \t\r\n") : 0);

	return (text[0] == '{' && (*next == '"' || *next == '}')) ||
	       (text[0] == '[' && (*next == '{' || *next == '['));
}

/* Keys of the objects that are there so far. */
static void
json_take_keys(struct intake_json *json)
{
	struct arena *arena = arena_new(0);
	struct json_member *members =
	    ARENA_ARRAY(json->arena, struct json_member, CSV_ROW_CELLS);
	const char *at = buf_text(&json->lines.input);

	while (*at != '\0') {
		size_t length = strcspn(at, "\r\n"), count;
		struct json_text text = { .at = arena_strndup(arena, at, length),
			.arena = arena };

		if (json_object(&text, members, CSV_ROW_CELLS, &count))
			for (size_t i = 0; i < count && json->key_count < CSV_ROW_CELLS; i++)
				if (json_key(json, members[i].key) == json->key_count)
					json->keys[json->key_count++] =
					    arena_strdup(json->arena, members[i].key);
		arena_reset(arena);
		at += length;
		at += strspn(at, "\r\n");
	}
	arena_free(arena);
}

static void
json_fill_row(struct intake_json *json, struct arena *arena, const struct json_member *members,
    size_t count, struct intake_row *row)
{
	const char **cells = ARENA_ARRAY(arena, const char *, json->key_count + 1);

	for (size_t i = 0; i < json->key_count; i++)
		cells[i] = "";
	for (size_t i = 0; i < count; i++) {
		size_t at = json_key(json, members[i].key);

		if (at < json->key_count)
			cells[at] = members[i].value;
		else
			row->flaw = INTAKE_NEW_KEY;
	}
	row->cells = cells;
	row->count = json->key_count;
}

/* A row that cannot be read keeps its text, to be mended. */
static void
json_keep_text(
    struct intake_json *json, struct arena *arena, const char *line, struct intake_row *row)
{
	const char **cells = ARENA_ARRAY(arena, const char *, json->key_count + 1);

	for (size_t i = 0; i < json->key_count; i++)
		cells[i] = i == 0 ? line : "";
	row->cells = cells;
	row->count = json->key_count;
}

enum csv_status
intake_json_next(struct intake_json *json, struct arena *arena, struct intake_row *row)
{
	enum csv_status status;
	const char *line;
	size_t bytes;
	bool ended;

	if (!json->has_header) {
		json->has_header = true;
		json_take_keys(json);
		if (json->key_count == 0)
			return intake_lines_break(&json->lines, INTAKE_FAULT_NOT_LINES, 1);
		*row = (struct intake_row){
			.cells = json->keys, .count = json->key_count, .line = 1
		};
		return CSV_ROW;
	}
	while ((status = intake_lines_next(&json->lines, &line, &bytes, &ended)) == CSV_ROW) {
		struct json_text text = { .at = arena_strndup(arena, line, bytes),
			.arena = arena };
		size_t max =
		    json->key_count + 64; /* a few that are new are still told of as such */
		struct json_member *members = ARENA_ARRAY(arena, struct json_member, max);
		const char *whole = text.at;
		size_t count;

		if (strspn(whole, " \t") == bytes)
			continue;
		*row = (struct intake_row){ .line = json->lines.line };
		if (json_object(&text, members, max, &count)) {
			json_fill_row(json, arena, members, count, row);
		} else if (!ended) {
			return intake_lines_break(
			    &json->lines, INTAKE_FAULT_CUT_JSON, json->lines.line);
		} else {
			row->flaw = INTAKE_BAD_JSON;
			json_keep_text(json, arena, whole, row);
		}
		return CSV_ROW;
	}
	return status;
}
