/*
 * Pages by key. The statement is an inner page of the base table through its arms (top-N on an
 * index), then labels and figures for just those rows.
 *
 * A cursor is (phase, value, id): non-null values first, then nulls by id. It is opaque to
 * clients and checked as hostile input when it comes back.
 */
#include "server/record/page.h"

#include "common/log.h"
#include "server/record/arms.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_LIMIT_DEFAULT 50
#define PAGE_LIMIT_MAX     500
#define PAGE_COLUMNS_MAX   100
#define CURSOR_MAX_BYTES   600

enum cursor_phase { PHASE_VALUES = 0, PHASE_NULLS = 1 };

struct cursor {
	bool given, backwards;
	enum cursor_phase phase;
	int64_t id;
	const char *value; /* text form of the sort column; NULL in PHASE_NULLS */
};

/*
 * Access columns of a row (its state and company are the entity's own columns), and whether it is
 * shared for writing: read where rights hang on them.
 */
enum {
	PAGE_OWNER,
	PAGE_DEPARTMENT,
	PAGE_BRANCH,
	PAGE_POOL,
	PAGE_COMPANY,
	PAGE_STATE,
	PAGE_SHARED,
	PAGE_ACCESS
};
static const char *const page_access[] = { "owner_id", "department_id", "branch_id",
	"pool_id" };

static const char *
page_access_column(const struct entity *def, size_t which)
{
	if (which == PAGE_STATE)
		return def->state_field;
	if (which == PAGE_COMPANY)
		return entity_company_column(def);
	return page_access[which];
}

struct page_reading {
	struct page_request request;
	const struct entity_view *entity;
	const struct field **columns;
	size_t column_count;
	const struct field *sort; /* NULL: by id */
	bool down;
	struct cursor cursor;
	size_t limit;
	struct sql *sql;
	struct filter filter;
	struct row_rights rights;
	bool outside;		 /* the reader is one of a customer's own people */
	bool reads[PAGE_ACCESS]; /* what the rights of a row hang on, for this reader */
	bool *labelled;          /* columns whose label is the next cell */
	const int64_t *only;
	size_t only_count;
	bool has_only;
	struct rows *rows;
};

/* ---- cursors ----------------------------------------------------------------------------- */

static void
cursor_encode(struct call *call, const struct page_reading *reading, const struct rows *rows,
    size_t row, bool backwards, ProtobufCBinaryData *out)
{
	const char *value = rows_text(rows, row, 2);
	size_t bytes = value != NULL ? strlen(value) : 0;
	uint8_t *data = arena_alloc(call->arena, 16 + bytes);
	uint32_t sort = htonl(reading->sort != NULL ? reading->sort->number : 0);
	uint64_t id = (uint64_t)rows_int(rows, row, 0);

	data[0] = 1;
	data[1] =
	    (uint8_t)((value == NULL ? 1 : 0) | (backwards ? 2 : 0) | (reading->down ? 4 : 0));
	memcpy(data + 2, &sort, 4);
	for (int i = 0; i < 8; i++)
		data[6 + i] = (uint8_t)(id >> (56 - 8 * i));
	if (bytes > 0)
		memcpy(data + 14, value, bytes);
	out->data = data;
	out->len = 14 + bytes;
}

static enum err
cursor_decode(struct call *call, struct page_reading *reading, const ProtobufCBinaryData *bytes)
{
	struct cursor *cursor = &reading->cursor;
	uint32_t sort;
	uint64_t id = 0;

	if (bytes->len == 0)
		return ERR_OK;
	if (bytes->len < 14 || bytes->len > CURSOR_MAX_BYTES || bytes->data[0] != 1)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	memcpy(&sort, bytes->data + 2, 4);
	if (ntohl(sort) != (reading->sort != NULL ? reading->sort->number : 0) ||
	    ((bytes->data[1] & 4) != 0) != reading->down)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	for (int i = 0; i < 8; i++)
		id = id << 8 | bytes->data[6 + i];
	cursor->given = true;
	cursor->id = (int64_t)id;
	cursor->backwards = (bytes->data[1] & 2) != 0;
	cursor->phase = bytes->data[1] & 1 ? PHASE_NULLS : PHASE_VALUES;
	if (cursor->phase == PHASE_VALUES && reading->sort != NULL) {
		cursor->value =
		    arena_strndup(call->arena, (const char *)bytes->data + 14, bytes->len - 14);
		if (strlen(cursor->value) != bytes->len - 14)
			return CALL_FAIL(call, ERR_BAD_REQUEST);
	}
	return ERR_OK;
}

