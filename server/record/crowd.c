/*
 * See crowd.h. Statistics of tokens and access columns come from pg_stats; a tsquery's share is
 * worked out from its lexemes: the widest of alternatives, the narrowest of what must all be
 * there (the parts of a name go together more often than not).
 */
#include "server/record/crowd.h"

#include "common/date.h"
#include "common/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CROWD_KEEP_US    (600 * US_PER_SECOND)
#define CROWD_RETRY_US   US_PER_SECOND /* while there are no statistics */
#define CROWD_SHARE_MIN  "0.0005"      /* rarer values are nobody's crowd */
#define CROWD_DEPTH_MAX  20
#define CROWD_TABLES_MAX 8

struct crowd_value {
	const char *column, *value;
	double share;
};

struct crowd_table {
	uint32_t entity;
	int64_t loaded_us, rows;
	struct arena *arena;
	struct crowd_value *values; /* by column and value */
	size_t count;
};

struct crowds {
	struct crowd_table tables[CROWD_TABLES_MAX];
	size_t count;
};

struct crowds *
crowds_new(void)
{
	return mem_zalloc(1, sizeof(struct crowds));
}

void
crowds_free(struct crowds *crowds)
{
	if (crowds == NULL)
		return;
	for (size_t i = 0; i < crowds->count; i++)
		arena_free(crowds->tables[i].arena);
	free(crowds);
}

/* ---- loading ----------------------------------------------------------------------------- */

static int
crowd_compare(const void *a_, const void *b_)
{
	const struct crowd_value *a = a_, *b = b_;
	int order = strcmp(a->column, b->column);

	return order != 0 ? order : strcmp(a->value, b->value);
}

static enum err
crowd_load(struct call *call, const struct entity *entity, struct crowd_table *table)
{
	struct sql *sql = sql_new(call->arena);
	const char *name = entity_table(entity);
	struct rows *rows;
	enum err err;

	sql_addf(sql,
	    "SELECT c.reltuples::bigint, s.attname, u.value, u.share::text FROM pg_class c "
	    "LEFT JOIN pg_stats s ON s.schemaname = 'public' AND s.tablename = '%s_search' "
	    "AND s.attname IN ('tokens', 'department_id', 'branch_id', 'pool_id') "
	    "LEFT JOIN LATERAL unnest(coalesce(s.most_common_elems, "
	    "s.most_common_vals)::text::text[], "
	    "coalesce(s.most_common_elem_freqs, s.most_common_freqs)) u(value, share) "
	    "ON u.value IS NOT NULL AND u.share > " CROWD_SHARE_MIN
	    " WHERE c.oid = '%s_search'::regclass",
	    name, name);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	arena_reset(table->arena);
	table->loaded_us = date_monotonic_us();
	table->rows = rows_int(rows, 0, 0);
	table->values = ARENA_ARRAY(table->arena, struct crowd_value, rows->count);
	table->count = 0;
	for (size_t i = 0; i < rows->count; i++)
		if (!rows_null(rows, i, 2))
			table->values[table->count++] = (struct crowd_value){
				.column = arena_strdup(table->arena, rows_text(rows, i, 1)),
				.value = arena_strdup(table->arena, rows_text(rows, i, 2)),
				.share = strtod(rows_text(rows, i, 3), NULL),
			};
	qsort(table->values, table->count, sizeof(*table->values), crowd_compare);
	return ERR_OK;
}

static struct crowd_table *
crowd_table(const struct call *call, const struct entity_view *entity)
{
	struct crowds *crowds = call->crowds;

	for (size_t i = 0; i < crowds->count; i++)
		if (crowds->tables[i].entity == entity->def->number)
			return &crowds->tables[i];
	if (crowds->count == CROWD_TABLES_MAX)
		return NULL;
	crowds->tables[crowds->count] =
	    (struct crowd_table){ .entity = entity->def->number, .arena = arena_new(0) };
	return &crowds->tables[crowds->count++];
}

