/*
 * How a report reads: {entity} placeholders, rows in batches through a cursor, and the words
 * around values. Statements are made here only from constants and catalogue names.
 */
#include "server/report/report.h"

#include "common/date.h"
#include "common/log.h"
#include "common/money.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"
#include "server/record/filter.h"
#include "server/store/ddl.h"

#include <inttypes.h>
#include <string.h>

#define REPORT_BATCH	"500" /* rows */
#define REPORT_ROWS_MAX 1000000

/* ---- placeholders ------------------------------------------------------------------------ */

void
report_expand(struct sql *sql, const char *text,
    void (*name)(void *to, struct sql *sql, const char *name), void *to)
{
	while (*text != '\0') {
		size_t plain = strcspn(text, "{");
		const char *end = strchr(text + plain, '}');
		char word[64];

		sql_addf(sql, "%.*s", (int)plain, text);
		text += plain;
		if (*text == '\0')
			return;
		if (end == NULL || (size_t)(end - text) > sizeof(word))
			fatal("report SQL has a brace without its end: %s", text);
		memcpy(word, text + 1, (size_t)(end - text) - 1);
		word[end - text - 1] = '\0';
		name(to, sql, word);
		text = end + 1;
	}
}

static bool
report_is_number(enum field_type type)
{
	return strcmp(ddl_type(type), "text") != 0;
}

/* One column as the reader may see it, under its own name. */
static void
report_put_column(struct sql *sql, const char *name, const char *suffix, const char *alias,
    const char *type, enum field_right right)
{
	if (right == FIELD_SHOW_HIDDEN ||
	    (right == FIELD_SHOW_MASKED && strcmp(type, "text") != 0))
		sql_addf(sql, ", NULL::%s AS %s%s", type, name, suffix);
	else if (right == FIELD_SHOW_MASKED)
		sql_addf(sql, ", CASE WHEN %s.%s%s IS NOT NULL THEN '****' END AS %s%s", alias, name,
		    suffix, name, suffix);
	else
		sql_addf(sql, ", %s.%s%s", alias, name, suffix);
}

static void
report_put_field(struct sql *sql, const struct field *field, enum field_right right)
{
	const char *alias = field->flags & FIELD_FIGURE ? "f" : "t";
	const char *suffix, *type;

	report_put_column(sql, field->name, "", alias, ddl_type(field->type), right);
	for (size_t i = 0; ddl_side_column(field, i, &suffix, &type); i++)
		report_put_column(sql, field->name, suffix, alias, type,
		    /* digits and sort keys would tell what a mask hides */
		    right == FIELD_SHOW_MASKED && !report_is_number(field->type) ?
			FIELD_SHOW_HIDDEN :
			right);
}

/* When a record was made is asked for like a field; of some entities it is one. */
static bool
report_has_created(const struct entity_view *entity)
{
	return entity_field_named(entity, "created_at") == NULL;
}

void
report_put_nothing(struct sql *sql, const struct entity_view *entity)
{
	sql_add(sql, "(SELECT NULL::bigint AS id");
	if (report_has_created(entity))
		sql_add(sql, ", NULL::timestamptz AS created_at");
	if (entity->def->kind == ENTITY_LINE)
		sql_addf(sql, ", NULL::bigint AS %s_id, NULL::integer AS position", entity->def->parent);
	for (size_t i = 0; i < entity->field_count; i++)
		if ((entity->fields[i]->flags & FIELD_HIDDEN) == 0)
			report_put_field(sql, entity->fields[i], FIELD_SHOW_HIDDEN);
	sql_add(sql, " WHERE false)");
}

/* "(SELECT … WHERE …" of an entity, for more conditions and the end. */
static void
report_put_rows(struct call *call, struct sql *sql, const struct entity_view *entity)
{
	struct arms arms;

	sql_add(sql, "(SELECT t.id");
	if (report_has_created(entity))
		sql_add(sql, ", t.created_at");
	if (entity->def->kind == ENTITY_LINE)
		sql_addf(sql, ", t.%s, t.position",
		    entity_parent_column(call->arena, entity->def));
	for (size_t i = 0; i < entity->field_count; i++)
		report_put_field(sql, entity->fields[i],
		    access_field(call->user, entity->def, entity->fields[i]));
	sql_addf(sql, " FROM %s t", entity_table(entity->def));
	if (entity->def->figures)
		sql_addf(sql, " LEFT JOIN %s_figures f ON f.id = t.id", entity_table(entity->def));
	sql_add(sql, " WHERE t.deleted_at IS NULL AND ");
	arms = access_arms(call->user, entity->def, RIGHT_VIEW);
	if (entity->def->kind == ENTITY_SETUP)
		sql_add(sql, arms.all ? "true" : "false");
	else /* lines: row policies show those whose parent was opened */
		record_arms_where(call, sql, entity, "t", &arms);
}