/* ---- preparing --------------------------------------------------------------------------- */

size_t
page_default_columns(
    struct arena *arena, const struct entity_view *entity, const uint32_t **columns)
{
	uint32_t *list = ARENA_ARRAY(arena, uint32_t, entity->field_count);
	size_t count = 0;

	for (size_t i = 0; i < entity->field_count; i++)
		if ((entity->fields[i]->flags & FIELD_COLUMN) != 0)
			list[count++] = entity->fields[i]->number;
	*columns = list;
	return count;
}

static enum err
page_take_columns(struct call *call, struct page_reading *reading)
{
	const uint32_t *numbers = reading->request.columns;
	size_t count = reading->request.column_count;

	if (count == 0)
		count = page_default_columns(call->arena, reading->entity, &numbers);
	if (count > PAGE_COLUMNS_MAX)
		return CALL_FAIL(call, ERR_TOO_LARGE);
	reading->columns = ARENA_ARRAY(call->arena, const struct field *, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct field *field = entity_field(reading->entity, numbers[i]);

		if (field == NULL)
			return CALL_FAIL(call, ERR_NO_SUCH_FIELD, .field = numbers[i]);
		reading->columns[reading->column_count++] = field;
	}
	return ERR_OK;
}

static enum err
page_take_sort(struct call *call, struct page_reading *reading)
{
	const struct page_request *request = &reading->request;

	if (request->sort != 0) {
		reading->sort = entity_field(reading->entity, request->sort);
		reading->down = request->down;
		if (reading->sort == NULL || (reading->sort->flags & FIELD_MASKED) != 0)
			return CALL_FAIL(call, ERR_NO_SUCH_FIELD, .field = request->sort);
	} else if (reading->filter.sort != NULL) {
		reading->sort = reading->filter.sort;
		reading->down = reading->filter.sort_down;
	} else {
		/* An order that the reader is not to see is none: by id. */
		reading->sort =
		    entity_field_named(reading->entity, reading->entity->def->sort_field);
		if (reading->sort != NULL && (reading->sort->flags & FIELD_MASKED) != 0)
			reading->sort = NULL;
		reading->down = reading->entity->def->sort_down;
	}
	if (reading->sort != NULL && reading->sort->type == TYPE_REFS)
		return CALL_FAIL(call, ERR_NO_SUCH_FIELD, .field = reading->sort->number);
	return ERR_OK;
}

/* A reader who may change nothing, or everything, need not be told whose the rows are. */
static void
page_take_rights(struct call *call, struct page_reading *reading)
{
	const struct entity *def = reading->entity->def;
	const struct arms *arms = reading->request.arms;

	reading->rights = record_row_rights(call, def);
	for (size_t i = 0; def->kind == ENTITY_ACTIVITY && i < RECORD_RIGHTS; i++) {
		const struct arms *of = &reading->rights.arms[i];

		if (of->all)
			continue;
		reading->reads[PAGE_OWNER] |= of->own != 0 || of->team_count > 0;
		reading->reads[PAGE_COMPANY] |= of->company != 0;
		reading->reads[PAGE_DEPARTMENT] |= of->department_count > 0;
		reading->reads[PAGE_BRANCH] |= of->branch_count > 0;
		reading->reads[PAGE_POOL] |= def->pooled && of->pool_count > 0;
	}
	/* With a state, everything the grants ask of a row is wanted at once. */
	if (reading->rights.by_state) {
		bool access = def->kind == ENTITY_ACTIVITY;

		reading->reads[PAGE_STATE] = true;
		reading->reads[PAGE_OWNER] |= access;
		reading->reads[PAGE_DEPARTMENT] |= access;
		reading->reads[PAGE_BRANCH] |= access;
		reading->reads[PAGE_POOL] |= access && def->pooled;
	}
	reading->reads[PAGE_SHARED] = def->kind == ENTITY_ACTIVITY && arms != NULL &&
				      reading->rights.arms[0].shared_with != 0 &&
				      reading->rights.edits_shared;
}

static void
page_take_labelled(struct call *call, struct page_reading *reading)
{
	reading->labelled = ARENA_ARRAY(call->arena, bool, reading->column_count + 1);
	for (size_t i = 0; i < reading->column_count; i++) {
		const struct field *field = reading->columns[i];

		reading->labelled[i] =
		    field->type == TYPE_REF &&
		    catalog_entity_named(call->catalog, field->ref)->def->kind != ENTITY_SETUP;
	}
}

