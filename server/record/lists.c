/*
 * The reading requests: List, Related, Get, Search, History.
 */
#include "server/record/page.h"

#include "proto/frame.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/arms.h"
#include "server/record/search.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TOTAL_MAX 10000     /* counting further costs more than it tells */
#define SORT_ROWS_MAX 20000 /* unindexed sorts of more than this are refused */
#define LIST_WORDS_MAX 2000 /* records that a list's words may match */

static const struct arms *
lists_keep_arms(struct call *call, struct arms arms)
{
	return arena_memdup(call->arena, &arms, sizeof(arms));
}

/* ---- List -------------------------------------------------------------------------------- */

enum err
lists_find_words(struct call *call, const struct entity_view *entity, const char *query,
    int64_t **found, size_t *count)
{
	struct search_result result;
	struct sql *sql = sql_new(call->arena);
	struct filter filter;
	int64_t *ids;
	enum err err = filter_bind(call, entity, query, sql, &filter);

	if (err == ERR_OK)
		err = search_run(call, entity, filter.words, sql, filter.where, LIST_WORDS_MAX,
		    false, 1, &result);
	if (err != ERR_OK)
		return err;
	if (result.too_short)
		return CALL_FAIL(call, ERR_QUERY, .entity = entity->def->number,
		    .text = call_say(call, "Type one more letter", "请再输入一个字"));
	if (result.narrow)
		return CALL_FAIL(call, ERR_NARROW, .entity = entity->def->number);
	ids = ARENA_ARRAY(call->arena, int64_t, result.count + 1);
	for (size_t i = 0; i < result.count; i++)
		ids[i] = result.hits[i].id;
	*found = ids;
	*count = result.count;
	return ERR_OK;
}

static enum err
list_only_words(struct call *call, struct page_reading *reading, const struct entity_view *entity,
    const char *query)
{
	size_t count;
	int64_t *ids;
	enum err err = lists_find_words(call, entity, query, &ids, &count);

	if (err == ERR_OK)
		page_only(reading, ids, count);
	return err;
}

/* A sort without an index of its own needs a small set. */
static enum err
list_check_sort(struct call *call, struct page_reading *reading, uint32_t entity)
{
	struct rows *rows;
	enum err err;

	if (page_sort_is_indexed(reading))
		return ERR_OK;
	page_count(call, reading, SORT_ROWS_MAX + 1, &rows);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK && rows_int(rows, 0, 0) > SORT_ROWS_MAX)
		return CALL_FAIL(call, ERR_NARROW, .entity = entity,
		    .text = call_say(call,
			"Too many records to sort by this; filter by owner, level, stage or region first",
			"记录过多，无法按此列排序，请先按负责人、级别、阶段或地区筛选"));
	return err;
}

enum err
handle_list(struct call *call)
{
	const Kehu__List *list = call->request->list;
	const struct entity_view *entity;
	struct page_reading *reading;
	struct rows *total = NULL;
	struct arms arms;
	Kehu__Page *page;
	bool words, plain;
	enum err err;

	err = call_entity(call, list->entity, RIGHT_VIEW, &entity);
	if (err != ERR_OK)
		return err;
	if (entity->def->kind == ENTITY_LINE || entity->def->kind == ENTITY_ANCHORED)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = list->entity);
	call_scope_references(call, entity);
	arms = call_scope(call, entity->def, RIGHT_VIEW);
	/* The recycle bin is for those who may restore what lies in it. */
	if (list->deleted)
		arms = access_arms(call->user, entity->def, RIGHT_RESTORE);
	err = page_prepare(call, &(struct page_request){
	    .entity = entity,
	    .arms = lists_keep_arms(call, arms),
	    .query = list->query, .columns = list->columns, .column_count = list->n_columns,
	    .sort = list->sort, .down = list->down, .cursor = list->cursor, .limit = list->limit,
	    .deleted = list->deleted }, &reading);
	if (err != ERR_OK)
		return err;
	words = page_words(reading)[0] != '\0';
	plain = !words && !list->total && page_sort_is_indexed(reading);
	call_begin(call, !plain);
	if (words)
		err = list_only_words(call, reading, entity, list->query);
	if (err == ERR_OK)
		err = list_check_sort(call, reading, list->entity);
	if (err != ERR_OK)
		return err;
	if (list->total)
		page_count(call, reading, TOTAL_MAX + 1, &total);
	page_queue(call, reading);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	page = page_take(call, reading);
	if (total != NULL) {
		int64_t count = rows_int(total, 0, 0);

		page->has_total = page->has_total_at_least = true;
		page->total = count > TOTAL_MAX ? TOTAL_MAX : count;
		page->total_at_least = count > TOTAL_MAX;
	}
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_PAGE;
	call->answer.page = page;
	return ERR_OK;
}

