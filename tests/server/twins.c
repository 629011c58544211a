/*
 * Two companies that differ only in what one reader may not see answer that reader byte for
 * byte alike. For each role a database is cloned, every row and field out of its sight is
 * changed, and the same requests go to both: lists, filters, sorts, groups, searches, related
 * records, history, reports, and what is refused: writes, alone and in a Bulk, revealing, exports,
 * imports, the audit, a person's data. The requests follow from a seed.
 *
 * What is left out of the comparison has nothing to do with data: the number of a request and
 * its reference in the log. Times are those stored, alike in both; an answer with the minute of
 * its making in it is asked for again when it differs. A unique value that somebody else's
 * record has is refused in one company only: that such a record exists is meant to be said
 * (CUS-5), so no new unique values are sent.
 */
#include "common/date.h"
#include "common/log.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/report/report.h"
#include "tests/lib/pg.h"
#include "tests/lib/wire.h"
#include "tests/lib/world.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define PURE     "twins"
#define LEFT     "twins_left"
#define RIGHT    "twins_right"
#define SHORT    100  /* requests of a role in `make check` */
#define FULL     1000 /* with KEHU_FULL=1 */
#define SEED     20261122
#define TELL_MAX 60

/* Requests that read nothing, change things, or are another suite's; all others must be sent
 * here. */
static const char *const twins_exempt[] = { "hello", "login", "resume", "logout", "ping",
	"catalog", "attach", "job", "subscribe", "cancel", "password", "factor", "lock",
	"sessions", "restore", "view_as" };

static struct bed *left, *right;
static struct world *world;
static uint64_t random_state;
static size_t cases, differences, sent[1000];

static uint32_t
twins_random(uint32_t below)
{
	random_state =
	    random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 33) % below;
}

/* ---- what the reader may not see --------------------------------------------------------- */

/* Fields that mean something to the server itself stay. */
static bool
twins_may_change(const struct entity *entity, const struct field *field)
{
	static const char *const kept[] = { "entity", "action", "anchor_entity", "anchor_id",
		"sha256", "bytes", "step", "position", "level", "day" };

	if (field->flags & (FIELD_FIGURE | FIELD_HIDDEN))
		return false;
	if (entity->kind == ENTITY_SETUP && strcmp(field->name, "name") == 0)
		return false;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strcmp(kept[i], field->name) == 0)
			return false;
	return true;
}

/*
 * SQL for another value of the same kind, NULL: none. A text is changed behind its "Zq", a
 * phone in its middle, so that a mask shows the same of both.
 */
static const char *
twins_other(struct arena *arena, const struct field *field, const char *column)
{
	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_MONEY:
		return arena_printf(arena, "%s + 1000", column);
	case TYPE_DATE:
		return arena_printf(arena, "%s + 20000", column);
	case TYPE_PHONE:
		return arena_printf(arena, "overlay(%s placing '8642' from 4)", column);
	case TYPE_TEXT:
	case TYPE_BLOCK:
	case TYPE_LINK:
	case TYPE_MAIL:
		return arena_printf(arena,
		    "CASE WHEN %s ~* 'zq[0-9a-f]{7}f' THEN overlay(%s placing 'XY' from "
		    "strpos(lower(%s), 'zq') + 2) "
		    "ELSE %s END",
		    column, column, column, column);
	default:
		return NULL;
	}
}

static void
twins_put_ids(
    struct buf *out, const struct eval_user *user, const struct entity *entity, bool seen)
{
	buf_puts(out, "'{");
	for (size_t i = 0, count = 0; i < world->count; i++) {
		const struct world_row *row = world->rows[i];

		if (row->row.entity == entity && row->made && !row->absent &&
		    world_shows(world, user, row) == seen)
			buf_printf(out, "%s%" PRId64, count++ > 0 ? "," : "", row->row.id);
	}
	buf_puts(out, "}'::bigint[]");
}

/* All fields of rows that are not seen; of those that are, what is masked or hidden. */
static void
twins_change_fields(struct buf *out, struct arena *arena, const struct eval_user *user,
    const struct entity_view *view, bool seen)
{
	bool any = false;

	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		const char *other = twins_other(arena, field, field->name);

		if (other == NULL || !twins_may_change(view->def, field) ||
		    (seen &&
			eval_field(&world->facts, user, view->def, field) <= EVAL_READONLY))
			continue;
		buf_printf(out, "%s%s = %s",
		    any ? ", " : arena_printf(arena, "UPDATE %s SET ", entity_table(view->def)),
		    field->name, other);
		any = true;
		if (field->type == TYPE_PHONE)
			buf_printf(out, ", %s_digits = %s", field->name, other);
		if (field->type == TYPE_TEXT && field->flags & FIELD_SORT)
			buf_printf(out, ", %s_key = %s", field->name,
			    twins_other(
				arena, field, arena_printf(arena, "%s_key", field->name)));
	}
	if (!any)
		return;
	buf_puts(out, " WHERE id = ANY(");
	twins_put_ids(out, user, view->def, seen);
	buf_puts(out, ");\n");
}