static void
report_put_scope(void *to, struct sql *sql, const char *name)
{
	struct call *call = to;
	const struct entity_view *entity = catalog_entity_named(call->catalog, name);

	if (entity == NULL)
		fatal("report SQL names no entity of ours: %s", name);
	report_put_rows(call, sql, entity);
	sql_add(sql, ")");
}

void
report_put_matching(struct report *report, struct sql *sql)
{
	const struct report_matching *matching = report->matching;
	struct call *call = report->call;
	struct filter filter;

	report_put_rows(call, sql, catalog_entity(call->catalog, matching->entity->def->number));
	if (matching->has_words) {
		sql_add(sql, " AND t.id = ANY(");
		sql_ints(sql, matching->ids, matching->id_count);
		sql_add(sql, ")");
	}
	/* It was understood when the report was asked for. */
	if (filter_bind(call, matching->entity, matching->query, sql, &filter) == ERR_OK && filter.where[0] != '\0')
		sql_addf(sql, " AND %s", filter.where);
	sql_add(sql, ")");
}

void
report_sql(struct report *report, struct sql *sql, const char *text)
{
	report_expand(sql, text, report_put_scope, report->call);
}

/* ---- rows -------------------------------------------------------------------------------- */

struct sql *
report_select(struct report *report, const char *text)
{
	struct sql *sql = sql_new(report->call->arena);

	sql_add(sql, "DECLARE report NO SCROLL CURSOR FOR ");
	report_sql(report, sql, text);
	return sql;
}

static enum err
report_exec(struct report *report, struct arena *arena, const char *text, struct rows **rows)
{
	struct sql *sql = sql_new(arena);

	sql_add(sql, text);
	return store_run(report->call->store, arena, sql, rows);
}

static enum err
report_too_many(struct report *report)
{
	struct call *call = report->call;

	return CALL_FAIL(call, ERR_NARROW,
	    .text = arena_printf(call->arena,
		call_say(call, "More than %d rows; ask for a shorter period or less",
		    "超过 %d 行，请缩短期间或缩小范围"),
		REPORT_ROWS_MAX));
}

static enum err
report_take_batch(struct report *report, struct arena *arena, const struct rows *rows,
    report_row each, void *to)
{
	const struct call *call = report->call;

	if (call->cancelled != NULL && __atomic_load_n(call->cancelled, __ATOMIC_RELAXED))
		return ERR_CANCELLED;
	for (size_t i = 0; i < rows->count && !doc_satisfied(report->doc); i++) {
		enum err err = each(report, arena, rows, i, to);

		if (err != ERR_OK)
			return err;
		if (++report->rows > REPORT_ROWS_MAX)
			return report_too_many(report);
	}
	return ERR_OK;
}

enum err
report_each(struct report *report, const struct sql *sql, report_row each, void *to)
{
	struct call *call = report->call;
	struct arena *arena = arena_new(0);
	struct rows *rows = NULL;
	enum err err = store_run(call->store, call->arena, sql, NULL);

	do {
		arena_reset(arena);
		if (err == ERR_OK)
			err = report_exec(report, arena, "FETCH " REPORT_BATCH " FROM report", &rows);
		if (err == ERR_OK)
			err = report_take_batch(report, arena, rows, each, to);
	} while (err == ERR_OK && rows->count > 0 && !doc_satisfied(report->doc));
	if (err == ERR_OK)
		err = report_exec(report, call->arena, "CLOSE report", NULL);
	arena_free(arena);
	return err;
}

/* ---- the head ---------------------------------------------------------------------------- */

/* The company, which is the top of the reader's branches, and the reader's branch. */
static const char *
report_organisation(struct call *call)
{
	int64_t own = access_user_branch(call->user);
	const struct setup_record *branch = access_setup(call->access, E_branch, own);
	const struct setup_record *top = branch;

	/* Bounded: bad data may have a circle. */
	for (int i = 0; top != NULL && top->parent != 0 && i < 32; i++) {
		const struct setup_record *above = access_setup(call->access, E_branch, top->parent);

		if (above == NULL)
			break;
		top = above;
	}
	if (branch == NULL)
		return NULL;
	return top == branch ? branch->label :
			       arena_printf(call->arena, "%s  %s", top->label, branch->label);
}