/* ---- Related and Get --------------------------------------------------------------------- */

/* The tab of parent that shows entity by field (0: the first such tab). */
static const struct tab *
related_tab(struct call *call, const struct entity_view *parent, uint32_t number, uint32_t field,
    const struct entity_view **entity, const struct field **by)
{
	*entity = call_view(call, number);
	if (*entity == NULL)
		return NULL;
	for (const struct tab *tab = parent->def->tabs; tab != NULL && tab->entity != NULL; tab++) {
		if (strcmp(tab->entity, (*entity)->def->name) != 0)
			continue;
		*by = entity_field_named(*entity, tab->field);
		if (*by != NULL && (field == 0 || (*by)->number == field))
			return tab;
	}
	return NULL;
}

static size_t
related_columns(struct arena *arena, const struct entity_view *entity, const char *names,
    const uint32_t **columns)
{
	uint32_t *list = ARENA_ARRAY(arena, uint32_t, strlen(names) + 1);
	size_t count = 0;
	char *copy = arena_strdup(arena, names), *save = NULL;

	for (char *name = strtok_r(copy, " ", &save); name != NULL; name = strtok_r(NULL, " ", &save)) {
		const struct field *field = entity_field_named(entity, name);

		if (field != NULL)
			list[count++] = field->number;
	}
	*columns = list;
	return count;
}

static enum err
related_prepare(struct call *call, const struct entity_view *parent, int64_t id,
    const Kehu__Related *related, struct page_reading **reading)
{
	const struct entity_view *entity;
	const struct field *by = NULL;
	const struct tab *tab =
	    related_tab(call, parent, related->related, related->field, &entity, &by);
	struct page_request request = { .columns = related->columns, .column_count = related->n_columns,
		.cursor = related->cursor, .limit = related->limit };

	if (tab == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY, .entity = related->related);
	/* Files belong to their record; other children need the right to see them at all. */
	if (entity->def->kind != ENTITY_ANCHORED &&
	    (access_rights(call->user, entity->def) & RIGHT_VIEW) == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY, .entity = related->related);
	if (request.column_count == 0)
		request.column_count = related_columns(call->arena, entity, tab->columns, &request.columns);
	request.entity = entity;
	request.parent_field = by;
	request.parent_id = id;
	request.parent_entity = parent->def->number;
	call_scope(call, entity->def, RIGHT_VIEW);
	call_scope_references(call, entity);
	return page_prepare(call, &request, reading);
}

enum err
handle_related(struct call *call)
{
	const Kehu__Related *related = call->request->related;
	const struct entity_view *parent;
	struct record_reading *opened;
	struct page_reading *reading;
	struct record *record;
	struct arms arms;
	enum err err;

	err = call_entity(call, related->entity, RIGHT_VIEW, &parent);
	if (err != ERR_OK)
		return err;
	arms = call_scope(call, parent->def, RIGHT_VIEW);
	call_scope_references(call, parent);
	err = related_prepare(call, parent, related->id, related, &reading);
	if (err != ERR_OK)
		return err;
	call_begin(call, false);
	opened = record_queue_read(call, parent, related->id, &arms, false, false);
	page_queue(call, reading);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	record = record_take_read(call, opened);
	if (!record_is_there(record))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = related->entity);
	err = record_check_open(call, record);
	if (err != ERR_OK)
		return err;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_PAGE;
	call->answer.page = page_take(call, reading);
	return ERR_OK;
}

