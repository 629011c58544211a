/*
 * The producer's side of a document: cleans and formats what it is given, keeps the groups and
 * their sums, and hands every part to the sink. Pages, widths and files are the sinks'
 * business.
 *
 * Memory: the head and the open table live in doc->arena, one row or part in doc->scratch,
 * which is reset before the next.
 */
#include "server/report/doc.h"
#include "common/buf.h"
#include "common/date.h"
#include "common/money.h"
#include "common/text.h"
#include "server/report/doc_sink.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Depth 0 holds the grand total, depth n + 1 the open group of level n. */
#define DOC_DEPTHS (DOC_LEVELS_MAX + 1)

struct doc_running {
	int64_t value;
	bool spoiled; /* a cell showed a text where a value belongs */
};

struct doc {
	struct doc_sink *sink;
	struct arena *arena;
	struct arena *scratch;
	enum err err;
	bool begun, ended, in_table;
	struct doc_head head;

	struct arena_mark before_table;
	struct doc_table table;
	struct doc_groups groups;
	struct buf headings[DOC_LEVELS_MAX];
	struct buf keys[DOC_LEVELS_MAX];
	struct doc_running *sums[DOC_DEPTHS]; /* one per column */
	uint64_t rows[DOC_DEPTHS]; /* below an open group, not yet in the outer one's */
	uint64_t all_rows;
};

struct doc *
doc_new(struct doc_sink *sink)
{
	struct arena *arena = arena_new(0);
	struct doc *doc = ARENA_NEW(arena, struct doc);

	doc->sink = sink;
	doc->arena = arena;
	doc->scratch = arena_new(0);
	return doc;
}

void
doc_free(struct doc *doc)
{
	if (doc == NULL)
		return;
	doc->sink->ops->free(doc->sink);
	for (size_t i = 0; i < DOC_LEVELS_MAX; i++) {
		buf_fini(&doc->headings[i]);
		buf_fini(&doc->keys[i]);
	}
	arena_free(doc->scratch);
	arena_free(doc->arena);
}

enum err
doc_error(const struct doc *doc)
{
	return doc->err;
}

bool
doc_satisfied(const struct doc *doc)
{
	return doc->sink->ops->satisfied != NULL && doc->sink->ops->satisfied(doc->sink);
}

/* The first error wins and stays. */
static enum err
doc_note_error(struct doc *doc, enum err err)
{
	if (doc->err == ERR_OK)
		doc->err = err;
	return doc->err;
}

/* A clean copy that outlives the caller's text. */
static const char *
doc_copy(struct arena *arena, const char *text, enum text_kind kind)
{
	const char *clean;

	if (text == NULL)
		return NULL;
	clean = text_print(arena, text, kind);
	return clean == text ? arena_strdup(arena, text) : clean;
}

static const struct doc_field *
doc_copy_fields(
    struct arena *arena, const struct doc_field *fields, size_t count, enum text_kind kind)
{
	struct doc_field *copy = ARENA_ARRAY(arena, struct doc_field, count);

	for (size_t i = 0; i < count; i++) {
		copy[i] = fields[i];
		copy[i].label =
		    fields[i].label ? doc_copy(arena, fields[i].label, TEXT_LINE) : "";
		copy[i].value = fields[i].value ? doc_copy(arena, fields[i].value, kind) : "";
	}
	return copy;
}

enum err
doc_begin(struct doc *doc, const struct doc_head *head)
{
	struct arena *arena = doc->arena;

	assert(!doc->begun);
	doc->begun = true;
	doc->head = *head;
	doc->head.title = head->title ? doc_copy(arena, head->title, TEXT_LINE) : "";
	doc->head.organisation = doc_copy(arena, head->organisation, TEXT_LINE);
	doc->head.number = doc_copy(arena, head->number, TEXT_LINE);
	doc->head.printed = doc_copy(arena, head->printed, TEXT_LINE);
	doc->head.params = doc_copy_fields(arena, head->params, head->param_count, TEXT_LINE);
	return doc_note_error(doc, doc->sink->ops->begin(doc->sink, &doc->head));
}