/* What the change log and the search row say of a masked or hidden text goes along. */
static void
twins_change_copies(struct buf *out, const struct eval_user *user, const struct world_row *row)
{
	const struct entity_view *view =
	    catalog_entity(world->catalog, row->row.entity->number);
	const struct world_row *root = row->parent != NULL ? row->parent : row;

	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		struct world_value value = world_value(world, row, field);
		char other[200];

		if (!value.present || value.text == NULL || strlen(value.text) < 11 ||
		    !twins_may_change(view->def, field) || field->type == TYPE_MONEY ||
		    eval_field(&world->facts, user, view->def, field) <= EVAL_READONLY)
			continue;
		snprintf(other, sizeof(other), "%s", value.text);
		if (field->type == TYPE_PHONE)
			memcpy(other + 3, "8642", 4);
		else if (strcasestr(other, "zq") != NULL)
			memcpy(strcasestr(other, "zq") + 2, "XY", 2);
		buf_printf(out,
		    "UPDATE history SET new = array_replace(new, '%s', '%s') WHERE root_id = "
		    "%" PRId64 " AND record_id = %" PRId64 ";\n",
		    value.text, other, root->row.id, row->row.id);
		if (root->row.entity->searched)
			buf_printf(out,
			    "UPDATE %s_search SET doc = replace(doc, '%s', '%s') WHERE id = "
			    "%" PRId64 ";\n",
			    entity_table(root->row.entity), value.text, other, root->row.id);
	}
}

static void
twins_change_unseen(
    struct buf *out, const struct eval_user *user, const struct entity_view *view)
{
	const char *table = entity_table(view->def);

	buf_puts(out, "UPDATE history SET new = (SELECT array_agg(coalesce(x, '') || '9') FROM "
		      "unnest(new) x) "
		      "WHERE new <> '{}' AND record_id = ANY(");
	twins_put_ids(out, user, view->def, false);
	buf_puts(out, ");\n");
	if (view->def->searched) {
		buf_printf(out, "DELETE FROM %s_search WHERE id = ANY(", table);
		twins_put_ids(out, user, view->def, false);
		buf_puts(out, ");\n");
	}
	/* Some of them are not there at all. */
	if (view->def->kind == ENTITY_ACTIVITY) {
		buf_printf(out,
		    "UPDATE %s SET deleted_at = now() WHERE id %% 3 = 0 AND id = ANY(", table);
		twins_put_ids(out, user, view->def, false);
		buf_puts(out, ");\n");
	}
}

/* Makes the right company another one, where the reader does not see it. */
static void
twins_change(size_t reader)
{
	const struct eval_user *user = &world->readers[reader];
	struct arena *arena = arena_new(0);
	struct buf out = BUF_INIT;

	/* Past the triggers: an unseen change bumps no versions that are seen. */
	buf_puts(&out, "SET session_replication_role = replica;\n");
	for (size_t e = 0; e < catalog_count(world->catalog); e++) {
		const struct entity_view *view = catalog_at(world->catalog, e);

		twins_change_fields(&out, arena, user, view, false);
		twins_change_fields(&out, arena, user, view, true);
		twins_change_unseen(&out, user, view);
	}
	for (size_t i = 0; i < world->count; i++)
		if (world->rows[i]->made && !world->rows[i]->absent &&
		    world_shows(world, user, world->rows[i]))
			twins_change_copies(&out, user, world->rows[i]);
	pg_exec(RIGHT, "%s", buf_text(&out));
	buf_fini(&out);
	arena_free(arena);
}

/* ---- requests ---------------------------------------------------------------------------- */

static const struct entity_view *
twins_entity(bool searched)
{
	for (;;) {
		const struct entity_view *view = catalog_at(
		    world->catalog, twins_random((uint32_t)catalog_count(world->catalog)));

		/* What the reader reads is counted meanwhile, in either company for itself. */
		if (view->def->number == E_reading)
			continue;
		/* Most of the time what people work with. */
		if (searched ? view->def->searched
			     : (view->def->kind == ENTITY_ACTIVITY || twins_random(6) == 0))
			return view;
	}
}

static const struct field *
twins_field(const struct entity_view *view)
{
	return view->fields[twins_random((uint32_t)view->field_count)];
}