/* ---- shares ------------------------------------------------------------------------------ */

static double
crowd_value_share(const struct crowd_table *table, const char *column, const char *value)
{
	const struct crowd_value key = { .column = column, .value = value };
	const struct crowd_value *found =
	    bsearch(&key, table->values, table->count, sizeof(key), crowd_compare);

	return found != NULL ? found->share : 0;
}

/* 'lexeme' or 'lexeme':* at *at, which moves behind it. A prefix may stand for anything: 0. */
static double
crowd_lexeme(const struct crowd_table *table, const char **at)
{
	char lexeme[128];
	size_t bytes = 0;
	const char *p = *at;
	bool whole = true;

	for (p++; *p != '\0' && (*p != '\'' || p[1] == '\''); p++) {
		if (*p == '\'' || *p == '\\')
			p++;
		if (*p == '\0')
			break;
		if (bytes < sizeof(lexeme) - 1)
			lexeme[bytes++] = *p;
		else
			whole = false;
	}
	lexeme[bytes] = '\0';
	p += *p == '\'';
	if (strncmp(p, ":*", 2) == 0) {
		whole = false;
		p += 2;
	}
	*at = p;
	return whole ? crowd_value_share(table, "tokens", lexeme) : 0;
}

/* A lexeme, or terms with one operator between them, in parentheses or to the end. */
static double
crowd_terms(const struct crowd_table *table, const char **at, int depth)
{
	double share = -1;
	bool all = false;

	while (**at != '\0' && depth < CROWD_DEPTH_MAX) {
		double term;

		if (**at == ')') {
			++*at;
			break;
		}
		if (**at == ' ' || **at == '&' || **at == '|') {
			all = all || **at == '&';
			++*at;
			continue;
		}
		if (**at == '(') {
			++*at;
			term = crowd_terms(table, at, depth + 1);
		} else if (**at == '\'') {
			term = crowd_lexeme(table, at);
		} else {
			return 0;
		}
		if (share < 0 || (all ? term < share : term > share))
			share = term;
	}
	return share < 0 ? 0 : share;
}

static double
crowd_ids_share(
    const struct crowd_table *table, const char *column, const int64_t *ids, size_t count)
{
	double share = 0;

	for (size_t i = 0; i < count; i++) {
		char text[24];

		snprintf(text, sizeof(text), "%" PRId64, ids[i]);
		share += crowd_value_share(table, column, text);
	}
	return share;
}

static double
crowd_arms_share(const struct crowd_table *table, const struct arms *arms)
{
	double shares[] = {
		arms->all ? 1 : 0,
		crowd_ids_share(
		    table, "department_id", arms->departments, arms->department_count),
		crowd_ids_share(table, "branch_id", arms->branches, arms->branch_count),
		crowd_ids_share(table, "pool_id", arms->pools, arms->pool_count),
	};
	double widest = 0;

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		if (shares[i] > widest)
			widest = shares[i];
	return widest;
}

enum err
crowd_share(struct call *call, const struct entity_view *entity, const struct arms *arms,
    const char *tsquery, double *share, double *matches)
{
	struct crowd_table *table = crowd_table(call, entity);
	enum err err = ERR_OK;

	*share = *matches = 0;
	if (table == NULL || tsquery == NULL)
		return ERR_OK;
	if (table->loaded_us == 0 || date_monotonic_us() - table->loaded_us >
					 (table->count > 0 ? CROWD_KEEP_US : CROWD_RETRY_US))
		err = crowd_load(call, entity->def, table);
	if (err != ERR_OK)
		return err;
	*share = crowd_terms(table, &tsquery, 0);
	*matches = *share * (double)table->rows;
	*share *= crowd_arms_share(table, arms);
	return ERR_OK;
}

int64_t
crowd_rows(const struct call *call, const struct entity_view *entity)
{
	const struct crowd_table *table = crowd_table(call, entity);

	return table != NULL ? table->rows : 0;
}