/* Before every part outside a table. */
static enum err
doc_part(struct doc *doc)
{
	assert(doc->begun && !doc->ended);
	if (doc->in_table)
		doc_table_end(doc);
	arena_reset(doc->scratch);
	return doc->err;
}

enum err
doc_heading(struct doc *doc, const char *text)
{
	if (doc_part(doc) != ERR_OK)
		return doc->err;
	text = text_print(doc->scratch, text, TEXT_LINE);
	return doc_note_error(doc, doc->sink->ops->heading(doc->sink, text));
}

enum err
doc_note(struct doc *doc, const char *text)
{
	if (doc_part(doc) != ERR_OK)
		return doc->err;
	text = text_print(doc->scratch, text, TEXT_BLOCK);
	return doc_note_error(doc, doc->sink->ops->note(doc->sink, text));
}

enum err
doc_fields(struct doc *doc, const struct doc_field *fields, size_t count, unsigned across)
{
	assert(across == 1 || across == 2);
	if (doc_part(doc) != ERR_OK)
		return doc->err;
	fields = doc_copy_fields(doc->scratch, fields, count, TEXT_BLOCK);
	return doc_note_error(doc, doc->sink->ops->fields(doc->sink, fields, count, across));
}

enum err
doc_signatures(struct doc *doc, const char *const *labels, size_t count)
{
	if (doc_part(doc) != ERR_OK)
		return doc->err;
	const char **clean = ARENA_ARRAY(doc->scratch, const char *, count);
	for (size_t i = 0; i < count; i++)
		clean[i] = text_print(doc->scratch, labels[i], TEXT_LINE);
	return doc_note_error(doc, doc->sink->ops->signatures(doc->sink, clean, count));
}

struct doc_chart *
doc_chart_dup(struct arena *arena, const struct doc_chart *chart)
{
	struct doc_chart *copy = ARENA_NEW(arena, struct doc_chart);
	const char **series = ARENA_ARRAY(arena, const char *, chart->series_count);
	struct doc_point *points = ARENA_ARRAY(arena, struct doc_point, chart->count);

	*copy = *chart;
	for (size_t i = 0; i < chart->series_count; i++)
		series[i] = doc_copy(arena, chart->series[i] ? chart->series[i] : "", TEXT_LINE);
	for (size_t i = 0; i < chart->count; i++) {
		points[i].label = doc_copy(arena, chart->points[i].label, TEXT_LINE);
		points[i].values = arena_memdup(arena, chart->points[i].values,
		    chart->series_count * sizeof(*chart->points[i].values));
	}
	copy->title = doc_copy(arena, chart->title, TEXT_LINE);
	copy->series = series;
	copy->points = points;
	return copy;
}

enum err
doc_chart(struct doc *doc, const struct doc_chart *chart)
{
	assert(chart->series_count > 0 && chart->series_count <= DOC_SERIES_MAX);
	if (doc_part(doc) != ERR_OK)
		return doc->err;
	return doc_note_error(
	    doc, doc->sink->ops->chart(doc->sink, doc_chart_dup(doc->scratch, chart)));
}

static void
doc_copy_table(struct doc *doc, const struct doc_table *table)
{
	struct doc_column *columns =
	    ARENA_ARRAY(doc->arena, struct doc_column, table->column_count);

	for (size_t i = 0; i < table->column_count; i++) {
		columns[i] = table->columns[i];
		columns[i].title =
		    columns[i].title ? doc_copy(doc->arena, columns[i].title, TEXT_LINE) : "";
	}
	doc->table = *table;
	doc->table.columns = columns;
	doc->table.title = doc_copy(doc->arena, table->title, TEXT_LINE);
	for (size_t i = 0; i < table->level_count; i++)
		doc->table.levels[i].title =
		    doc_copy(doc->arena, table->levels[i].title, TEXT_LINE);
}

