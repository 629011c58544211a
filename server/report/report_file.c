/*
 * Reading the text of a report: lines "-- keyword: …" are directives, other comments are left
 * out, and what follows a table's directives until the next table is its SQL. Every name is
 * looked up here, so that running a report meets no unknown one.
 */
#include "server/report/report_file.h"

#include "common/buf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FILE_ATTRIBUTES_MAX 16

struct file_attribute {
	const char *key, *value; /* a bare word has an empty key */
	bool used;
};

struct file_reading {
	struct arena *arena;
	const struct catalog *catalog;
	struct report_file *file;
	struct file_table *table;
	struct buf sql, reads;
	const char *main;
	size_t line;
	const char *why;
	struct file_attribute attributes[FILE_ATTRIBUTES_MAX];
	size_t count;
};

static bool
file_wrong(struct file_reading *r, const char *what, const char *name)
{
	if (r->why == NULL)
		r->why = arena_printf(r->arena, "line %zu: %s%s%s", r->line, what,
		    name != NULL ? ": " : "", name != NULL ? name : "");
	return false;
}

/* ---- the words of a directive ------------------------------------------------------------ */

/* One word: key=value, key="a value", or value. Moves *at past it. */
static bool
file_take_word(struct file_reading *r, const char **at, struct file_attribute *word)
{
	const char *p = *at, *start = p;

	*word = (struct file_attribute){ .key = "" };
	while (*p != '\0' && !isspace((unsigned char)*p) && *p != '=')
		p++;
	if (*p == '=') {
		word->key = arena_strndup(r->arena, start, (size_t)(p - start));
		start = ++p;
		if (*p == '"') {
			const char *end = strchr(++p, '"');

			if (end == NULL)
				return file_wrong(r, "a quotation mark without its end", NULL);
			word->value = arena_strndup(r->arena, p, (size_t)(end - p));
			*at = end + 1;
			return true;
		}
		while (*p != '\0' && !isspace((unsigned char)*p))
			p++;
	}
	word->value = arena_strndup(r->arena, start, (size_t)(p - start));
	*at = p;
	return true;
}

static bool
file_split(struct file_reading *r, const char *line)
{
	r->count = 0;
	for (;;) {
		while (isspace((unsigned char)*line))
			line++;
		if (*line == '\0')
			return true;
		if (r->count == FILE_ATTRIBUTES_MAX)
			return file_wrong(r, "too many words", NULL);
		if (!file_take_word(r, &line, &r->attributes[r->count]))
			return false;
		r->count++;
	}
}

/* The value of key, or NULL. */
static const char *
file_value(struct file_reading *r, const char *key)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->attributes[i].key, key) == 0) {
			r->attributes[i].used = true;
			return r->attributes[i].value;
		}
	return NULL;
}

/* Whether the bare word is there. */
static bool
file_says(struct file_reading *r, const char *word)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->attributes[i].key[0] == '\0' &&
		    strcmp(r->attributes[i].value, word) == 0)
			return r->attributes[i].used = true;
	return false;
}

/* The next bare word that nothing asked for yet, or NULL. */
static const char *
file_bare(struct file_reading *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->attributes[i].key[0] == '\0' && !r->attributes[i].used) {
			r->attributes[i].used = true;
			return r->attributes[i].value;
		}
	return NULL;
}

static bool
file_all_used(struct file_reading *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (!r->attributes[i].used)
			return file_wrong(r, "not understood",
			    r->attributes[i].key[0] != '\0' ? r->attributes[i].key
							    : r->attributes[i].value);
	return true;
}

static bool
file_take_titles(struct file_reading *r, struct file_words *words, bool needed)
{
	words->zh = file_value(r, "zh");
	words->en = file_value(r, "en");
	if ((words->zh == NULL) != (words->en == NULL) || (needed && words->zh == NULL))
		return file_wrong(r, "needs both zh= and en=", NULL);
	return true;
}