enum err
handle_get(struct call *call)
{
	const Kehu__Get *get = call->request->get;
	struct page_reading *pages[GET_MAX_RELATED];
	const struct entity_view *entity;
	struct record_reading *reading;
	struct record *record;
	Kehu__GetAnswer *answer;
	struct arms arms;
	enum err err;

	err = call_entity(call, get->entity, RIGHT_VIEW, &entity);
	if (err != ERR_OK)
		return err;
	if (entity->def->kind == ENTITY_LINE || entity->def->kind == ENTITY_ANCHORED ||
	    get->n_related > GET_MAX_RELATED)
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = get->entity);
	arms = call_scope(call, entity->def, RIGHT_VIEW);
	call_scope_references(call, entity);
	for (size_t i = 0; err == ERR_OK && i < get->n_related; i++)
		err = related_prepare(call, entity, get->id, get->related[i], &pages[i]);
	if (err != ERR_OK)
		return err;
	call_begin(call, false);
	reading = record_queue_read(call, entity, get->id, &arms, true, false);
	for (size_t i = 0; i < get->n_related; i++)
		page_queue(call, pages[i]);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	record = record_take_read(call, reading);
	if (!record_is_there(record))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = get->entity);
	err = record_check_open(call, record);
	if (err != ERR_OK)
		return err;
	answer = ARENA_NEW(call->arena, Kehu__GetAnswer);
	kehu__get_answer__init(answer);
	answer->record = record_to_wire(call, record);
	answer->n_related = get->n_related;
	answer->related = ARENA_ARRAY(call->arena, Kehu__RelatedPage *, get->n_related + 1);
	for (size_t i = 0; i < get->n_related; i++) {
		Kehu__RelatedPage *page = ARENA_NEW(call->arena, Kehu__RelatedPage);

		kehu__related_page__init(page);
		page->has_entity = page->has_field = true;
		page->entity = get->related[i]->related;
		page->field = get->related[i]->field;
		page->page = page_take(call, pages[i]);
		answer->related[i] = page;
	}
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_GET;
	call->answer.get = answer;
	return ERR_OK;
}

/* ---- Search ------------------------------------------------------------------------------ */

#define SEARCH_LIMIT_MAX 200
#define SEARCH_RANKED_MAX 200 /* more matches than one answer holds: the best, then by id */

static Kehu__Hit *
search_to_wire(struct call *call, const struct entity_view *entity, const struct search_hit *hit)
{
	Kehu__Hit *wire = ARENA_NEW(call->arena, Kehu__Hit);

	kehu__hit__init(wire);
	wire->has_entity = wire->has_id = wire->has_field = wire->has_rank = true;
	wire->entity = entity->def->number;
	wire->id = hit->id;
	wire->label = arena_strdup(call->arena, hit->label);
	wire->field = hit->field;
	wire->matched = arena_strdup(call->arena, hit->matched);
	wire->rank = (uint32_t)hit->rank;
	return wire;
}

#define SEARCH_KINDS_MAX 8

/* One entity being searched: its filter bound once, ranked hits, and what the ranking left out. */
struct search_kind {
	const struct entity_view *entity;
	struct sql *sql;
	struct filter filter;
	struct search_result ranked;
};

/*
 * Where a search goes on: after so many ranked hits or, once those are given, in the unranked rest of
 * one entity after an id.
 */
struct search_cursor {
	bool rest;
	size_t skip;
	uint32_t kind;
	int64_t after;
};

static uint64_t
search_cursor_number(const uint8_t *data, size_t bytes)
{
	uint64_t number = 0;

	for (size_t i = 0; i < bytes; i++)
		number = number << 8 | data[i];
	return number;
}

static enum err
search_cursor_decode(struct call *call, struct search_cursor *cursor)
{
	const ProtobufCBinaryData *bytes = &call->request->search->cursor;

	*cursor = (struct search_cursor){ 0 };
	if (bytes->len == 0)
		return ERR_OK;
	if (bytes->len == 5 && bytes->data[0] == 0) {
		cursor->skip = (size_t)search_cursor_number(bytes->data + 1, 4);
	} else if (bytes->len == 10 && bytes->data[0] == 1) {
		cursor->rest = true;
		cursor->kind = bytes->data[1];
		cursor->after = (int64_t)search_cursor_number(bytes->data + 2, 8);
	} else {
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	}
	return ERR_OK;
}

