/*
 * Groups: what a query finds, counted and summed by the values of one field, within what the
 * reader sees: hidden fields do not exist, masked ones are neither grouped by nor summed. Two
 * trips: the groups, and the sums of those that there are; a third where words have to be
 * looked for first.
 */
#include "server/record/page.h"

#include "common/date.h"
#include "server/gate/gate.h"
#include "server/record/arms.h"

#include <inttypes.h>
#include <string.h>

#define GROUPS_MAX     500
#define GROUP_SUMS_MAX 8

struct groups {
	const struct entity_view *entity;
	struct arms arms;
	const char *query;
	const struct field *by; /* NULL: all is one group */
	const struct field *sums[GROUP_SUMS_MAX];
	size_t sum_count;
	const int64_t *ids; /* of the query's words; NULL: it has none */
	size_t id_count;
	struct rows *counts, *totals[GROUP_SUMS_MAX];
};

static bool
groups_by_month(const struct field *field)
{
	return field->type == TYPE_DATE || field->type == TYPE_MOMENT;
}

bool
page_may_group(const struct field *field)
{
	switch (field->type) {
	case TYPE_CHOICE:
	case TYPE_REF:
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_DATE:
	case TYPE_MOMENT:
		return (field->flags & FIELD_FILTER) != 0 && (field->flags & FIELD_MASKED) == 0;
	default:
		return false;
	}
}

bool
page_may_sum(const struct field *field)
{
	return (field->type == TYPE_MONEY || field->type == TYPE_INT ||
		   field->type == TYPE_QUANTITY) &&
	       (field->flags & FIELD_MASKED) == 0;
}

static enum err
groups_prepare(struct call *call, struct groups *groups)
{
	const Kehu__Groups *request = call->request->groups;
	enum err err = call_entity(call, request->entity, RIGHT_VIEW, &groups->entity);

	if (err != ERR_OK)
		return err;
	if (groups->entity->def->kind == ENTITY_LINE ||
	    groups->entity->def->kind == ENTITY_ANCHORED)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = request->entity);
	if (request->field != 0) {
		groups->by = entity_field(groups->entity, request->field);
		if (groups->by == NULL || !page_may_group(groups->by))
			return CALL_FAIL(call, ERR_NO_GROUPS, .entity = request->entity,
			    .field = request->field);
	}
	if (request->n_sums > GROUP_SUMS_MAX)
		return CALL_FAIL(call, ERR_TOO_LARGE);
	for (size_t i = 0; i < request->n_sums; i++) {
		const struct field *field = entity_field(groups->entity, request->sums[i]);

		if (field == NULL || !page_may_sum(field))
			return CALL_FAIL(call, ERR_NO_SUM, .entity = request->entity,
			    .field = request->sums[i]);
		groups->sums[groups->sum_count++] = field;
	}
	call_scope_references(call, groups->entity);
	groups->arms = call_scope(call, groups->entity->def, RIGHT_VIEW);
	return ERR_OK;
}

/* ---- the statements ---------------------------------------------------------------------- */

static const char *
groups_column(struct call *call, const struct field *field)
{
	return arena_printf(
	    call->arena, "%s.%s", field->flags & FIELD_FIGURE ? "f" : "t", field->name);
}

/* A month as days since 1970, by the reader's clock. */
static const char *
groups_key(struct call *call, const struct groups *groups)
{
	const char *column;

	if (groups->by == NULL)
		return "NULL::bigint";
	column = groups_column(call, groups->by);
	if (groups->by->type == TYPE_MOMENT)
		column =
		    arena_printf(call->arena, "(%s AT TIME ZONE 'UTC' + interval '%d minutes')",
			column, call->session.offset_min);
	if (groups_by_month(groups->by))
		return arena_printf(call->arena,
		    "(date_trunc('month', %s)::date - date '1970-01-01')::bigint", column);
	if (groups->by->type == TYPE_BOOL)
		return arena_printf(call->arena, "coalesce(%s, false)", column);
	return column;
}

static bool
groups_has_figures(const struct groups *groups)
{
	if (groups->by != NULL && (groups->by->flags & FIELD_FIGURE) != 0)
		return true;
	for (size_t i = 0; i < groups->sum_count; i++)
		if ((groups->sums[i]->flags & FIELD_FIGURE) != 0)
			return true;
	return false;
}

/* "FROM … WHERE …" of what the query finds among what the reader sees. */
static enum err
groups_from(struct call *call, const struct groups *groups, struct sql *sql)
{
	const char *table = entity_table(groups->entity->def);
	struct filter filter;
	enum err err;

	sql_addf(sql, " FROM %s t", table);
	if (groups_has_figures(groups))
		sql_addf(sql, " LEFT JOIN %s_figures f ON f.id = t.id", table);
	sql_add(sql, " WHERE t.deleted_at IS NULL AND ");
	record_arms_where(call, sql, groups->entity, "t", &groups->arms);
	if (groups->ids != NULL) {
		sql_add(sql, " AND t.id = ANY(");
		sql_ints(sql, groups->ids, groups->id_count);
		sql_add(sql, ")");
	}
	err = filter_bind(call, groups->entity, groups->query, sql, &filter);
	if (err == ERR_OK && filter.where[0] != '\0')
		sql_addf(sql, " AND %s", filter.where);
	return err;
}