/* Any row, seen or not; mostly of the reader's surroundings. */
static const struct world_row *
twins_row(const struct entity_view *view, size_t reader)
{
	size_t first = world->first[view->def->number], count = 0;

	while (
	    first + count < world->count && world->rows[first + count]->row.entity == view->def)
		count++;
	for (int i = 0; count > 0 && i < 200; i++) {
		const struct world_row *row =
		    world->rows[first + twins_random((uint32_t)count)];

		if (!row->absent && row->made &&
		    (row->place >= PLACE_DEPARTMENT || row->reader == reader ||
			twins_random(20) == 0))
			return row;
	}
	return NULL;
}

/*
 * A part of a value. Whole values of masked fields are not asked by: that they are found is
 * what masking leaves to those who know them.
 */
static const char *
twins_part(struct arena *arena, const struct entity_view *view, const struct field *field,
    size_t reader, const char *text, size_t least)
{
	bool masked = eval_field(&world->facts, &world->readers[reader], view->def, field) >
		      EVAL_READONLY;
	size_t most = strlen(text) - (masked && strlen(text) > least);

	return arena_strndup(arena, text,
	    !masked && twins_random(2) ? most
				       : least + twins_random((uint32_t)(most - least + 1)));
}

/* One term of the search language about any field, with the value of any row or a made-up one.
 */
static const char *
twins_term(struct arena *arena, const struct entity_view *view, size_t reader)
{
	static const char *const dates[] = { "30d", "..+7d", ">2020-01-01", "2011-03-04",
		"1990-01-01..2005-12-31" };
	const struct field *field = twins_field(view);
	const struct world_row *row = twins_row(view, reader);
	struct world_value value =
	    row != NULL ? world_value(world, row, field) : (struct world_value){ 0 };
	const char *not = twins_random(5) == 0 ? "-" : "";

	if (twins_random(10) == 0)
		return arena_printf(arena, "has:%s", field->name);
	switch (field->type) {
	case TYPE_DATE:
	case TYPE_MOMENT:
		return arena_printf(arena, "%s%s:%s", not, field->name, dates[twins_random(5)]);
	case TYPE_INT:
	case TYPE_QUANTITY:
		return arena_printf(arena, "%s%s:%s%u", not, field->name,
		    twins_random(2) ? ">" : "", twins_random(90));
	case TYPE_MONEY:
		return arena_printf(arena, "%s%s:%u..", not, field->name, twins_random(5000));
	case TYPE_REF:
		return value.present ? arena_printf(arena, "%s%s:#%" PRId64, not, field->name,
					   value.number)
				     : arena_printf(arena, "%s:me", field->name);
	case TYPE_BOOL:
		return arena_printf(arena, "%s%s:yes", not, field->name);
	default:
		if (value.text == NULL)
			return arena_printf(arena, "%s%s:x", not, field->name);
		return arena_printf(arena, "%s%s:%s", not, field->name,
		    twins_part(arena, view, field, reader, value.text, 1));
	}
}

static const char *
twins_query(struct arena *arena, const struct entity_view *view, size_t reader)
{
	const char *query = "";

	for (uint32_t terms = twins_random(3); terms > 0; terms--)
		query = arena_printf(arena, "%s %s", query, twins_term(arena, view, reader));
	if (twins_random(6) == 0)
		query = arena_printf(arena, "%s sort:%s%s", query, twins_random(2) ? "-" : "",
		    twins_field(view)->name);
	return query;
}

static void
twins_list(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct entity_view *view = twins_entity(false);
	Kehu__List *list = ARENA_NEW(arena, Kehu__List);

	kehu__list__init(list);
	list->has_entity = list->has_limit = list->has_total = list->has_deleted = true;
	list->entity = view->def->number;
	list->limit = 1 + twins_random(60);
	list->total = twins_random(2) == 0;
	list->deleted = twins_random(12) == 0;
	list->query = arena_strdup(arena, twins_query(arena, view, reader));
	if (twins_random(3) == 0) {
		list->has_sort = list->has_down = true;
		list->sort = twins_field(view)->number;
		list->down = twins_random(2) == 0;
	}
	if (twins_random(2) == 0) {
		list->columns = ARENA_ARRAY(arena, uint32_t, 4);
		list->n_columns = 1 + twins_random(4);
		for (size_t i = 0; i < list->n_columns; i++)
			list->columns[i] = twins_field(view)->number;
	}
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame->list = list;
}

