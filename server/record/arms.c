/*
 * See arms.h. Only constant text and catalogue names go into the statements; ids are parameters.
 */
#include "server/record/arms.h"

#include <inttypes.h>

/*
 * Compiled with KEHU_TEST_NO_GATE every arm is open, so that a test sees what the row policies of the
 * database let through alone. No program that is installed is built so.
 */
static bool
arms_open(const struct arms *arms)
{
#ifdef KEHU_TEST_NO_GATE
	(void)arms;
	return true;
#else
	return arms->all;
#endif
}

size_t
arms_count(const struct arms *arms, const struct entity *entity)
{
	if (arms_open(arms) || entity->kind != ENTITY_ACTIVITY)
		return 1;
	return (arms->own != 0) + (arms->team_count > 0) + (arms->company != 0) +
	    (arms->department_count > 0) + (arms->branch_count > 0) +
	    (entity->pooled && arms->pool_count > 0) + (arms->shared_with != 0);
}

static const char *
arms_table(const struct arms_page *page)
{
	return page->table != NULL ? page->table : entity_table(page->entity->def);
}

static void
arms_tail(struct sql *sql, const struct arms_page *page)
{
	if (page->where[0] != '\0')
		sql_addf(sql, " AND %s", page->where);
	if (page->order[0] != '\0')
		sql_addf(sql, " ORDER BY %s", page->order);
	sql_addf(sql, " LIMIT %zu", page->limit);
}

/* Rows with column = one id. */
static void
arms_add_one(struct sql *sql, const struct arms_page *page, const char *column, int64_t id)
{
	sql_addf(sql, "(SELECT %s FROM %s t WHERE t.%s = ", page->columns,
	    arms_table(page), column);
	sql_int(sql, id);
	arms_tail(sql, page);
	sql_add(sql, ")");
}

/* Rows with column among several ids: each id has its own top-N. */
static void
arms_add_many(struct sql *sql, const struct arms_page *page, const char *column, const int64_t *ids,
    size_t count)
{
	if (count == 1) {
		arms_add_one(sql, page, column, ids[0]);
		return;
	}
	sql_add(sql, "(SELECT a.* FROM unnest(");
	sql_ints(sql, ids, count);
	sql_addf(sql, ") d(x), LATERAL (SELECT %s FROM %s t WHERE t.%s = d.x", page->columns,
	    arms_table(page), column);
	arms_tail(sql, page);
	sql_add(sql, ") a)");
}

static void
arms_add_all(struct sql *sql, const struct arms_page *page)
{
	sql_addf(sql, "(SELECT %s FROM %s t WHERE true", page->columns,
	    arms_table(page));
	arms_tail(sql, page);
	sql_add(sql, ")");
}

/* A share gives reading; changing needs its bit too. */
static const char *
arms_share_condition(const struct arms *arms)
{
	return arms->right == RIGHT_VIEW ? "" : " AND rights & 4 <> 0";
}

static void
arms_add_shared(struct sql *sql, const struct arms_page *page)
{
	sql_addf(sql, "(SELECT %s FROM (SELECT record_id FROM record_share WHERE user_id = ",
	    page->columns);
	sql_int(sql, page->arms->shared_with);
	sql_addf(sql, " AND entity = %" PRIu32 "%s OFFSET 0) h, LATERAL (SELECT * FROM %s c "
		      "WHERE c.id = h.record_id LIMIT 1) t WHERE true",
	    page->entity->def->number, arms_share_condition(page->arms),
	    arms_table(page));
	arms_tail(sql, page);
	sql_add(sql, ")");
}

static void
arms_union_add(struct sql *sql, bool *first)
{
	if (!*first)
		sql_add(sql, " UNION ALL ");
	*first = false;
}

