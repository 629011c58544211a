/*
 * Parser of the search language: one walk over the text, one function a rule of the grammar.
 * Positions are bytes of the text as typed, so signs are folded while reading and the text is
 * never rewritten first.
 */
#include "common/query.h"
#include "common/text.h"

#include <string.h>

struct query_parser {
	struct arena *arena;
	const char *text;
	size_t bytes, at;
	struct query *query;
	struct query_value *values; /* of all terms, one after the other */
	size_t count;
	struct query_error *error;
};

static enum err
query_fail(struct query_parser *parser, enum query_fault fault, size_t from, size_t to)
{
	*parser->error = (struct query_error){ .fault = fault,
		.at = { .at_bytes = from, .bytes = to - from } };
	return ERR_QUERY;
}

/* The sign at a place, folded; 0 at the end. *length is its bytes in the text. */
static uint32_t
query_peek_at(const struct query_parser *parser, size_t at, size_t *length)
{
	uint32_t code = 0;

	*length =
	    at < parser->bytes ? text_decode(parser->text + at, parser->bytes - at, &code) : 0;
	if (*length == 0)
		return 0;
	if (code >= 0xFF01 && code <= 0xFF5E)
		return code - 0xFF01 + '!';
	if (code == 0x201C || code == 0x201D)
		return '"';
	if (code == 0x3000 || code == 0xA0 || code == '\t' || code == '\n' || code == '\r')
		return ' ';
	return code;
}

static uint32_t
query_peek(const struct query_parser *parser)
{
	size_t length;

	return query_peek_at(parser, parser->at, &length);
}

static bool
query_take(struct query_parser *parser, uint32_t sign)
{
	size_t length;

	if (query_peek_at(parser, parser->at, &length) != sign || length == 0)
		return false;
	parser->at += length;
	return true;
}

/* Past the next sign; what may not be shown (pasted zero-width signs) is left out of out. */
static void
query_read(struct query_parser *parser, struct buf *out, bool fold)
{
	size_t length;
	uint32_t code = query_peek_at(parser, parser->at, &length);
	char sign[4];

	if (fold && text_code_allowed(code))
		buf_put(out, sign, text_encode(code, sign));
	else if (text_code_allowed(code))
		buf_put(out, parser->text + parser->at, length);
	parser->at += length;
}

static char *
query_keep(struct query_parser *parser, struct buf *buf)
{
	char *text = arena_strndup(parser->arena, buf_text(buf), buf->bytes);

	buf_fini(buf);
	return text;
}

static bool
query_ends_word(uint32_t code, bool in_values)
{
	return code == 0 || code == ' ' || (in_values && code == ',');
}

/* A word up to a space (or comma among values), or up to ".." where a range is possible. */
static const char *
query_word(struct query_parser *parser, bool in_values, bool stop_at_dots)
{
	struct buf word = BUF_INIT;
	size_t length;

	for (;;) {
		uint32_t code = query_peek_at(parser, parser->at, &length);
		if (query_ends_word(code, in_values))
			break;
		size_t next;
		if (stop_at_dots && code == '.' &&
		    query_peek_at(parser, parser->at + length, &next) == '.')
			break;
		query_read(parser, &word, true);
	}
	return query_keep(parser, &word);
}

/* “ closes with ”, " with ": one kind may stand inside the other. */
static bool
query_take_closing(struct query_parser *parser, bool curly)
{
	size_t length;
	uint32_t code = 0;

	if (query_peek_at(parser, parser->at, &length) != '"')
		return false;
	text_decode(parser->text + parser->at, length, &code);
	if ((code == 0x201C || code == 0x201D) != curly)
		return false;
	parser->at += length;
	return true;
}