static bool
twins_related(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct entity_view *view = twins_entity(false);
	const struct world_row *row = twins_row(view, reader);
	Kehu__Related *related = ARENA_NEW(arena, Kehu__Related);
	size_t tabs = 0;

	while (view->def->tabs != NULL && view->def->tabs[tabs].entity != NULL)
		tabs++;
	if (tabs == 0 || row == NULL)
		return false;
	kehu__related__init(related);
	related->has_entity = related->has_id = related->has_related = related->has_limit =
	    true;
	related->entity = view->def->number;
	related->id = row->row.id;
	related->related = catalog_entity_named(
	    world->catalog, view->def->tabs[twins_random((uint32_t)tabs)].entity)
			       ->def->number;
	related->limit = 1 + twins_random(40);
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame->related = related;
	return true;
}

static void
twins_search(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct entity_view *view = twins_entity(true);
	const struct world_row *row = twins_row(view, reader);
	Kehu__Search *search = ARENA_NEW(arena, Kehu__Search);
	const struct field *field = twins_field(view);
	struct world_value value =
	    row != NULL ? world_value(world, row, field) : (struct world_value){ 0 };

	kehu__search__init(search);
	search->has_entity = twins_random(2) == 0;
	search->entity = view->def->number;
	search->has_limit = true;
	search->limit = 1 + twins_random(100);
	if (value.text == NULL || strlen(value.text) < 3)
		search->text = arena_strdup(arena, "zq0");
	else
		search->text =
		    arena_strdup(arena, twins_part(arena, view, field, reader, value.text, 3) +
					    (twins_random(3) == 0 ? 2 : 0));
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame->search = search;
}

/* ---- a record by its id, seen or not ---- */

struct twins_target {
	struct arena *arena;
	const struct entity_view *view;
	const struct world_row *row;
	const struct eval_user *user;
};

static ProtobufCBinaryData
twins_intention(struct arena *arena)
{
	struct uuid intention = uuid_new();

	return (ProtobufCBinaryData){ sizeof(intention.bytes),
		arena_memdup(arena, intention.bytes, sizeof(intention.bytes)) };
}

/* A protobuf message with the fields entity and id, which name the target. */
#define TWINS_NAME(message, target)                                                            \
	((message)->has_entity = (message)->has_id = true,                                     \
	    (message)->entity = (target)->view->def->number,                                   \
	    (message)->id = (target)->row->row.id)

static bool
twins_get(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	frame->get = ARENA_NEW(target->arena, Kehu__Get);
	kehu__get__init(frame->get);
	TWINS_NAME(frame->get, target);
	return true;
}

static bool
twins_history(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	frame->history = ARENA_NEW(target->arena, Kehu__History);
	kehu__history__init(frame->history);
	TWINS_NAME(frame->history, target);
	return true;
}

static bool
twins_version(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_VERSION;
	frame->version = ARENA_NEW(target->arena, Kehu__Version);
	kehu__version__init(frame->version);
	TWINS_NAME(frame->version, target);
	frame->version->has_version = true;
	frame->version->version = 1 + twins_random(2);
	return true;
}

static bool
twins_why(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_WHY;
	frame->why = ARENA_NEW(target->arena, Kehu__Why);
	kehu__why__init(frame->why);
	TWINS_NAME(frame->why, target);
	return true;
}

/* Writes: what would be done must not be, so only where the evaluator says no. */
static bool
twins_refused(const struct twins_target *target, enum eval_right needs, const struct action *action)
{
	return eval_change(&world->facts, target->user, &target->row->row, needs, action) != EVAL_OK;
}

static bool
twins_save(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	Kehu__Save *save = ARENA_NEW(target->arena, Kehu__Save);
	Kehu__Record *record = ARENA_NEW(target->arena, Kehu__Record);
	Kehu__Value *value = ARENA_NEW(target->arena, Kehu__Value);

	if (!twins_refused(target, EVAL_EDIT, NULL))
		return false;
	kehu__value__init(value);
	value->has_field = true;
	value->field = twins_field(target->view)->number;
	value->text = arena_strdup(target->arena, "someone");
	kehu__record__init(record);
	TWINS_NAME(record, target);
	record->has_version = true;
	record->version = 1;
	record->n_values = 1;
	record->values = ARENA_ARRAY(target->arena, Kehu__Value *, 1);
	record->values[0] = value;
	kehu__save__init(save);
	save->has_intention = true;
	save->intention = twins_intention(target->arena);
	save->record = record;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame->save = save;
	return true;
}

static bool
twins_delete(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	if (!twins_refused(target, EVAL_DELETE, NULL))
		return false;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	frame->delete_ = ARENA_NEW(target->arena, Kehu__Delete);
	kehu__delete__init(frame->delete_);
	TWINS_NAME(frame->delete_, target);
	frame->delete_->has_intention = true;
	frame->delete_->intention = twins_intention(target->arena);
	return true;
}