enum err
page_prepare(
    struct call *call, const struct page_request *request, struct page_reading **result)
{
	struct page_reading *reading = ARENA_NEW(call->arena, struct page_reading);
	enum err err;

	reading->request = *request;
	reading->entity = request->entity;
	reading->outside = access_user_outside(call->user);
	reading->limit = request->limit == 0               ? PAGE_LIMIT_DEFAULT
			 : request->limit > PAGE_LIMIT_MAX && !request->whole
				 ? PAGE_LIMIT_MAX
				 : request->limit;
	reading->sql = sql_new(call->arena);
	err = page_take_columns(call, reading);
	if (err == ERR_OK)
		err = filter_bind(
		    call, reading->entity, request->query, reading->sql, &reading->filter);
	if (err == ERR_OK)
		err = page_take_sort(call, reading);
	if (err == ERR_OK)
		err = cursor_decode(call, reading, &request->cursor);
	page_take_rights(call, reading);
	page_take_labelled(call, reading);
	*result = reading;
	return err;
}

bool
page_sort_is_indexed(const struct page_reading *reading)
{
	const char *own = reading->entity->def->sort_field;

	return reading->sort == NULL || reading->has_only ||
	       reading->entity->def->kind != ENTITY_ACTIVITY || reading->request.arms == NULL ||
	       (own != NULL && strcmp(reading->sort->name, own) == 0);
}

bool
page_is_sorted(const struct page_reading *reading)
{
	return reading->request.sort != 0 || reading->filter.sort != NULL;
}

const char *
page_words(const struct page_reading *reading)
{
	return reading->filter.words;
}

void
page_only(struct page_reading *reading, const int64_t *ids, size_t count)
{
	reading->has_only = true;
	reading->only = ids;
	reading->only_count = count;
}

/* ---- the statement ----------------------------------------------------------------------- */

/* The expression a page sorts by, over alias t of the base table. */
static const char *
page_sort_expression(struct call *call, const struct page_reading *reading)
{
	const struct field *sort = reading->sort;

	if (sort == NULL)
		return "t.id";
	if (sort->flags & FIELD_FIGURE)
		return arena_printf(call->arena,
		    "(SELECT f.%s FROM %s_figures f WHERE f.id = t.id)", sort->name,
		    entity_table(reading->entity->def));
	if (sort->type == TYPE_TEXT && (sort->flags & FIELD_SORT) != 0)
		return arena_printf(call->arena, "t.%s_key", sort->name);
	return arena_printf(call->arena, "t.%s", sort->name);
}

static void
page_bind_cursor(struct sql *sql, const struct field *sort, const char *value)
{
	switch (sort->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_MONEY:
	case TYPE_REF:
		sql_int(sql, strtoll(value, NULL, 10));
		break;
	default:
		/* Text as it came from the database: dates and moments read back exactly. */
		sql_text(sql, value);
		if (sort->type == TYPE_DATE)
			sql_add(sql, "::date");
		else if (sort->type == TYPE_MOMENT)
			sql_add(sql, "::timestamptz");
		else if (sort->type == TYPE_BOOL)
			sql_add(sql, "::boolean");
		break;
	}
}

static void
page_where_common(struct page_reading *reading, struct sql *sql)
{
	const struct page_request *request = &reading->request;

	sql_addf(sql, "t.deleted_at IS %s", request->deleted ? "NOT NULL" : "NULL");
	if (request->parent_field != NULL) {
		sql_addf(sql, " AND t.%s = ", request->parent_field->name);
		sql_int(sql, request->parent_id);
		if (reading->entity->def->kind == ENTITY_ANCHORED ||
		    reading->entity->def->anchored)
			sql_addf(sql, " AND t.anchor_entity = %" PRIu32, request->parent_entity);
		/* uploads not ended are nobody's */
		if (strcmp(reading->entity->def->name, "attachment") == 0)
			sql_addf(sql, " AND t.complete%s", reading->outside ? " AND t.given_out" : "");
	}
	if (reading->has_only) {
		sql_add(sql, " AND t.id = ANY(");
		sql_ints(sql, reading->only, reading->only_count);
		sql_add(sql, ")");
	}
	if (reading->filter.where[0] != '\0')
		sql_addf(sql, " AND %s", reading->filter.where);
}