static unsigned
file_number(struct file_reading *r, const char *key, unsigned most)
{
	const char *text = file_value(r, key);
	unsigned long number = text != NULL ? strtoul(text, NULL, 10) : 0;

	if (number > most)
		file_wrong(r, "too large", key);
	return (unsigned)number;
}

/* ---- names ------------------------------------------------------------------------------- */

/* The column of the open table, 1 + its place; 0 and a reason: there is none. */
static size_t
file_column_named(struct file_reading *r, const char *name)
{
	for (size_t i = 0; name != NULL && i < r->table->column_count; i++)
		if (strcmp(r->table->columns[i].name, name) == 0)
			return i + 1;
	file_wrong(r, "no such column", name != NULL ? name : "?");
	return 0;
}

static size_t
file_columns_named(struct file_reading *r, const char *names, size_t *columns)
{
	char *copy = arena_strdup(r->arena, names), *save = NULL;
	size_t count = 0;

	for (char *name = copy ? strtok_r(copy, ",", &save) : NULL; name;
	     name = strtok_r(NULL, ",", &save)) {
		size_t at = file_column_named(r, name);

		if (at == 0 || count == FILE_VALUES_MAX)
			return 0;
		columns[count++] = at - 1;
	}
	if (count == 0)
		file_wrong(r, "needs values=", NULL);
	return count;
}

static size_t
file_parameter_named(const struct report_file *file, const char *name, size_t bytes)
{
	for (size_t i = 0; i < file->parameter_count; i++)
		if (strlen(file->parameters[i].name) == bytes &&
		    memcmp(file->parameters[i].name, name, bytes) == 0)
			return i + 1;
	return 0;
}

/* "customer.level" */
static const struct field *
file_field_named(
    const struct catalog *catalog, const char *name, size_t bytes, const struct entity **entity)
{
	char word[128];
	char *dot;
	const struct entity_view *view;

	if (bytes >= sizeof(word))
		return NULL;
	memcpy(word, name, bytes);
	word[bytes] = '\0';
	dot = strchr(word, '.');
	if (dot == NULL)
		return NULL;
	*dot = '\0';
	view = catalog_entity_named(catalog, word);
	if (view == NULL)
		return NULL;
	*entity = view->def;
	return entity_field_named(view, dot + 1);
}

/* A list "a.b,c.d" of fields, which become blank-separated. */
static bool
file_take_fields(struct file_reading *r, const char *names, const char **fields)
{
	char *copy = arena_strdup(r->arena, names);
	const struct entity *entity;

	for (char *p = copy; p != NULL && *p != '\0';) {
		size_t bytes = strcspn(p, ",");

		if (file_field_named(r->catalog, p, bytes, &entity) == NULL)
			return file_wrong(
			    r, "no such field", arena_strndup(r->arena, p, bytes));
		p += bytes;
		if (*p == ',')
			*p++ = ' ';
	}
	*fields = copy;
	return true;
}

/* ---- directives -------------------------------------------------------------------------- */

static bool
file_take_report(struct file_reading *r)
{
	struct file_words title;
	const char *main = file_value(r, "main");

	if (!file_take_titles(r, &title, true))
		return false;
	r->file->info.zh = title.zh;
	r->file->info.en = title.en;
	r->file->wide = file_says(r, "wide");
	if (main != NULL && catalog_entity_named(r->catalog, main) == NULL)
		return file_wrong(r, "no such kind of record", main);
	r->main = main;
	r->file->info.entity = file_value(r, "of");
	if (r->file->info.entity != NULL &&
	    catalog_entity_named(r->catalog, r->file->info.entity) == NULL)
		return file_wrong(r, "no such kind of record", r->file->info.entity);
	if (r->main == NULL)
		r->main = r->file->info.entity;
	return true;
}