static enum err
query_quoted(struct query_parser *parser, bool in_values, const char **text)
{
	struct buf phrase = BUF_INIT;
	size_t start = parser->at, length, next_length;
	bool curly = !query_take_closing(parser, false) && query_take_closing(parser, true);

	while (!query_take_closing(parser, curly)) {
		uint32_t code = query_peek_at(parser, parser->at, &length);
		if (code == 0) {
			buf_fini(&phrase);
			return query_fail(parser, QUERY_FAULT_OPEN_QUOTE, start, parser->bytes);
		}
		uint32_t next = query_peek_at(parser, parser->at + length, &next_length);
		if (code == '\\' && (next == '"' || next == '\\'))
			parser->at += length;
		if (code == ' ') {
			buf_putc(&phrase, ' ');
			parser->at += length;
		} else {
			query_read(parser, &phrase, false);
		}
	}
	*text = query_keep(parser, &phrase);
	size_t end = parser->at;
	if (!query_ends_word(query_peek(parser), in_values)) {
		query_word(parser, in_values, false);
		return query_fail(parser, QUERY_FAULT_AFTER_QUOTE, end, parser->at);
	}
	return ERR_OK;
}

static enum query_op
query_comparison(struct query_parser *parser)
{
	if (query_take(parser, '>'))
		return query_take(parser, '=') ? QUERY_GE : QUERY_GT;
	if (query_take(parser, '<'))
		return query_take(parser, '=') ? QUERY_LE : QUERY_LT;
	return QUERY_EQ;
}

/* start: where the term or the list of values begins, for an error that has no text itself. */
static enum err
query_value(struct query_parser *parser, size_t start, struct query_value *value)
{
	size_t from = parser->at;
	enum err err = ERR_OK;

	value->op = query_comparison(parser);
	if (query_peek(parser) == '"') {
		value->quoted = true;
		err = query_quoted(parser, true, &value->text);
	} else {
		value->text = query_word(parser, true, value->op == QUERY_EQ);
		if (value->op == QUERY_EQ && query_take(parser, '.')) {
			query_take(parser, '.');
			value->op = QUERY_RANGE;
			value->high = query_word(parser, true, false);
		}
	}
	value->at = (struct query_span){ .at_bytes = from, .bytes = parser->at - from };
	if (err != ERR_OK)
		return err;
	if (value->op == QUERY_RANGE && *value->text == '\0' && *value->high == '\0')
		return query_fail(parser, QUERY_FAULT_NO_RANGE, from, parser->at);
	if (value->op != QUERY_RANGE && !value->quoted && *value->text == '\0')
		return query_fail(parser, QUERY_FAULT_NO_VALUE, start, parser->at);
	return ERR_OK;
}

/* The next value of the term; its values follow one another in the parser's array. */
static struct query_value *
query_next_value(struct query_parser *parser, struct query_term *term)
{
	if (parser->count == QUERY_VALUES)
		return NULL;
	struct query_value *value = &parser->values[parser->count++];
	if (term->count++ == 0)
		term->values = value;
	return value;
}

static enum err
query_values(struct query_parser *parser, size_t start, struct query_term *term)
{
	do {
		struct query_value *value = query_next_value(parser, term);
		if (value == NULL)
			return query_fail(parser, QUERY_FAULT_VALUES, start, parser->at);
		enum err err = query_value(parser, start, value);
		if (err != ERR_OK)
			return err;
	} while (query_take(parser, ','));
	return ERR_OK;
}

static bool
query_is_name_sign(uint32_t code, bool first)
{
	bool letter = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
		      code == '_' || code >= 0x80;

	return letter || (!first && ((code >= '0' && code <= '9') || code == '.'));
}

/* A field and its colon, if that is what stands here; else nothing is taken. */
static bool
query_field(struct query_parser *parser, struct query_term *term)
{
	struct buf name = BUF_INIT;
	size_t start = parser->at;

	while (query_is_name_sign(query_peek(parser), parser->at == start))
		query_read(parser, &name, true);
	size_t end = parser->at;
	if (name.bytes == 0 || !query_take(parser, ':')) {
		parser->at = start;
		buf_fini(&name);
		return false;
	}
	for (size_t i = 0; i < name.bytes; i++)
		if (name.data[i] >= 'A' && name.data[i] <= 'Z')
			name.data[i] |= 0x20;
	term->field = query_keep(parser, &name);
	term->field_at = (struct query_span){ .at_bytes = start, .bytes = end - start };
	return true;
}