static void
search_cursor_encode(struct call *call, const struct search_cursor *cursor,
    Kehu__SearchAnswer *answer)
{
	size_t bytes = cursor->rest ? 8 : 4, head = cursor->rest ? 2 : 1;
	uint64_t number = cursor->rest ? (uint64_t)cursor->after : cursor->skip;

	answer->has_next = true;
	answer->next.len = head + bytes;
	answer->next.data = arena_alloc(call->arena, answer->next.len);
	answer->next.data[0] = cursor->rest;
	if (cursor->rest)
		answer->next.data[1] = (uint8_t)cursor->kind;
	for (size_t i = 0; i < bytes; i++)
		answer->next.data[head + i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
}

/* wanted: hits that are shown, and one more that tells whether there is a next page. */
static enum err
search_one(struct call *call, struct search_kind *kind, bool known_narrow, size_t wanted)
{
	const Kehu__Search *search = call->request->search;
	enum err err;

	kind->sql = sql_new(call->arena);
	err = filter_bind(call, kind->entity, search->query, kind->sql, &kind->filter);
	if (err == ERR_OK && kind->filter.words[0] != '\0')
		err = CALL_FAIL(call, ERR_QUERY, .entity = kind->entity->def->number);
	if (err == ERR_OK)
		err = search_run(call, kind->entity, search->text, kind->sql, kind->filter.where,
		    SEARCH_RANKED_MAX, known_narrow, wanted, &kind->ranked);
	return err;
}

/* Ranked hits of all kinds: by rank, kinds in catalogue order within one. */
static size_t
search_give_ranked(struct call *call, const struct search_kind *kinds, size_t count, size_t skip,
    size_t limit, Kehu__SearchAnswer *answer)
{
	size_t total = 0;

	for (int rank = 0; rank <= TOKEN_NONE; rank++)
		for (size_t k = 0; k < count; k++)
			for (size_t i = 0; i < kinds[k].ranked.count; i++) {
				if ((int)kinds[k].ranked.hits[i].rank != rank)
					continue;
				if (total++ >= skip && answer->n_hits < limit)
					answer->hits[answer->n_hits++] =
					    search_to_wire(call, kinds[k].entity, &kinds[k].ranked.hits[i]);
			}
	return total;
}

/* Then the rest of each kind that had too many, by id. */
static enum err
search_give_rest(struct call *call, struct search_kind *kinds, size_t count,
    struct search_cursor at, size_t limit, Kehu__SearchAnswer *answer)
{
	at.rest = true;
	for (; at.kind < count; at.kind++, at.after = 0) {
		struct search_kind *kind = &kinds[at.kind];
		struct search_result rest;
		int64_t last;
		enum err err;

		if (!kind->ranked.narrow || kind->ranked.typo)
			continue;
		if (answer->n_hits == limit) {
			search_cursor_encode(call, &at, answer);
			return ERR_OK;
		}
		err = search_rest(call, kind->entity, call->request->search->text, kind->sql,
		    kind->filter.where, &kind->ranked, at.after, limit - answer->n_hits, &rest, &last);
		if (err != ERR_OK)
			return err;
		for (size_t i = 0; i < rest.count; i++)
			answer->hits[answer->n_hits++] = search_to_wire(call, kind->entity, &rest.hits[i]);
		if (last != 0) {
			at.after = last;
			search_cursor_encode(call, &at, answer);
			return ERR_OK;
		}
	}
	return ERR_OK;
}

static void
search_tell(const struct search_kind *kinds, size_t count, Kehu__SearchAnswer *answer)
{
	for (size_t k = 0; k < count; k++) {
		answer->typo |= kinds[k].ranked.typo;
		answer->narrow |= kinds[k].ranked.narrow;
		answer->too_short |= kinds[k].ranked.too_short;
	}
	answer->has_typo = answer->typo;
	answer->has_narrow = answer->narrow;
	answer->has_too_short = answer->too_short;
}

static size_t
search_kinds(struct call *call, struct search_kind *kinds)
{
	uint32_t wanted = call->request->search->entity;
	size_t count = 0;

	for (size_t e = 0; e < catalog_count(call->catalog) && count < SEARCH_KINDS_MAX; e++) {
		const struct entity_view *entity =
		    access_view(call->user, catalog_at(call->catalog, e)->def);

		if (!entity->def->searched || (wanted != 0 && wanted != entity->def->number) ||
		    (access_rights(call->user, entity->def) & RIGHT_VIEW) == 0)
			continue;
		call_scope_references(call, entity);
		call_scope(call, entity->def, RIGHT_VIEW);
		kinds[count++].entity = entity;
	}
	return count;
}

/* A shut record is shown to who asks by its whole number or name: these, and nothing else of it. */
static enum err
search_give_shut(struct call *call, const struct entity_view *entity, size_t limit, Kehu__SearchAnswer *answer)
{
	struct arms arms = access_arms(call->user, entity->def, RIGHT_VIEW);
	const struct field *label = entity_field_named(entity, "name");
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	if (entity_field_named(entity_whole(entity), "shut") == NULL || label == NULL || (label->flags & FIELD_MASKED) != 0)
		return ERR_OK;
	sql_add(sql, "SELECT t.id, t.name FROM kehu_shut_called(");
	sql_text(sql, call->request->search->text);
	sql_add(sql, ") t WHERE ");
	record_arms_where(call, sql, entity, "t", &arms);
	err = store_run(call->store, call->arena, sql, &rows);
	for (size_t i = 0; err == ERR_OK && i < rows->count && answer->n_hits < limit; i++) {
		const char *name = rows_text(rows, i, 1);

		answer->hits[answer->n_hits++] = search_to_wire(call, entity,
		    &(struct search_hit){ .id = rows_int(rows, i, 0), .label = name, .field = label->number, .matched = name });
	}
	return err;
}

enum err
handle_search(struct call *call)
{
	const Kehu__Search *search = call->request->search;
	size_t limit = search->limit == 0 ? 20 : search->limit, count, total, shut;
	struct search_kind kinds[SEARCH_KINDS_MAX] = { 0 };
	Kehu__SearchAnswer *answer = ARENA_NEW(call->arena, Kehu__SearchAnswer);
	struct search_cursor cursor;
	enum err err = search_cursor_decode(call, &cursor);

	if (limit > SEARCH_LIMIT_MAX)
		limit = SEARCH_LIMIT_MAX;
	if (err != ERR_OK)
		return err;
	if (search->text == NULL || search->text[0] == '\0')
		return CALL_FAIL(call, ERR_EMPTY);
	count = search_kinds(call, kinds);
	if (count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY, .entity = search->entity);
	call_begin(call, true);
	/* What is asked without a filter is the same few statements; left alone the planner takes words that
	 * it does not know for rare ones. */
	if (search->query == NULL || search->query[0] == '\0')
		call_plan_once(call);
	for (size_t k = 0; err == ERR_OK && k < count; k++)
		err = search_one(call, &kinds[k], cursor.rest && cursor.kind == k,
		    cursor.rest ? 0 : cursor.skip + limit + 1);
	if (err != ERR_OK)
		return err;
	kehu__search_answer__init(answer);
	answer->hits = ARENA_ARRAY(call->arena, Kehu__Hit *, limit + 1);
	search_tell(kinds, count, answer);
	for (size_t k = 0; err == ERR_OK && k < count && search->cursor.len == 0; k++)
		if (search->query == NULL || search->query[0] == '\0')
			err = search_give_shut(call, kinds[k].entity, limit, answer);
	if (err != ERR_OK)
		return err;
	shut = answer->n_hits;
	if (!cursor.rest) {
		total = search_give_ranked(call, kinds, count, cursor.skip, limit, answer);
		cursor.skip += answer->n_hits - shut;
		if (cursor.skip < total)
			search_cursor_encode(call, &cursor, answer);
	}
	if (!answer->has_next)
		err = search_give_rest(call, kinds, count, cursor, limit, answer);
	call->rows = answer->n_hits;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_SEARCH;
	call->answer.search = answer;
	return err;
}