static bool
file_take_type(struct file_reading *r, const char *type, struct field *field)
{
	static const struct {
		const char *name;
		enum field_type type;
	} types[] = { { "date", TYPE_DATE }, { "integer", TYPE_INT }, { "text", TYPE_TEXT },
		{ "bool", TYPE_BOOL }, { "choice", TYPE_CHOICE }, { "reference", TYPE_REF } };

	for (size_t i = 0; type != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, type) == 0) {
			field->type = types[i].type;
			return true;
		}
	return file_wrong(r, "no such type of parameter", type != NULL ? type : "?");
}

static bool
file_take_parameter(struct file_reading *r)
{
	struct report_file *file = r->file;
	size_t at = file->parameter_count;
	struct field *field = &file->parameters[at];
	struct file_parameter *rule = &file->rules[at];
	const char *before = file_value(r, "not_before"), *fields = file_value(r, "fields");
	struct file_words title;

	if (at == FILE_PARAMETERS_MAX)
		return file_wrong(r, "too many parameters", NULL);
	field->number = (uint32_t)at + 1;
	field->name = file_bare(r);
	if (field->name == NULL || !file_take_type(r, file_bare(r), field) ||
	    !file_take_titles(r, &title, true))
		return file_wrong(r, "needs a name, a type and titles", NULL);
	field->zh = title.zh;
	field->en = title.en;
	field->flags = file_says(r, "required") ? FIELD_REQUIRED : 0;
	field->ref = file_value(r, "ref");
	field->dict = file_value(r, "list");
	field->help_zh = file_value(r, "help_zh");
	field->help_en = file_value(r, "help_en");
	rule->initial = file_value(r, "default");
	if (field->type == TYPE_REF && catalog_entity_named(r->catalog, field->ref) == NULL)
		return file_wrong(
		    r, "no such kind of record", field->ref != NULL ? field->ref : "ref=?");
	if (fields != NULL && !file_take_fields(r, fields, &rule->fields))
		return false;
	if (field->type == TYPE_CHOICE && fields == NULL && field->dict == NULL)
		return file_wrong(r, "a choice needs list= or fields=", NULL);
	if (before != NULL)
		rule->not_before = file_parameter_named(file, before, strlen(before));
	if (before != NULL && rule->not_before == 0)
		return file_wrong(r, "no such parameter", before);
	file->parameter_count++;
	if (fields != NULL)
		field->dict = report_file_list(r->arena, file, at);
	return true;
}

static bool
file_take_text(struct file_reading *r)
{
	struct file_word *word = &r->file->words[r->file->word_count];

	if (r->file->word_count == FILE_WORDS_MAX)
		return file_wrong(r, "too many words", NULL);
	word->code = file_bare(r);
	if (word->code == NULL)
		return file_wrong(r, "needs a code", NULL);
	r->file->word_count++;
	return file_take_titles(r, &word->title, true);
}

static bool
file_take_note(struct file_reading *r)
{
	if (r->file->note_count == FILE_NOTES_MAX)
		return file_wrong(r, "too many notes", NULL);
	return file_take_titles(r, &r->file->notes[r->file->note_count++], true);
}

static void
file_close_table(struct file_reading *r)
{
	if (r->table != NULL)
		r->table->sql = arena_strdup(r->arena, buf_text(&r->sql));
	buf_clear(&r->sql);
}

static bool
file_take_table(struct file_reading *r)
{
	file_close_table(r);
	if (r->file->table_count == FILE_TABLES_MAX)
		return file_wrong(r, "too many tables", NULL);
	r->table = &r->file->tables[r->file->table_count++];
	r->table->totals = file_says(r, "totals");
	r->table->card = file_says(r, "card");
	return file_take_titles(r, &r->table->title, false);
}

/* A column that is a field takes from it what is not said. */
static bool
file_take_column_field(struct file_reading *r, struct file_column *column, const char *name)
{
	column->field = file_field_named(r->catalog, name, strlen(name), &column->entity);
	if (column->field == NULL)
		return file_wrong(r, "no such field", name);
	if (column->title.zh == NULL)
		column->title = (struct file_words){ column->field->zh, column->field->en };
	column->decimals = column->field->type == TYPE_MONEY ? 2 : column->field->decimals;
	return true;
}