/* Conditions of one phase: the cursor's side of (k, id), or of id among the nulls. */
static const char *
page_where(struct page_reading *reading, const char *key, enum cursor_phase phase, bool down)
{
	struct sql *sql = reading->sql;
	const struct cursor *cursor = &reading->cursor;
	size_t from = sql_length(sql);
	const char *compare = down ? "<" : ">";

	page_where_common(reading, sql);
	if (reading->sort == NULL) {
		if (cursor->given) {
			sql_addf(sql, " AND t.id %s ", compare);
			sql_int(sql, cursor->id);
		}
		return sql_cut(sql, from);
	}
	if ((reading->sort->flags & FIELD_REQUIRED) == 0)
		sql_addf(sql, " AND %s IS %s", key, phase == PHASE_NULLS ? "NULL" : "NOT NULL");
	if (cursor->given && cursor->phase == phase) {
		if (phase == PHASE_VALUES) {
			sql_addf(sql, " AND (%s, t.id) %s (", key, compare);
			page_bind_cursor(sql, reading->sort, cursor->value);
			sql_add(sql, ", ");
			sql_int(sql, cursor->id);
			sql_add(sql, ")");
		} else {
			sql_addf(sql, " AND t.id %s ", compare);
			sql_int(sql, cursor->id);
		}
	}
	return sql_cut(sql, from);
}

static void
page_add_column(struct buf *out, const char *name)
{
	char needle[80];

	/* Each column once: the access columns are fields too. */
	snprintf(needle, sizeof(needle), "t.%s,", name);
	if (out->bytes == 0 || strstr(buf_text(out), needle) == NULL)
		buf_puts(out, needle);
}

/* What each arm selects: id, version, access columns, fields of the list. */
static const char *
page_inner_columns(struct call *call, const struct page_reading *reading, const char *key)
{
	struct buf out = BUF_INIT;
	const char *text;

	page_add_column(&out, "id");
	page_add_column(&out, "version");
	for (size_t i = 0; i < PAGE_SHARED; i++)
		if (reading->reads[i])
			page_add_column(&out, page_access_column(reading->entity->def, i));
	for (size_t i = 0; i < reading->column_count; i++) {
		const struct field *field = reading->columns[i];

		if (field->flags & FIELD_FIGURE)
			continue;
		page_add_column(&out, field->name);
		if (field->type == TYPE_MONEY) {
			char currency[80];

			snprintf(currency, sizeof(currency), "%s_currency", field->name);
			page_add_column(&out, currency);
		}
	}
	text = arena_printf(call->arena, "%s %s AS k", buf_text(&out), key);
	buf_fini(&out);
	return text;
}

/* One phase as a derived table "FROM (…) t". */
static void
page_phase(struct call *call, struct page_reading *reading, const char *key,
    const char *inner_columns, enum cursor_phase phase, bool down)
{
	static const struct arms everything = { .all = true };
	struct sql *sql = reading->sql;
	const char *direction = down ? " DESC" : "";
	bool by_id = reading->sort == NULL || phase == PHASE_NULLS;
	const struct arms *arms = reading->request.arms;
	size_t from;
	const char *where = page_where(reading, key, phase, down);

	if (reading->has_only && arms != NULL) {
		/* Few ids: one pass with the arms as a condition. */
		from = sql_length(sql);
		sql_addf(sql, "%s AND ", where);
		record_arms_where(call, sql, reading->entity, "t", arms);
		where = sql_cut(sql, from);
		arms = &everything;
	}
	if (arms == NULL)
		arms = &everything;
	arms_from(sql, &(struct arms_page){
			   .entity = reading->entity,
			   .arms = arms,
			   .columns = inner_columns,
			   .where = where,
			   .order = by_id ? arena_printf(call->arena, "t.id%s", direction)
					  : arena_printf(call->arena, "%s%s, t.id%s", key,
						direction, direction),
			   .distinct_on = by_id ? "u.id" : "u.k, u.id",
			   .outer_order = by_id ? arena_printf(call->arena, "u.id%s", direction)
						: arena_printf(call->arena, "u.k%s, u.id%s",
						      direction, direction),
			   .limit = reading->limit + 1,
		       });
}

/*
 * The sort key goes only with the rows a cursor can be made of, the first and the last of a
 * full page: keys of Chinese names are two fifths of what a page would bring.
 */