/* Whose label is not in the access snapshot. */
static const struct entity_view *
groups_labelled(struct call *call, const struct groups *groups)
{
	const struct entity_view *target =
	    groups->by != NULL && groups->by->type == TYPE_REF
		? catalog_entity_named(call->catalog, groups->by->ref)
		: NULL;

	return target != NULL && target->def->kind != ENTITY_SETUP ? target : NULL;
}

/* "key, label, count". */
static enum err
groups_queue_counts(struct call *call, struct groups *groups)
{
	const struct entity_view *target = groups_labelled(call, groups);
	struct sql *sql = sql_new(call->arena);
	enum err err;

	sql_add(sql, "SELECT g.k, ");
	if (target != NULL)
		arms_label_select(call, sql, target, "g.k");
	else
		sql_add(sql, "NULL::text");
	sql_addf(sql, ", g.n FROM (SELECT %s AS k, count(*) AS n", groups_key(call, groups));
	err = groups_from(call, groups, sql);
	if (err != ERR_OK)
		return err;
	sql_addf(sql, " GROUP BY 1 LIMIT %d) g ORDER BY %s", GROUPS_MAX + 1,
	    groups->by != NULL && groups_by_month(groups->by) ? "g.k" : "g.n DESC, g.k");
	store_queue(call->store, sql, &groups->counts);
	return ERR_OK;
}

/* "key, currency, sum". */
static enum err
groups_queue_sum(struct call *call, struct groups *groups, size_t at)
{
	const struct field *field = groups->sums[at];
	const char *column = groups_column(call, field);
	struct sql *sql = sql_new(call->arena);
	enum err err;

	sql_addf(sql, "SELECT %s, %s, sum(%s)::bigint", groups_key(call, groups),
	    field->type == TYPE_MONEY
		? arena_printf(call->arena, "coalesce(%s_currency, 'CNY')", column)
		: "NULL::text",
	    column);
	err = groups_from(call, groups, sql);
	if (err != ERR_OK)
		return err;
	sql_addf(sql, " AND %s IS NOT NULL GROUP BY 1, 2 ORDER BY 2", column);
	store_queue(call->store, sql, &groups->totals[at]);
	return ERR_OK;
}

static enum err
groups_read(struct call *call, struct groups *groups)
{
	enum err err = groups_queue_counts(call, groups);

	if (err == ERR_OK)
		err = store_flush(call->store, call->arena);
	if (err == ERR_OK && groups->counts->count > GROUPS_MAX)
		err = CALL_FAIL(call, ERR_NARROW, .entity = groups->entity->def->number,
		    .field = groups->by->number,
		    .text = call_say(call,
			"That makes more than 500 groups; filter, or group by another field",
			"分组超过 500 个，请先筛选或换一个字段"));
	for (size_t i = 0; err == ERR_OK && i < groups->sum_count; i++)
		err = groups_queue_sum(call, groups, i);
	return err == ERR_OK && groups->sum_count > 0 ? store_flush(call->store, call->arena)
						      : err;
}

/* ---- the answer -------------------------------------------------------------------------- */