enum file_kind
report_file_kind(const struct field *field)
{
	switch (field->type) {
	case TYPE_INT:
		return FILE_INTEGER;
	case TYPE_QUANTITY:
		return FILE_NUMBER;
	case TYPE_MONEY:
		return FILE_MONEY;
	case TYPE_DATE:
		return FILE_DATE;
	case TYPE_MOMENT:
		return FILE_MOMENT;
	case TYPE_BOOL:
		return FILE_BOOL;
	case TYPE_CHOICE:
		return FILE_CHOICE;
	case TYPE_REF:
		return FILE_SETUP;
	default:
		return FILE_TEXT;
	}
}

static bool
file_take_kind(struct file_reading *r, struct file_column *column, const char *kind)
{
	static const struct {
		const char *name;
		enum file_kind kind;
	} kinds[] = { { "text", FILE_TEXT }, { "integer", FILE_INTEGER },
		{ "number", FILE_NUMBER }, { "money", FILE_MONEY }, { "date", FILE_DATE },
		{ "moment", FILE_MOMENT }, { "word", FILE_WORD }, { "bool", FILE_BOOL } };

	if (kind == NULL && column->field != NULL) {
		column->kind = report_file_kind(column->field);
		return true;
	}
	if (kind == NULL && column->by != 0)
		return true;
	for (size_t i = 0; kind != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, kind) == 0) {
			column->kind = kinds[i].kind;
			if (column->kind == FILE_MONEY)
				column->decimals = 2;
			return true;
		}
	return file_wrong(r, "no such kind of column", kind != NULL ? kind : "?");
}

/* percent=won/closed, average=minutes/visits */
static bool
file_take_ratio(
    struct file_reading *r, struct file_column *column, const char *ratio, enum file_kind kind)
{
	const char *slash = strchr(ratio, '/');

	if (slash == NULL)
		return file_wrong(r, "needs two columns with / between", ratio);
	column->kind = kind;
	column->over =
	    file_column_named(r, arena_strndup(r->arena, ratio, (size_t)(slash - ratio)));
	column->under = file_column_named(r, slash + 1);
	if (column->over == 0 || column->under == 0)
		return false;
	column->over--;
	column->under--;
	if (kind == FILE_SHARE)
		column->decimals = 1;
	return true;
}

static bool
file_take_column(struct file_reading *r)
{
	struct file_column *column;
	const char *field = file_value(r, "field"), *by = file_value(r, "by");
	const char *percent = file_value(r, "percent"), *average = file_value(r, "average");
	const char *needs = file_value(r, "needs");
	unsigned decimals;
	bool fits;

	if (r->table == NULL || r->table->column_count == FILE_COLUMNS_MAX)
		return file_wrong(r, "no table is open, or it has too many columns", NULL);
	column = &r->table->columns[r->table->column_count];
	if (!file_take_titles(r, &column->title, false))
		return false;
	column->hidden = file_says(r, "hidden");
	column->named = file_says(r, "named");
	column->wrap = file_says(r, "wrap");
	column->sum = file_says(r, "sum")     ? DOC_SUM
		      : file_says(r, "count") ? DOC_COUNT
					      : DOC_SUM_NONE;
	column->width = (uint16_t)file_number(r, "width", 60);
	column->weight = (uint16_t)file_number(r, "share", 20);
	decimals = file_number(r, "decimals", 6);
	column->name = file_bare(r);
	if (column->name == NULL || !isalpha((unsigned char)column->name[0]) ||
	    strspn(column->name, "abcdefghijklmnopqrstuvwxyz0123456789_") !=
		strlen(column->name))
		return file_wrong(
		    r, "needs a name of small letters, digits and _", column->name);
	if (needs != NULL && !file_take_fields(r, needs, &column->needs))
		return false;
	if (field != NULL && !file_take_column_field(r, column, field))
		return false;
	if (by != NULL && (column->by = file_parameter_named(r->file, by, strlen(by))) == 0)
		return file_wrong(r, "no such parameter", by);
	if (by != NULL && r->file->rules[column->by - 1].fields == NULL)
		return file_wrong(r, "the parameter chooses no field", by);
	if (percent != NULL || average != NULL)
		fits = file_take_ratio(r, column, percent != NULL ? percent : average,
		    percent != NULL ? FILE_SHARE : FILE_AVERAGE);
	else
		fits = file_take_kind(r, column, file_bare(r));
	if (decimals != 0)
		column->decimals = decimals;
	if (fits && column->title.zh == NULL && column->by == 0 && !column->hidden)
		return file_wrong(r, "needs titles", column->name);
	r->table->column_count += fits;
	return fits;
}