static enum err
query_bare(struct query_parser *parser, size_t start, struct query_term *term)
{
	struct query_value *value = query_next_value(parser, term);
	size_t from = parser->at;
	enum err err = ERR_OK;

	if (value == NULL)
		return query_fail(parser, QUERY_FAULT_VALUES, start, parser->at);
	value->quoted = query_peek(parser) == '"';
	if (value->quoted)
		err = query_quoted(parser, false, &value->text);
	else
		value->text = query_word(parser, false, false);
	value->at = (struct query_span){ .at_bytes = from, .bytes = parser->at - from };
	return err;
}

static enum err
query_term(struct query_parser *parser)
{
	size_t start = parser->at;
	struct query *query = parser->query;

	if (query->count == QUERY_TERMS)
		return query_fail(parser, QUERY_FAULT_TERMS, start, parser->bytes);
	struct query_term *term = &query->terms[query->count];
	term->negated = query_take(parser, '-');
	if (term->negated && query_ends_word(query_peek(parser), false))
		return query_fail(parser, QUERY_FAULT_NO_TERM, start, parser->at);
	enum err err = query_field(parser, term) ? query_values(parser, start, term)
						 : query_bare(parser, start, term);
	if (err != ERR_OK)
		return err;
	term->at = (struct query_span){ .at_bytes = start, .bytes = parser->at - start };
	/* A word of nothing but invisible signs, or an empty phrase, says nothing: left out. */
	if (term->field != NULL || *term->values[0].text != '\0')
		query->count++;
	else
		*term = (struct query_term){ 0 };
	return ERR_OK;
}

enum err
query_parse(
    struct arena *arena, const char *text, struct query **query, struct query_error *error)
{
	struct query_parser parser = {
		.arena = arena,
		.text = text,
		.bytes = strlen(text),
		.error = error,
	};
	enum err err = ERR_OK;

	*error = (struct query_error){ 0 };
	if (parser.bytes > QUERY_TEXT_BYTES)
		return query_fail(
		    &parser, QUERY_FAULT_TOO_LONG, QUERY_TEXT_BYTES, parser.bytes);
	if (!text_valid(text, parser.bytes))
		return query_fail(&parser, QUERY_FAULT_BYTES, 0, parser.bytes);
	parser.query = ARENA_NEW(arena, struct query);
	parser.query->terms = ARENA_ARRAY(arena, struct query_term, QUERY_TERMS);
	parser.values = ARENA_ARRAY(arena, struct query_value, QUERY_VALUES);
	for (;;) {
		while (query_take(&parser, ' '))
			continue;
		if (parser.at >= parser.bytes || err != ERR_OK)
			break;
		err = query_term(&parser);
	}
	if (err == ERR_OK)
		*query = parser.query;
	return err;
}

const char *
query_fault_text(enum query_fault fault, enum lang lang)
{
	static const char *const texts[][2] = {
		[QUERY_FAULT_NONE] = { "no fault", "无错误" },
		[QUERY_FAULT_BYTES] = { "the text is not UTF-8", "文字不是 UTF-8 编码" },
		[QUERY_FAULT_TOO_LONG] = { "longer than 4096 bytes; shorten it",
		    "超过 4096 字节，请缩短" },
		[QUERY_FAULT_TERMS] = { "more than 64 conditions; leave some out",
		    "条件超过 64 个，请减少" },
		[QUERY_FAULT_VALUES] = { "more than 256 values; leave some out",
		    "取值超过 256 个，请减少" },
		[QUERY_FAULT_OPEN_QUOTE] = { "this quote is not closed", "引号没有结束" },
		[QUERY_FAULT_NO_VALUE] = { "a value is missing here", "此处缺少取值" },
		[QUERY_FAULT_NO_TERM] = { "nothing follows the minus", "减号后没有条件" },
		[QUERY_FAULT_NO_RANGE] = { "a range needs at least one end",
		    "范围至少需要一端" },
		[QUERY_FAULT_AFTER_QUOTE] = { "a space is missing after the quote",
		    "引号后缺少空格" },
	};

	return texts[fault][lang == LANG_ZH];
}