enum err
doc_table(struct doc *doc, const struct doc_table *table)
{
	if (doc_part(doc) != ERR_OK)
		return doc->err;
	assert(table->column_count > 0 && table->column_count <= DOC_COLUMNS_MAX);
	assert(table->level_count <= DOC_LEVELS_MAX);
	doc->before_table = arena_mark(doc->arena);
	doc->in_table = true;
	doc_copy_table(doc, table);
	doc->groups = (struct doc_groups){ 0 };
	doc->all_rows = 0;
	for (size_t depth = 0; depth <= table->level_count; depth++) {
		doc->rows[depth] = 0;
		doc->sums[depth] =
		    ARENA_ARRAY(doc->arena, struct doc_running, table->column_count);
	}
	return doc_note_error(doc, doc->sink->ops->table(doc->sink, &doc->table, &doc->groups));
}

static const char *
doc_format(struct doc *doc, const struct doc_column *column, int64_t value)
{
	switch (column->kind) {
	case DOC_INTEGER:
		return money_format(doc->scratch, value, 0, false);
	case DOC_MONEY:
		return money_format(doc->scratch, value, column->decimals, false);
	case DOC_DATE:
		return date_format(doc->scratch, value);
	case DOC_MOMENT:
		return date_format_us(doc->scratch, value, doc->head.offset_min);
	case DOC_TEXT:
		break;
	}
	return money_format(doc->scratch, value, 0, true);
}

/* A cell as sinks see it: text set and clean. */
static struct doc_cell
doc_finish_cell(struct doc *doc, const struct doc_column *column, struct doc_cell cell)
{
	if (cell.has == DOC_CELL_VALUE)
		cell.text = doc_format(doc, column, cell.value);
	else if (cell.has == DOC_CELL_TEXT && cell.text != NULL)
		cell.text =
		    text_print(doc->scratch, cell.text, column->wrap ? TEXT_BLOCK : TEXT_LINE);
	else
		cell = (struct doc_cell){ .has = DOC_CELL_EMPTY, .text = "" };
	return cell;
}

/* What a total shows of one column. */
static struct doc_cell
doc_sum_cell(const struct doc_column *column, const struct doc_running *sum)
{
	if (column->sum == DOC_SUM_NONE)
		return doc_empty();
	if (sum->spoiled)
		return doc_text("-");
	return doc_value(sum->value);
}

static enum err
doc_send_total(struct doc *doc, size_t depth)
{
	const struct doc_table *table = &doc->table;
	enum lang lang = doc->head.lang;
	struct doc_row row = { .kind = depth > 0 ? DOC_SUBTOTAL : DOC_TOTAL };
	struct doc_cell *cells;

	arena_reset(doc->scratch);
	cells = ARENA_ARRAY(doc->scratch, struct doc_cell, table->column_count);
	for (size_t i = 0; i < table->column_count; i++)
		cells[i] = doc_sum_cell(&table->columns[i], &doc->sums[depth][i]);
	if (table->total != NULL)
		table->total(table->total_ctx, depth, doc->rows[depth], cells);
	for (size_t i = 0; i < table->column_count; i++) {
		struct doc_column column = doc_row_column(&row, &table->columns[i]);

		cells[i] = doc_finish_cell(doc, &column, cells[i]);
	}
	row.cells = cells;
	row.label = doc_word(DOC_WORD_TOTAL, lang);
	if (depth > 0) {
		row.level = depth - 1;
		row.label = arena_printf(doc->scratch, "%s%s",
		    doc_word(DOC_WORD_SUBTOTAL, lang), doc->groups.heading[row.level]);
	}
	return doc_note_error(doc, doc->sink->ops->row(doc->sink, &row));
}

/* Adds a closed group's sums to the group around it, so that a row is added up only once. */
static enum err
doc_roll_up(struct doc *doc, size_t depth)
{
	struct doc_running *inner = doc->sums[depth], *outer = doc->sums[depth - 1];

	for (size_t i = 0; i < doc->table.column_count; i++) {
		if (__builtin_add_overflow(outer[i].value, inner[i].value, &outer[i].value))
			return doc_note_error(doc, ERR_TOO_LARGE);
		outer[i].spoiled |= inner[i].spoiled;
		inner[i] = (struct doc_running){ 0 };
	}
	doc->rows[depth - 1] += doc->rows[depth];
	doc->rows[depth] = 0;
	return doc->err;
}