static bool
file_take_group(struct file_reading *r)
{
	const char *label = file_value(r, "label");
	struct file_group *group;
	size_t column, shown;

	if (r->table == NULL || r->table->group_count == DOC_LEVELS_MAX)
		return file_wrong(r, "no table is open, or it has too many groups", NULL);
	group = &r->table->groups[r->table->group_count];
	group->subtotal = file_says(r, "subtotal");
	column = file_column_named(r, file_bare(r));
	shown = label != NULL ? file_column_named(r, label) : column;
	if (column == 0 || shown == 0)
		return false;
	group->column = column - 1;
	group->label = shown - 1;
	r->table->columns[group->column].hidden = r->table->columns[group->label].hidden = true;
	r->table->group_count++;
	return true;
}

static bool
file_take_pivot(struct file_reading *r)
{
	const char *values = file_value(r, "values");

	if (r->table == NULL)
		return file_wrong(r, "no table is open", NULL);
	r->table->pivot = file_column_named(r, file_bare(r));
	if (r->table->pivot == 0)
		return false;
	r->table->pivot_value_count = file_columns_named(r, values, r->table->pivot_values);
	return r->table->pivot_value_count > 0;
}

static bool
file_take_chart_kind(struct file_reading *r, const char *kind, enum doc_chart_kind *result)
{
	static const char *const kinds[] = { [DOC_BARS] = "bars",
		[DOC_STACKED] = "stacked",
		[DOC_LINE] = "line",
		[DOC_PIE] = "pie",
		[DOC_PARETO] = "pareto",
		[DOC_HEAT] = "heat" };

	for (size_t i = 0; kind != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], kind) == 0) {
			*result = (enum doc_chart_kind)i;
			return true;
		}
	return file_wrong(r, "no such kind of chart", kind != NULL ? kind : "?");
}

static bool
file_take_chart(struct file_reading *r)
{
	const char *label = file_value(r, "label"), *values = file_value(r, "values");
	const char *across = file_value(r, "across");
	struct file_chart *chart;
	size_t at;

	if (r->table == NULL || r->table->chart_count == FILE_CHARTS_MAX)
		return file_wrong(r, "no table is open, or it has too many charts", NULL);
	chart = &r->table->charts[r->table->chart_count];
	chart->by_group = file_says(r, "groups");
	if (!file_take_titles(r, &chart->title, true) ||
	    !file_take_chart_kind(r, file_bare(r), &chart->kind))
		return false;
	at = file_column_named(r, label);
	chart->value_count = at != 0 ? file_columns_named(r, values, chart->values) : 0;
	if (chart->value_count == 0)
		return false;
	chart->label = at - 1;
	if (across != NULL && (chart->across = file_column_named(r, across)) == 0)
		return false;
	if (across != NULL && chart->value_count != 1)
		return file_wrong(r, "across= goes with one value", NULL);
	r->table->chart_count++;
	return true;
}