enum err
report_begin(struct report *report, const char *number, enum doc_paper paper,
    const struct doc_field *params, size_t param_count)
{
	struct call *call = report->call;
	const struct setup_record *user =
	    access_setup(call->access, E_user, call->session.user);
	struct doc_head head = {
		.title = call_say(call, report->info->en, report->info->zh),
		.lang = call->session.lang,
		.paper = report->has_width ? report->paper : report->paper + (paper & DOC_WIDE),
		.offset_min = call->session.offset_min,
		.organisation = report_organisation(call),
		.number = number,
		.printed = report->foot != NULL ? report->foot :
		    arena_printf(call->arena, call_say(call, "Printed by %s, %s", "打印：%s %s"),
			user != NULL ? user->label : "?",
			date_format_us(call->arena, date_now_us(), call->session.offset_min)),
		.params = params,
		.param_count = param_count,
	};

	if (report->mark != NULL) {
		struct doc_field *marked = ARENA_ARRAY(call->arena, struct doc_field, param_count + 1);

		if (param_count > 0)
			memcpy(marked, params, param_count * sizeof(*params));
		marked[param_count] = (struct doc_field){ call_say(call, "Mark", "水印"), report->mark };
		head.params = marked;
		head.param_count++;
	}

	return doc_begin(report->doc, &head);
}

/* ---- words ------------------------------------------------------------------------------- */

static const struct field *
report_field(const struct report *report, uint32_t entity, uint32_t field)
{
	const struct field *found =
	    entity_field(catalog_entity(report->call->catalog, entity), field);

	if (found == NULL)
		fatal("a report names no field of ours: entity %" PRIu32 " field %" PRIu32, entity,
		    field);
	return found;
}

const char *
report_label(const struct report *report, uint32_t entity, uint32_t field)
{
	const struct field *found = report_field(report, entity, field);

	return call_say(report->call, found->en, found->zh);
}

const char *
report_choice(const struct report *report, uint32_t entity, uint32_t field, const char *code)
{
	if (code == NULL)
		return NULL;
	return dictionary_label(report->call->catalog, report_field(report, entity, field), code,
	    report->call->session.lang);
}

const char *
report_setup(const struct report *report, uint32_t entity, int64_t id)
{
	const struct setup_record *record = access_setup(report->call->access, entity, id);

	if (id == 0)
		return NULL;
	return record != NULL ? record->label : arena_printf(report->call->arena, "#%" PRId64, id);
}

const char *
report_named(const struct report *report, const char *name)
{
	return name != NULL ? name : call_unseen(report->call);
}

const char *
report_money(struct arena *arena, int64_t minor, const char *currency)
{
	return arena_printf(arena, "%s %s",
	    money_format(arena, minor, report_decimals(currency), false), currency);
}

const char *
report_amount(struct arena *arena, const struct rows *rows, size_t row, size_t column,
    const char *currency)
{
	if (rows_null(rows, row, column) || currency == NULL)
		return NULL;
	return report_money(arena, rows_int(rows, row, column), currency);
}

int
report_decimals(const char *currency)
{
	int decimals = currency != NULL ? money_decimals(currency) : -1;

	return decimals < 0 ? 2 : decimals;
}

const char *
report_scaled(struct arena *arena, int64_t value, int decimals, int keep)
{
	char *text = money_format(arena, value, decimals, false);
	size_t bytes = strlen(text);

	for (; decimals > keep && bytes > 1 && text[bytes - 1] == '0'; decimals--)
		text[--bytes] = '\0';
	if (text[bytes - 1] == '.')
		text[bytes - 1] = '\0';
	return text;
}

const char *
report_words(const struct report *report, struct arena *arena, const struct rows *rows,
    size_t row, size_t column, const char *currency)
{
	int64_t minor = rows_int(rows, row, column);

	if (rows_null(rows, row, column) || currency == NULL)
		return NULL;
	if (report->call->session.lang == LANG_ZH)
		return money_capitals(arena, minor, report_decimals(currency),
		    report_choice(report, E_order, F_order_currency, currency));
	return money_words(arena, minor, report_decimals(currency), currency);
}

const char *
report_words_label(const struct report *report)
{
	return call_say(report->call, "In words", "大写金额");
}