static bool
groups_same_key(const struct rows *a, size_t row, const struct rows *b, size_t other)
{
	const char *x = rows_text(a, row, 0), *y = rows_text(b, other, 0);

	return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

static void
groups_add_sum(
    struct call *call, Kehu__Group *group, uint32_t field, int64_t sum, const char *currency)
{
	Kehu__GroupSum *found = NULL;

	for (size_t i = 0; i < group->n_sums && found == NULL; i++)
		if (group->sums[i]->field == field &&
		    (currency == NULL || strcmp(group->sums[i]->currency, currency) == 0))
			found = group->sums[i];
	if (found == NULL) {
		Kehu__GroupSum **list =
		    ARENA_ARRAY(call->arena, Kehu__GroupSum *, group->n_sums + 1);

		for (size_t i = 0; i < group->n_sums; i++)
			list[i] = group->sums[i];
		found = ARENA_NEW(call->arena, Kehu__GroupSum);
		kehu__group_sum__init(found);
		found->has_field = found->has_sum = true;
		found->field = field;
		found->currency = currency != NULL ? arena_strdup(call->arena, currency) : NULL;
		list[group->n_sums++] = found;
		group->sums = list;
	}
	if (__builtin_add_overflow(found->sum, sum, &found->sum))
		found->sum = sum < 0 ? INT64_MIN : INT64_MAX;
}

static Kehu__Value *
groups_value(struct call *call, const struct groups *groups, size_t row)
{
	const struct rows *rows = groups->counts;
	Kehu__Value *wire = ARENA_NEW(call->arena, Kehu__Value);
	struct value value;
	size_t column = 0;

	kehu__value__init(wire);
	if (groups->by == NULL || rows_null(rows, row, 0))
		return wire;
	if (groups_by_month(groups->by)) {
		wire->has_number = true;
		wire->number = rows_int(rows, row, 0);
		return wire;
	}
	value = value_from_row(call->arena, groups->by, rows, row, &column);
	if (groups_labelled(call, groups) != NULL)
		value_set_label(&value, rows_text(rows, row, 1));
	value_fill_wire(call, groups->entity->def, groups->by, &value, false, wire);
	return wire;
}

static const char *
groups_month_query(struct call *call, const char *word, int64_t first)
{
	struct ymd ymd = date_to_ymd(first + 31);
	int64_t next =
	    date_from_ymd((struct ymd){ .year = ymd.year, .month = ymd.month, .day = 1 });

	return arena_printf(call->arena, "%s:%s..%s", word, date_format(call->arena, first),
	    date_format(call->arena, next - 1));
}

/* The condition that finds a group's records again. */
static const char *
groups_query(struct call *call, const struct groups *groups, size_t row)
{
	const struct rows *rows = groups->counts;
	const char *word = field_word(groups->by);

	if (rows_null(rows, row, 0))
		return arena_printf(call->arena, "-has:%s", word);
	if (groups_by_month(groups->by))
		return groups_month_query(call, word, rows_int(rows, row, 0));
	switch (groups->by->type) {
	case TYPE_REF:
		return arena_printf(call->arena, "%s:#%" PRId64, word, rows_int(rows, row, 0));
	case TYPE_BOOL:
		return arena_printf(
		    call->arena, "%s:%s", word, rows_bool(rows, row, 0) ? "yes" : "no");
	case TYPE_INT:
		return arena_printf(call->arena, "%s:%" PRId64, word, rows_int(rows, row, 0));
	default:
		return arena_printf(call->arena, "%s:\"%s\"", word, rows_text(rows, row, 0));
	}
}

static Kehu__Group *
groups_new(struct call *call)
{
	Kehu__Group *group = ARENA_NEW(call->arena, Kehu__Group);

	kehu__group__init(group);
	group->has_count = true;
	return group;
}

static Kehu__Group *
groups_take(struct call *call, const struct groups *groups, size_t row, Kehu__Group *total)
{
	Kehu__Group *group = groups_new(call);

	group->value = groups_value(call, groups, row);
	group->count = rows_int(groups->counts, row, 2);
	group->query = arena_strdup(call->arena, groups_query(call, groups, row));
	total->count += group->count;
	for (size_t i = 0; i < groups->sum_count; i++)
		for (size_t at = 0; at < groups->totals[i]->count; at++)
			if (groups_same_key(groups->counts, row, groups->totals[i], at))
				groups_add_sum(call, group, groups->sums[i]->number,
				    rows_int(groups->totals[i], at, 2),
				    rows_text(groups->totals[i], at, 1));
	return group;
}

static void
groups_answer(struct call *call, const struct groups *groups)
{
	Kehu__GroupsAnswer *answer = ARENA_NEW(call->arena, Kehu__GroupsAnswer);

	kehu__groups_answer__init(answer);
	answer->total = groups_new(call);
	answer->groups = ARENA_ARRAY(call->arena, Kehu__Group *, groups->counts->count + 1);
	for (size_t row = 0; groups->by != NULL && row < groups->counts->count; row++)
		answer->groups[answer->n_groups++] =
		    groups_take(call, groups, row, answer->total);
	if (groups->by == NULL && groups->counts->count > 0)
		answer->total->count = rows_int(groups->counts, 0, 2);
	for (size_t i = 0; i < groups->sum_count; i++)
		for (size_t at = 0; at < groups->totals[i]->count; at++)
			groups_add_sum(call, answer->total, groups->sums[i]->number,
			    rows_int(groups->totals[i], at, 2),
			    rows_text(groups->totals[i], at, 1));
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_GROUPS;
	call->answer.groups = answer;
}

enum err
handle_groups(struct call *call)
{
	const Kehu__Groups *request = call->request->groups;
	struct groups groups = { .query = request->query != NULL ? request->query : "" };
	struct sql *sql = sql_new(call->arena);
	struct filter filter;
	enum err err = groups_prepare(call, &groups);

	if (err == ERR_OK)
		err = filter_bind(call, groups.entity, groups.query, sql, &filter);
	if (err != ERR_OK)
		return err;
	call_begin(call, true);
	if (filter.words[0] != '\0') {
		int64_t *ids;

		err =
		    lists_find_words(call, groups.entity, groups.query, &ids, &groups.id_count);
		if (err != ERR_OK)
			return err;
		groups.ids = ids;
	}
	err = groups_read(call, &groups);
	if (err == ERR_OK)
		groups_answer(call, &groups);
	return err;
}