static bool
twins_act(const struct twins_target *target, Kehu__ClientFrame *frame)
{
	const struct action *action = target->view->def->actions;

	while (action != NULL && action->name != NULL &&
	       !twins_refused(target, eval_action_right(target->view->def, action->name), action))
		action++;
	if (action == NULL || action->name == NULL)
		return false;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame->act = ARENA_NEW(target->arena, Kehu__Act);
	kehu__act__init(frame->act);
	TWINS_NAME(frame->act, target);
	frame->act->has_intention = true;
	frame->act->intention = twins_intention(target->arena);
	frame->act->action = arena_strdup(target->arena, action->name);
	return true;
}

static bool (*const twins_ways[])(const struct twins_target *target, Kehu__ClientFrame *frame) = {
	twins_get, twins_history, twins_why, twins_save, twins_delete, twins_act, twins_version
};

/* In one of these ways; false: there is no such row, or it might be done. */
static bool
twins_record(struct arena *arena, Kehu__ClientFrame *frame, size_t reader, uint32_t way)
{
	struct twins_target target = { .arena = arena,
		.view = twins_entity(false),
		.user = &world->readers[reader] };

	target.row = twins_row(target.view, reader);
	return target.row != NULL && twins_ways[way](&target, frame);
}

/* Denied ones once more, as the step of a Bulk that keeps nothing. */
static bool
twins_bulk(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	Kehu__ClientFrame *step = ARENA_NEW(arena, Kehu__ClientFrame);
	struct uuid intention = uuid_new();

	kehu__client_frame__init(step);
	if (!twins_record(arena, step, reader, 3 + twins_random(3)))
		return false;
	if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE)
		step->save->has_intention = false;
	else if (step->request_case == KEHU__CLIENT_FRAME__REQUEST_DELETE)
		step->delete_->has_intention = false;
	else
		step->act->has_intention = false;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	frame->bulk = ARENA_NEW(arena, Kehu__Bulk);
	kehu__bulk__init(frame->bulk);
	frame->bulk->has_intention = frame->bulk->has_dry_run = frame->bulk->dry_run = true;
	frame->bulk->intention.data =
	    arena_memdup(arena, intention.bytes, sizeof(intention.bytes));
	frame->bulk->intention.len = sizeof(intention.bytes);
	frame->bulk->n_steps = 1;
	frame->bulk->steps = ARENA_ARRAY(arena, Kehu__ClientFrame *, 1);
	frame->bulk->steps[0] = step;
	return true;
}

/* A change of all that a query finds, tried only: what is counted and refused is of what is seen. */
static void
twins_alter(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct entity_view *view = twins_entity(false);
	Kehu__Alter *alter = ARENA_NEW(arena, Kehu__Alter);

	kehu__alter__init(alter);
	alter->has_entity = alter->has_dry_run = alter->has_intention = true;
	alter->intention = twins_intention(arena);
	alter->entity = view->def->number;
	alter->query = arena_strdup(arena, twins_query(arena, view, reader));
	alter->dry_run = true;
	if (twins_random(3) == 0) {
		alter->what = arena_strdup(arena, "delete");
	} else {
		Kehu__Value *value = ARENA_NEW(arena, Kehu__Value);

		kehu__value__init(value);
		value->has_field = true;
		value->field = twins_field(view)->number;
		value->text = arena_strdup(arena, "someone");
		alter->what = arena_strdup(arena, "set");
		alter->n_values = 1;
		alter->values = ARENA_ARRAY(arena, Kehu__Value *, 1);
		alter->values[0] = value;
	}
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_ALTER;
	frame->alter = alter;
}

/* A masked value of what is seen may be revealed, and differs; anything else is refused. */
static bool
twins_reveal(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	const struct entity_view *view = twins_entity(false);
	const struct world_row *row = twins_row(view, reader);
	const struct eval_user *user = &world->readers[reader];
	const struct field *field = twins_field(view);

	if (row == NULL ||
	    (eval_open(&world->facts, user, &row->row) == EVAL_OK &&
		eval_field(&world->facts, user, view->def, field) == EVAL_MASKED))
		return false;
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_REVEAL;
	frame->reveal = ARENA_NEW(arena, Kehu__Reveal);
	kehu__reveal__init(frame->reveal);
	frame->reveal->has_entity = frame->reveal->has_id = frame->reveal->has_field = true;
	frame->reveal->entity = view->def->number;
	frame->reveal->id = row->row.id;
	frame->reveal->field = field->number;
	frame->reveal->reason = arena_strdup(arena, "twins");
	return true;
}