void
arms_from(struct sql *sql, const struct arms_page *page)
{
	const struct arms *arms = page->arms;
	const struct entity *def = page->entity->def;
	bool first = true, many = arms_count(arms, def) > 1;

	sql_add(sql, " FROM (");
	if (many)
		sql_addf(sql, "SELECT DISTINCT ON (%s) u.* FROM (", page->distinct_on);
	if (arms_open(arms) || (def->kind != ENTITY_ACTIVITY && !arms_none(arms))) {
		arms_add_all(sql, page);
	} else {
		if (arms->own != 0) {
			arms_union_add(sql, &first);
			arms_add_one(sql, page, "owner_id", arms->own);
		}
		if (arms->team_count > 0) {
			arms_union_add(sql, &first);
			arms_add_many(sql, page, "owner_id", arms->team, arms->team_count);
		}
		if (arms->company != 0) {
			arms_union_add(sql, &first);
			arms_add_one(sql, page, entity_company_column(def), arms->company);
		}
		if (arms->department_count > 0) {
			arms_union_add(sql, &first);
			arms_add_many(sql, page, "department_id", arms->departments,
			    arms->department_count);
		}
		if (arms->branch_count > 0) {
			arms_union_add(sql, &first);
			arms_add_many(sql, page, "branch_id", arms->branches, arms->branch_count);
		}
		if (def->pooled && arms->pool_count > 0) {
			arms_union_add(sql, &first);
			arms_add_many(sql, page, "pool_id", arms->pools, arms->pool_count);
		}
		if (arms->shared_with != 0) {
			arms_union_add(sql, &first);
			arms_add_shared(sql, page);
		}
		if (first) /* no arm at all: no row */
			sql_addf(sql, "SELECT %s FROM %s t WHERE false", page->columns,
			    arms_table(page));
	}
	if (many)
		sql_addf(sql, ") u ORDER BY %s LIMIT %zu", page->outer_order, page->limit);
	sql_add(sql, ") t");
}

void
record_arms_where(struct call *call, struct sql *sql, const struct entity_view *entity,
    const char *alias, const struct arms *arms)
{
	bool first = true;

	(void)call;
	if (arms_open(arms) || entity->def->kind != ENTITY_ACTIVITY) {
		sql_add(sql, "true");
		return;
	}
	sql_add(sql, "(");
	if (arms->own != 0) {
		sql_addf(sql, "%s.owner_id = ", alias);
		sql_int(sql, arms->own);
		first = false;
	}
	for (int i = 0; i < 4; i++) {
		static const char *const columns[] = { "owner_id", "department_id", "branch_id",
			"pool_id" };
		const int64_t *const ids[] = { arms->team, arms->departments, arms->branches,
			arms->pools };
		const size_t counts[] = { arms->team_count, arms->department_count,
			arms->branch_count, entity->def->pooled ? arms->pool_count : 0 };

		if (counts[i] == 0)
			continue;
		sql_addf(sql, "%s%s.%s = ANY(", first ? "" : " OR ", alias, columns[i]);
		sql_ints(sql, ids[i], counts[i]);
		sql_add(sql, ")");
		first = false;
	}
	if (arms->company != 0) {
		/* Alias may be a search row, which has no such column: a company's records are few. */
		sql_addf(sql, "%s%s.id = ANY(ARRAY(SELECT x.id FROM %s x WHERE x.%s = ",
		    first ? "" : " OR ", alias, entity_table(entity->def),
		    entity_company_column(entity->def));
		sql_int(sql, arms->company);
		sql_add(sql, "))");
		first = false;
	}
	if (arms->shared_with != 0) {
		/* ANY of an array, not IN: so the planner can OR it with the other arms in an index. */
		sql_addf(sql, "%s%s.id = ANY(ARRAY(SELECT record_id FROM record_share WHERE user_id = ",
		    first ? "" : " OR ", alias);
		sql_int(sql, arms->shared_with);
		sql_addf(sql, " AND entity = %" PRIu32 "%s))", entity->def->number,
		    arms_share_condition(arms));
		first = false;
	}
	sql_add(sql, first ? "false)" : ")");
}

void
arms_label_select(struct call *call, struct sql *sql, const struct entity_view *target,
    const char *expression)
{
	struct arms arms = access_arms(call->user, target->def, RIGHT_VIEW);
	const char *label = target->def->label_field;

	sql_addf(sql, "(SELECT coalesce(r.%s::text, '#' || r.id) FROM %s r WHERE r.id = %s AND ",
	    label != NULL ? label : "name", entity_table(target->def), expression);
	record_arms_where(call, sql, target, "r", &arms);
	sql_add(sql, ")");
}