static void
page_select_outer(struct call *call, struct page_reading *reading, const char *order)
{
	struct sql *sql = reading->sql;

	sql_addf(sql,
	    "SELECT t.id, t.version, CASE WHEN row_number() OVER (ORDER BY %s) IN (1, %zu) "
	    "THEN "
	    "t.k END",
	    order, reading->limit);
	for (size_t i = 0; i < PAGE_SHARED; i++)
		if (reading->reads[i])
			sql_addf(sql, ", t.%s", page_access_column(reading->entity->def, i));
	if (reading->reads[PAGE_SHARED]) {
		sql_add(sql, ", EXISTS (SELECT 1 FROM record_share s WHERE s.user_id = ");
		sql_int(sql, reading->request.arms->shared_with);
		sql_addf(sql,
		    " AND s.entity = %" PRIu32
		    " AND s.record_id = t.id AND s.rights & %d <> 0)",
		    reading->entity->def->number, RIGHT_EDIT);
	}
	for (size_t i = 0; i < reading->column_count; i++) {
		const struct field *field = reading->columns[i];

		sql_add(sql, ", ");
		value_select(sql, field, field->flags & FIELD_FIGURE ? "f" : "t");
		if (reading->labelled[i]) {
			sql_add(sql, ", ");
			arms_label_select(call, sql,
			    catalog_entity_named(call->catalog, field->ref),
			    arena_printf(call->arena, "t.%s", field->name));
		}
	}
}

static bool
page_has_figures(const struct page_reading *reading)
{
	for (size_t i = 0; i < reading->column_count; i++)
		if (reading->columns[i]->flags & FIELD_FIGURE)
			return true;
	return false;
}

/*
 * Which phases a page may touch: from the cursor's on, in reading order. Ascending and
 * descending alike show values first, nulls last; reading backwards goes the other way.
 */
static void
page_phases(const struct page_reading *reading, bool *values, bool *nulls)
{
	const struct cursor *cursor = &reading->cursor;
	bool nullable = reading->sort != NULL && (reading->sort->flags & FIELD_REQUIRED) == 0;

	*values = !cursor->given || cursor->phase == PHASE_VALUES || cursor->backwards;
	*nulls =
	    nullable && (!cursor->given || cursor->phase == PHASE_NULLS || !cursor->backwards);
	if (!nullable)
		*values = true;
}

void
page_queue(struct call *call, struct page_reading *reading)
{
	struct sql *sql = reading->sql;
	const char *key = page_sort_expression(call, reading);
	const char *inner = page_inner_columns(call, reading, key);
	bool backwards = reading->cursor.backwards, down = reading->down != backwards;
	bool values, nulls;
	const char *direction = down ? " DESC" : "", *order;

	page_phases(reading, &values, &nulls);
	order = arena_printf(call->arena, "%st.k%s, t.id%s",
	    !values || !nulls ? ""
	    : backwards       ? "t.phase DESC, "
			      : "t.phase, ",
	    direction, direction);
	page_select_outer(call, reading, order);
	if (values && nulls) {
		bool nulls_first = backwards;

		/* Append stops at the limit: the second phase runs only when the first is
		 * short. */
		sql_add(sql, " FROM (SELECT * FROM (SELECT t.*, ");
		sql_addf(sql, "%d AS phase", nulls_first ? PHASE_NULLS : PHASE_VALUES);
		page_phase(
		    call, reading, key, inner, nulls_first ? PHASE_NULLS : PHASE_VALUES, down);
		sql_addf(sql, ") a UNION ALL SELECT * FROM (SELECT t.*, %d AS phase",
		    nulls_first ? PHASE_VALUES : PHASE_NULLS);
		page_phase(
		    call, reading, key, inner, nulls_first ? PHASE_VALUES : PHASE_NULLS, down);
		sql_addf(sql, ") b LIMIT %zu) t", reading->limit + 1);
	} else {
		page_phase(
		    call, reading, key, inner, values ? PHASE_VALUES : PHASE_NULLS, down);
	}
	if (page_has_figures(reading))
		sql_addf(sql, " LEFT JOIN %s_figures f ON f.id = t.id",
		    entity_table(reading->entity->def));
	sql_addf(sql, " ORDER BY %s", order);
	if (!reading->filter.user_filter && (!reading->has_only || reading->request.often))
		sql_named(sql);
	store_queue(call->store, sql, &reading->rows);
}