/* Ends the open groups of this level and inside it. */
static enum err
doc_close_groups(struct doc *doc, size_t level)
{
	while (doc->groups.depth > level && doc->err == ERR_OK) {
		size_t depth = doc->groups.depth;

		if (doc->table.levels[depth - 1].subtotal && doc->rows[depth] > 0)
			doc_send_total(doc, depth);
		if (doc->err == ERR_OK)
			doc_roll_up(doc, depth);
		doc->groups.depth--;
	}
	return doc->err;
}

enum err
doc_group(struct doc *doc, size_t level, const char *heading)
{
	struct buf *kept;

	assert(doc->in_table && level < doc->table.level_count && level <= doc->groups.depth);
	if (doc->err != ERR_OK || doc_close_groups(doc, level) != ERR_OK)
		return doc->err;
	arena_reset(doc->scratch);
	kept = &doc->headings[level];
	buf_clear(kept);
	buf_puts(kept, text_print(doc->scratch, heading ? heading : "", TEXT_LINE));
	doc->groups.heading[level] = buf_text(kept);
	doc->groups.depth = level + 1;
	return doc_note_error(doc, doc->sink->ops->group(doc->sink, level));
}

enum err
doc_break(struct doc *doc, const struct doc_key *keys)
{
	size_t level = 0;

	while (level < doc->groups.depth &&
	       strcmp(buf_text(&doc->keys[level]), keys[level].key) == 0)
		level++;
	for (; level < doc->table.level_count && doc->err == ERR_OK; level++) {
		buf_clear(&doc->keys[level]);
		buf_puts(&doc->keys[level], keys[level].key);
		doc_group(doc, level, keys[level].heading);
	}
	return doc->err;
}

static enum err
doc_add(struct doc *doc, const struct doc_cell *cells)
{
	struct doc_running *sums = doc->sums[doc->groups.depth];

	for (size_t i = 0; i < doc->table.column_count; i++) {
		enum doc_sum sum = doc->table.columns[i].sum;
		int64_t add = 0;

		if (sum == DOC_SUM && cells[i].has == DOC_CELL_VALUE)
			add = cells[i].value;
		else if (sum == DOC_SUM && cells[i].has == DOC_CELL_TEXT)
			sums[i].spoiled = true;
		else if (sum == DOC_COUNT && cells[i].has != DOC_CELL_EMPTY)
			add = 1;
		if (__builtin_add_overflow(sums[i].value, add, &sums[i].value))
			return doc_note_error(doc, ERR_TOO_LARGE);
	}
	doc->rows[doc->groups.depth]++;
	doc->all_rows++;
	return doc->err;
}

enum err
doc_row(struct doc *doc, const struct doc_cell *cells)
{
	struct doc_row row = { .kind = DOC_ROW };
	struct doc_cell *shown;

	assert(doc->in_table);
	if (doc->err != ERR_OK || doc_add(doc, cells) != ERR_OK)
		return doc->err;
	arena_reset(doc->scratch);
	shown = ARENA_ARRAY(doc->scratch, struct doc_cell, doc->table.column_count);
	for (size_t i = 0; i < doc->table.column_count; i++)
		shown[i] = doc_finish_cell(doc, &doc->table.columns[i], cells[i]);
	row.cells = shown;
	return doc_note_error(doc, doc->sink->ops->row(doc->sink, &row));
}

enum err
doc_table_end(struct doc *doc)
{
	if (!doc->in_table)
		return doc->err;
	doc->in_table = false;
	if (doc->err == ERR_OK && doc_close_groups(doc, 0) == ERR_OK) {
		if (doc->table.totals && doc->all_rows > 0)
			doc_send_total(doc, 0);
	}
	if (doc->err == ERR_OK)
		doc_note_error(doc, doc->sink->ops->table_end(doc->sink, doc->all_rows));
	arena_rewind(doc->arena, doc->before_table);
	return doc->err;
}

enum err
doc_end(struct doc *doc)
{
	if (doc_part(doc) == ERR_OK)
		doc_note_error(doc, doc->sink->ops->end(doc->sink));
	doc->ended = true;
	return doc->err;
}