/* What leaves, comes in, or looks past scopes: of those who have not the right, who learn nothing. */
static bool
twins_denied(struct arena *arena, Kehu__ClientFrame *frame, size_t reader, uint32_t way)
{
	const struct entity_view *view = twins_entity(false);
	const struct world_row *row = twins_row(view, reader);
	uint32_t rights = eval_rights(&world->facts, &world->readers[reader], view->def);
	struct uuid intention = uuid_new();

	switch (way) {
	case 0:
		if (rights & EVAL_EXPORT)
			return false;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_EXPORT;
		frame->export = ARENA_NEW(arena, Kehu__Export);
		kehu__export__init(frame->export);
		frame->export->has_intention = frame->export->has_entity = true;
		frame->export->intention.data =
		    arena_memdup(arena, intention.bytes, sizeof(intention.bytes));
		frame->export->intention.len = sizeof(intention.bytes);
		frame->export->entity = view->def->number;
		frame->export->query = arena_strdup(arena, twins_query(arena, view, reader));
		frame->export->format = arena_strdup(arena, "csv");
		frame->export->reason = arena_strdup(arena, "twins");
		return true;
	case 1:
		if (rights & EVAL_CREATE)
			return false;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_IMPORT;
		frame->import = ARENA_NEW(arena, Kehu__Import);
		kehu__import__init(frame->import);
		frame->import->has_step = frame->import->has_entity = frame->import->has_dry_run =
		    frame->import->dry_run = frame->import->has_intention = true;
		frame->import->step = 1;
		frame->import->entity = view->def->number;
		frame->import->intention.data =
		    arena_memdup(arena, intention.bytes, sizeof(intention.bytes));
		frame->import->intention.len = sizeof(intention.bytes);
		return true;
	case 2:
		if (eval_rights(&world->facts, &world->readers[reader],
			catalog_entity(world->catalog, E_reading)->def) != EVAL_VIEW ||
		    strcmp(world->readers[reader].role, "auditor") == 0 ||
		    strcmp(world->readers[reader].role, "test_states") == 0)
			return false;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_AUDIT;
		frame->audit = ARENA_NEW(arena, Kehu__Audit);
		kehu__audit__init(frame->audit);
		frame->audit->has_step = frame->audit->has_entity = frame->audit->has_record = true;
		frame->audit->step = 1;
		frame->audit->entity = view->def->number;
		frame->audit->record = row != NULL ? row->row.id : 0;
		return true;
	default:
		if (eval_rights(&world->facts, &world->readers[reader],
			catalog_entity(world->catalog, E_erasure)->def) != 0)
			return false;
		frame->request_case = KEHU__CLIENT_FRAME__REQUEST_PERSON;
		frame->person = ARENA_NEW(arena, Kehu__Person);
		kehu__person__init(frame->person);
		frame->person->has_step = frame->person->has_record = true;
		frame->person->step = 1 + twins_random(2);
		frame->person->record = row != NULL ? row->row.id : 0;
		frame->person->text = arena_strdup(arena, "someone");
		return true;
	}
}

static void
twins_report(struct arena *arena, Kehu__ClientFrame *frame, size_t reader)
{
	static const char *const formats[] = { "csv", "text", "html" };
	Kehu__Report *report = ARENA_NEW(arena, Kehu__Report);
	size_t count = 0;
	const struct report_info *info;

	while (report_list[count] != NULL)
		count++;
	info = report_list[twins_random((uint32_t)count)];
	kehu__report__init(report);
	report->name = arena_strdup(arena, info->name);
	report->format = arena_strdup(arena, formats[twins_random(3)]);
	if (info->entity != NULL) {
		const struct world_row *row =
		    twins_row(catalog_entity_named(world->catalog, info->entity), reader);

		report->n_parameters = 1;
		report->parameters = ARENA_ARRAY(arena, Kehu__Value *, 1);
		report->parameters[0] = ARENA_NEW(arena, Kehu__Value);
		kehu__value__init(report->parameters[0]);
		report->parameters[0]->has_field = report->parameters[0]->has_number = true;
		report->parameters[0]->field = 1;
		report->parameters[0]->number = row != NULL ? row->row.id : 1;
	}
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
	frame->report = report;
}