void
page_count(struct call *call, struct page_reading *reading, size_t limit, struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);
	struct filter filter;
	struct page_reading copy = *reading;

	/* The filter is bound anew: its parameters belong to another statement. */
	copy.sql = sql;
	if (filter_bind(call, reading->entity, reading->request.query, sql, &filter) != ERR_OK)
		fatal("a filter that was bound no longer binds");
	copy.filter = filter;
	sql_add(sql, "SELECT count(*)");
	size_t from = sql_length(sql);
	page_where_common(&copy, sql);
	const char *where = sql_cut(sql, from);
	static const struct arms everything = { .all = true };

	arms_from(sql,
	    &(struct arms_page){
		.entity = reading->entity,
		.arms = reading->request.arms != NULL ? reading->request.arms : &everything,
		.columns = "t.id",
		.where = where,
		.order = "",
		.distinct_on = "u.id",
		.outer_order = "u.id",
		.limit = limit,
	    });
	store_queue(call->store, sql, rows);
}

/* ---- the answer -------------------------------------------------------------------------- */

static uint32_t
page_row_rights(const struct page_reading *reading, size_t at, size_t *column)
{
	struct access_row row = { 0 };
	int64_t *const ids[] = { &row.owner, &row.department, &row.branch, &row.pool, &row.customer };

	for (size_t i = 0; i < PAGE_STATE; i++)
		if (reading->reads[i])
			*ids[i] = rows_int(reading->rows, at, (*column)++);
	if (reading->reads[PAGE_STATE])
		row.state = rows_text(reading->rows, at, (*column)++);
	if (reading->reads[PAGE_SHARED])
		row.shared_write = rows_bool(reading->rows, at, (*column)++);
	return record_rights(&reading->rights, &row);
}

static void
page_row(struct call *call, const struct page_reading *reading, size_t at, Kehu__Value *values,
    Kehu__Row *row)
{
	const struct rows *rows = reading->rows;
	size_t column = 3; /* behind id, version and sort key */

	kehu__row__init(row);
	row->has_id = row->has_version = row->has_rights = true;
	row->id = rows_int(rows, at, 0);
	row->version = (uint32_t)rows_int(rows, at, 1);
	row->rights = page_row_rights(reading, at, &column);
	row->n_cells = reading->column_count;
	row->cells = ARENA_ARRAY(call->arena, Kehu__Value *, reading->column_count);
	for (size_t i = 0; i < reading->column_count; i++) {
		const struct field *field = reading->columns[i];
		struct value value = value_from_row(call->arena, field, rows, at, &column);

		if (reading->labelled[i])
			value_set_label(&value, rows_text(rows, at, column++));
		row->cells[i] = &values[i];
		value_fill_wire(call, reading->entity->def, field, &value, false, &values[i]);
	}
}

Kehu__Page *
page_take(struct call *call, struct page_reading *reading)
{
	const struct rows *rows = reading->rows;
	Kehu__Page *page = ARENA_NEW(call->arena, Kehu__Page);
	bool backwards = reading->cursor.backwards, more = rows->count > reading->limit;
	size_t count = more ? reading->limit : rows->count;
	Kehu__Value *values =
	    ARENA_ARRAY(call->arena, Kehu__Value, count * reading->column_count);
	Kehu__Row *list = ARENA_ARRAY(call->arena, Kehu__Row, count + 1);

	kehu__page__init(page);
	page->n_columns = reading->column_count;
	page->columns = ARENA_ARRAY(call->arena, uint32_t, reading->column_count + 1);
	for (size_t i = 0; i < reading->column_count; i++)
		page->columns[i] = reading->columns[i]->number;
	page->n_rows = count;
	page->rows = ARENA_ARRAY(call->arena, Kehu__Row *, count + 1);
	for (size_t i = 0; i < count; i++) {
		page_row(call, reading, i, values + i * reading->column_count, &list[i]);
		page->rows[backwards ? count - 1 - i : i] = &list[i];
	}
	call->rows += count;
	if (count == 0)
		return page;
	/* Backwards: the last row read is the page's first. */
	if (more || backwards) {
		page->has_next = true;
		cursor_encode(
		    call, reading, rows, backwards ? 0 : count - 1, false, &page->next);
	}
	if (backwards ? more : reading->cursor.given) {
		page->has_previous = true;
		cursor_encode(
		    call, reading, rows, backwards ? count - 1 : 0, true, &page->previous);
	}
	return page;
}