static const struct {
	const char *name;
	bool (*take)(struct file_reading *r);
} file_directives[] = {
	{ "report", file_take_report },
	{ "parameter", file_take_parameter },
	{ "word", file_take_text },
	{ "note", file_take_note },
	{ "table", file_take_table },
	{ "column", file_take_column },
	{ "group", file_take_group },
	{ "pivot", file_take_pivot },
	{ "chart", file_take_chart },
};

/* ---- placeholders ------------------------------------------------------------------------ */

void
report_add_read(struct buf *reads, const char *name)
{
	const char *all = buf_text(reads);
	size_t bytes = strlen(name);

	for (const char *at = all; (at = strstr(at, name)) != NULL; at += bytes)
		if ((at == all || at[-1] == ' ') && (at[bytes] == ' ' || at[bytes] == '\0'))
			return;
	buf_printf(reads, "%s%s", reads->bytes > 0 ? " " : "", name);
}

static bool
file_check_parameter(struct file_reading *r, const char *name, char sign)
{
	size_t at = file_parameter_named(r->file, name, strlen(name));
	const struct field *field = at != 0 ? &r->file->parameters[at - 1] : NULL;

	if (field == NULL || ((sign == '^' || sign == '$') && field->type != TYPE_DATE) ||
	    (sign == '<' && field->type != TYPE_REF) ||
	    (sign == '.' && r->file->rules[at - 1].fields == NULL))
		return file_wrong(r, "no such parameter, or not of this type", name);
	return true;
}

static bool
file_check_placeholder(struct file_reading *r, const char *word)
{
	static const char *const plain[] = { "today", "now", "end" };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(word, plain[i]) == 0)
			return true;
	if (strncmp(word, "local ", 6) == 0)
		return strspn(word + 6, "abcdefghijklmnopqrstuvwxyz0123456789_.") ==
			   strlen(word + 6) ||
		       file_wrong(r, "not a column", word + 6);
	if (strncmp(word, "when ", 5) == 0)
		return file_check_parameter(r, word + 5, ' ');
	if (strchr("=^$<.", word[0]) != NULL && word[0] != '\0')
		return file_check_parameter(r, word + 1, word[0]);
	if (catalog_entity_named(r->catalog, word) == NULL)
		return file_wrong(r, "no such kind of record", word);
	report_add_read(&r->reads, word);
	return true;
}

/* A {when} has its {end} and holds no other. */
static bool
file_check_sql(struct file_reading *r, const char *sql)
{
	bool open = false;

	while ((sql = strchr(sql, '{')) != NULL) {
		const char *end = strchr(sql, '}');
		const char *word;

		if (end == NULL || end - sql > 60)
			return file_wrong(r, "a brace without its end", NULL);
		word = arena_strndup(r->arena, sql + 1, (size_t)(end - sql) - 1);
		if (!file_check_placeholder(r, word))
			return false;
		if (strcmp(word, "end") == 0 ? !open : open && strncmp(word, "when ", 5) == 0)
			return file_wrong(r, "{when …} and {end} do not pair", NULL);
		if (strcmp(word, "end") == 0)
			open = false;
		else if (strncmp(word, "when ", 5) == 0)
			open = true;
		sql = end + 1;
	}
	return !open || file_wrong(r, "{when …} without its {end}", NULL);
}

/* ---- the text ---------------------------------------------------------------------------- */

static bool
file_take_line(struct file_reading *r, const char *line)
{
	const char *text = line + strspn(line, " \t");
	size_t bytes;

	if (strncmp(text, "--", 2) != 0) {
		if (r->table != NULL)
			buf_printf(&r->sql, "%s\n", line);
		else if (*text != '\0')
			return file_wrong(r, "SQL before the first table", NULL);
		return true;
	}
	text += 2 + strspn(text + 2, " ");
	bytes = strspn(text, "abcdefghijklmnopqrstuvwxyz");
	if (bytes == 0 || text[bytes] != ':')
		return true;
	for (size_t i = 0; i < sizeof(file_directives) / sizeof(file_directives[0]); i++)
		if (strlen(file_directives[i].name) == bytes &&
		    memcmp(file_directives[i].name, text, bytes) == 0)
			return file_split(r, text + bytes + 1) && file_directives[i].take(r) &&
			       file_all_used(r);
	return file_wrong(r, "no such directive", arena_strndup(r->arena, text, bytes));
}