static Kehu__ClientFrame *
twins_make(struct arena *arena, size_t reader)
{
	Kehu__ClientFrame *frame = ARENA_NEW(arena, Kehu__ClientFrame);

	for (;;) {
		uint32_t way = twins_random(100);

		kehu__client_frame__init(frame);
		if (way < 30) {
			twins_list(arena, frame, reader);
		} else if (way < 44) {
			twins_search(arena, frame, reader);
		} else if (way < 52) {
			if (!twins_related(arena, frame, reader))
				continue;
		} else if (way < 82) {
			if (!twins_record(arena, frame, reader, (way - 52) / 5))
				continue;
		} else if (way < 83) {
			if (twins_random(2) == 0)
				twins_alter(arena, frame, reader);
			else if (!twins_record(arena, frame, reader, 6))
				continue;
		} else if (way < 84) {
			if (!twins_bulk(arena, frame, reader))
				continue;
		} else if (way < 87) {
			if (!twins_reveal(arena, frame, reader))
				continue;
		} else if (way < 92) {
			if (!twins_denied(arena, frame, reader, twins_random(4)))
				continue;
		} else if (way < 95) {
			twins_report(arena, frame, reader);
		} else if (way < 96) {
			frame->request_case = KEHU__CLIENT_FRAME__REQUEST_TODAY;
			frame->today = ARENA_NEW(arena, Kehu__Today);
			kehu__today__init(frame->today);
			frame->today->has_limit = true;
			frame->today->limit = twins_random(51);
		} else if (way < 97) {
			frame->request_case = KEHU__CLIENT_FRAME__REQUEST_TEAM;
			frame->team = ARENA_NEW(arena, Kehu__Team);
			kehu__team__init(frame->team);
			frame->team->has_me = true;
			frame->team->me = twins_random(2);
		} else if (twins_random(3) == 0) {
			/* Of what exists and is not seen the answer tells, so it is asked of what does not. */
			frame->request_case = KEHU__CLIENT_FRAME__REQUEST_CHECK;
			frame->check = ARENA_NEW(arena, Kehu__Check);
			kehu__check__init(frame->check);
			frame->check->name = arena_printf(arena, "没有这样的公司 %u", (unsigned)twins_random(9));
			frame->check->has_typing = true;
			frame->check->typing = twins_random(2);
		} else if (way < 98) {
			const struct entity_view *view =
			    catalog_entity_named(world->catalog, "opportunity");

			frame->request_case = KEHU__CLIENT_FRAME__REQUEST_BOARD;
			frame->board = ARENA_NEW(arena, Kehu__Board);
			kehu__board__init(frame->board);
			if (twins_random(2) == 0)
				frame->board->query =
				    arena_strdup(arena, twins_term(arena, view, reader));
		} else {
			const struct world_row *row =
			    twins_row(catalog_entity_named(world->catalog, "approval"), reader);

			frame->request_case = KEHU__CLIENT_FRAME__REQUEST_PROPOSAL;
			frame->proposal = ARENA_NEW(arena, Kehu__Proposal);
			kehu__proposal__init(frame->proposal);
			frame->proposal->has_id = true;
			frame->proposal->id = row->row.id;
		}
		sent[frame->request_case % 1000]++;
		return frame;
	}
}

/* ---- comparing --------------------------------------------------------------------------- */

static const char *
twins_describe(struct arena *arena, const Kehu__ClientFrame *frame)
{
	const char *name = request_name((int)frame->request_case);

	switch (frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_LIST:
		return arena_printf(arena, "list %s '%s' sort %u%s%s",
		    catalog_entity(world->catalog, frame->list->entity)->def->name,
		    frame->list->query, frame->list->sort,
		    frame->list->deleted ? " deleted" : "", frame->list->total ? " total" : "");
	case KEHU__CLIENT_FRAME__REQUEST_SEARCH:
		return arena_printf(arena, "search '%s' %u", frame->search->text,
		    frame->search->has_entity ? frame->search->entity : 0);
	case KEHU__CLIENT_FRAME__REQUEST_GET:
		return arena_printf(
		    arena, "get %u %" PRId64, frame->get->entity, frame->get->id);
	case KEHU__CLIENT_FRAME__REQUEST_HISTORY:
		return arena_printf(
		    arena, "history %u %" PRId64, frame->history->entity, frame->history->id);
	case KEHU__CLIENT_FRAME__REQUEST_RELATED:
		return arena_printf(arena, "related %u %" PRId64 " %u", frame->related->entity,
		    frame->related->id, frame->related->related);
	case KEHU__CLIENT_FRAME__REQUEST_REPORT:
		return arena_printf(
		    arena, "report %s %s", frame->report->name, frame->report->format);
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
		return arena_printf(arena, "save %u %" PRId64 " field %u",
		    frame->save->record->entity, frame->save->record->id,
		    frame->save->record->values[0]->field);
	default:
		return name;
	}
}

static bool
twins_same(const struct wire_answer *a, const struct wire_answer *b)
{
	return a->bytes == b->bytes && memcmp(a->data, b->data, a->bytes) == 0;
}