/* The main entity stands first in what it reads. */
static void
file_finish_reads(struct file_reading *r)
{
	const char *reads = arena_strdup(r->arena, buf_text(&r->reads));

	buf_clear(&r->reads);
	if (r->main != NULL)
		report_add_read(&r->reads, r->main);
	for (const char *at = reads; *at != '\0';) {
		size_t bytes = strcspn(at, " ");

		report_add_read(&r->reads, arena_strndup(r->arena, at, bytes));
		at += bytes + (at[bytes] == ' ');
	}
	r->file->info.reads = arena_strdup(r->arena, buf_text(&r->reads));
}

static bool
file_finish(struct file_reading *r)
{
	const struct report_info *info = &r->file->info;

	file_close_table(r);
	if (info->zh == NULL || r->file->table_count == 0)
		return file_wrong(r, "needs a report: line and a table: line", NULL);
	if (info->entity != NULL && (r->file->parameters[0].ref == NULL ||
					strcmp(r->file->parameters[0].ref, info->entity) != 0))
		return file_wrong(
		    r, "of one record: the first parameter is that record", info->entity);
	for (size_t i = 0; i < r->file->table_count; i++) {
		r->table = &r->file->tables[i];
		if (r->table->column_count == 0)
			return file_wrong(r, "a table without columns", r->table->title.en);
		if (r->table->pivot != 0 && r->table->group_count > 0)
			return file_wrong(r, "a pivot has no groups", NULL);
		if (!file_check_sql(r, r->table->sql))
			return false;
	}
	file_finish_reads(r);
	return r->file->info.reads[0] != '\0' || file_wrong(r, "reads nothing", NULL);
}

const struct report_file *
report_file_read(struct arena *arena, const struct catalog *catalog, const char *name,
    const char *text, const char **why)
{
	struct file_reading r = {
		.arena = arena, .catalog = catalog, .file = ARENA_NEW(arena, struct report_file)
	};
	char *copy = arena_strdup(arena, text), *line;
	bool fits = true;

	r.file->info = (struct report_info){ .name = arena_strdup(arena, name),
		.parameters = r.file->parameters,
		.check = report_file_ready,
		.make = report_file_make };
	while (fits && (line = strsep(&copy, "\n")) != NULL) {
		r.line++;
		line[strcspn(line, "\r")] = '\0';
		fits = file_take_line(&r, line);
	}
	fits = fits && file_finish(&r);
	buf_fini(&r.sql);
	buf_fini(&r.reads);
	*why = r.why;
	return fits && r.why == NULL ? r.file : NULL;
}

const struct report_file *
report_file_of(const struct report_info *info)
{
	/* the info is its first member */
	return info->make == report_file_make ? (const struct report_file *)(const void *)info
					      : NULL;
}

const char *
report_file_list(struct arena *arena, const struct report_file *file, size_t parameter)
{
	return arena_printf(
	    arena, "report.%s.%s", file->info.name, file->parameters[parameter].name);
}

const struct field *
report_file_choice(const struct call *call, const struct report_file *file, size_t parameter,
    const char *code, const struct entity **entity)
{
	const char *fields = file->rules[parameter].fields;
	size_t bytes = strlen(code);

	for (const char *at = fields; at != NULL && *at != '\0';) {
		size_t word = strcspn(at, " ");
		const struct field *field;

		if (word == bytes && memcmp(at, code, bytes) == 0) {
			field = file_field_named(call->catalog, at, word, entity);
			return field != NULL && entity_field(access_view(call->user, *entity),
						    field->number) != NULL
				   ? field
				   : NULL;
		}
		at += word + (at[word] == ' ');
	}
	return NULL;
}