static void
twins_tell(struct arena *arena, size_t reader, const Kehu__ClientFrame *frame,
    const struct wire_answer *a, const struct wire_answer *b)
{
	size_t at = 0, from;

	if (differences++ >= TELL_MAX)
		return;
	while (at < a->bytes && at < b->bytes && a->data[at] == b->data[at])
		at++;
	from = at > 20 ? at - 20 : 0;
	print_message("# %s: %s: %zu and %zu bytes (%s, %s), from byte %zu: %s | %s\n",
	    world->readers[reader].role, twins_describe(arena, frame), a->bytes, b->bytes,
	    err_name(a->err), err_name(b->err), at,
	    text_print(arena,
		arena_strndup(arena, (const char *)a->data + from,
		    a->bytes - from < 60 ? a->bytes - from : 60),
		TEXT_LINE),
	    text_print(arena,
		arena_strndup(arena, (const char *)b->data + from,
		    b->bytes - from < 60 ? b->bytes - from : 60),
		TEXT_LINE));
	if (getenv("KEHU_FIRST_FAILURE") != NULL) /* tests/tools/mutate wants no more */
		exit(1);
}

static void
twins_ask(size_t reader, size_t count)
{
	const char *name = world_reader_name(world, reader);
	enum lang lang = reader % 2 ? LANG_ZH : LANG_EN;
	struct wire *wires[2] = { wire_open(left, name, lang), wire_open(right, name, lang) };
	struct arena *arena = arena_new(0);

	for (size_t done = 0; done < count;) {
		Kehu__ClientFrame *frames[50];
		struct wire_answer answers[2][50];
		size_t batch = 0;

		while (batch < 50 && done + batch < count)
			frames[batch++] = twins_make(arena, reader);
		for (int side = 0; side < 2; side++)
			wire_ask(wires[side], frames, batch, arena, answers[side]);
		for (size_t i = 0; i < batch; i++) {
			struct wire_answer again[2];

			cases++;
			if (twins_same(&answers[0][i], &answers[1][i]))
				continue;
			for (int side = 0; side < 2; side++)
				wire_ask(wires[side], &frames[i], 1, arena, &again[side]);
			if (!twins_same(&again[0], &again[1]))
				twins_tell(arena, reader, frames[i], &again[0], &again[1]);
		}
		done += batch;
		arena_reset(arena);
	}
	arena_free(arena);
	wire_close(wires[0]);
	wire_close(wires[1]);
}

static void
what_is_not_seen_makes_no_difference(void **state)
{
	const char *full = getenv("KEHU_FULL");
	size_t count = full != NULL && full[0] == '1' ? FULL : SHORT;

	random_state = SEED;
	for (size_t r = 0; r < eval_role_count; r++) {
		int64_t began = date_monotonic_us();

		pg_exec("postgres", "CREATE DATABASE " LEFT " TEMPLATE " PURE);
		pg_exec("postgres", "CREATE DATABASE " RIGHT " TEMPLATE " PURE);
		twins_change(r);
		bed_start(left);
		bed_start(right);
		twins_ask(r, count);
		if (getenv("KEHU_VERBOSE") != NULL)
			print_message("# %s: %" PRId64 " ms\n", world->readers[r].role,
			    (date_monotonic_us() - began) / 1000);
		bed_kill(left, SIGKILL);
		bed_kill(right, SIGKILL);
		pg_drop(LEFT);
		pg_drop(RIGHT);
	}
	print_message("# twins: %zu cases\n", cases);
	assert_int_equal(differences, 0);
	assert_int_equal(cases, eval_role_count * count);
}

/* A new kind of request is sent here or excused above. */
static void
every_reading_request_is_sent(void **state)
{
	static const struct {
		int number;
		const char *name;
	} requests[] = {
#define REQ(number, name, ...) { number, #name },
#include "proto/requests.def"
#undef REQ
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		bool exempt = false;

		for (size_t e = 0; e < sizeof(twins_exempt) / sizeof(twins_exempt[0]); e++)
			exempt |= strcmp(twins_exempt[e], requests[i].name) == 0;
		if (!exempt && sent[requests[i].number % 1000] == 0)
			fail_msg("no request of the kind %s was sent", requests[i].name);
	}
}

static int
twins_start(void **state)
{
	static const char settings[] =
	    "log: { level = \"warn\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
	    "budget: { rows = 0; unusual = 10000000; };\n";

	left = bed_new_with(PURE, settings);
	bed_kill(left, SIGTERM);
	world = world_make(PURE);
	pg_exec(PURE, "ANALYZE");
	right = bed_beside(left, RIGHT);
	left->database = LEFT;
	left->port = 0;
	return 0;
}

static int
twins_stop(void **state)
{
	world_free(world);
	left->database = PURE;
	bed_free(left);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_seen_makes_no_difference),
		cmocka_unit_test(every_reading_request_is_sent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, twins_start, twins_stop);
}
