/*
 * See merge.h. The search rows of both records are made again from what they have then, in the same
 * transaction.
 */
#include "server/record/merge.h"

#include "common/text.h"
#include "common/uuid.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <string.h>

#define MERGE_FIELDS 100

/* A field that the caller may read and change, and that does not belong to the record alone. */
static bool
merge_takes(const struct field *field)
{
	return field != NULL && (field->flags & (FIELD_READONLY | FIELD_MASKED | FIELD_NUMBERED | FIELD_UNIQUE |
				    FIELD_FIGURE | FIELD_HIDDEN)) == 0 &&
	       strcmp(field->name, "owner_id") != 0;
}

static enum err
merge_take_fields(struct call *call, const struct entity_view *entity, const struct value *named,
    const char *names[static MERGE_FIELDS], size_t *count)
{
	const struct entity_view *view = call_view(call, entity->def->number);
	char *save = NULL, *copy = arena_strdup(call->arena, named->present ? named->text : "");

	*count = 0;
	for (char *word = strtok_r(copy, " ,", &save); word != NULL; word = strtok_r(NULL, " ,", &save)) {
		const struct field *field = entity_field_called(view, word);

		if (!merge_takes(field) || *count == MERGE_FIELDS)
			return CALL_FAIL(call, ERR_INVALID, .field = 2,
			    .text = arena_printf(call->arena,
				call_say(call, "%s cannot be taken from the other", "不能采用“%s”"), word));
		names[(*count)++] = field->name;
	}
	return ERR_OK;
}

static enum err
merge_search_row(struct call *call, uint32_t entity, int64_t id, struct record **record)
{
	enum err err = record_read(call, catalog_entity(call->catalog, entity), id, RIGHT_VIEW, true, false, record);

	if (err == ERR_OK && *record != NULL)
		err = record_store_search(call, *record);
	return err;
}

/* "Moves 7 rows: contacts 3, visits 4": what the reader knows by its name, the rest as others. */
static enum err
merge_say_moved(struct call *call, int64_t merge)
{
	struct sql *sql = sql_new(call->arena);
	int64_t total = 0, others = 0;
	const char *list = "";
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT tbl, number FROM kehu_merge_moved(");
	sql_int(sql, merge);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < rows->count; i++) {
		const struct entity_view *view = NULL;

		for (size_t k = 0; view == NULL && k < catalog_count(call->catalog); k++)
			if (strcmp(entity_table(catalog_at(call->catalog, k)->def), rows_text(rows, i, 0)) == 0)
				view = catalog_at(call->catalog, k);
		total += rows_int(rows, i, 1);
		if (view == NULL || (access_rights(call->user, view->def) & RIGHT_VIEW) == 0)
			others += rows_int(rows, i, 1);
		else
			list = arena_printf(call->arena, "%s%s%s %s", list,
			    list[0] != '\0' ? call_say(call, ", ", "、") : "",
			    call_say(call, view->def->en, view->def->zh), rows_text(rows, i, 1));
	}
	if (others > 0)
		list = arena_printf(call->arena, "%s%s%s %" PRId64, list,
		    list[0] != '\0' ? call_say(call, ", ", "、") : "", call_say(call, "others", "其他"), others);
	call->written_text = arena_printf(call->arena, call_say(call, "Rows that move: %" PRId64 "%s%s", "移动 %" PRId64 " 行%s%s"),
	    total, total > 0 ? call_say(call, ": ", "：") : "", list);
	return ERR_OK;
}

enum err
merge_pair(struct call *call, const struct entity_view *entity, int64_t kept, int64_t gone, const struct value *take,
    const struct value *reason, struct record **now)
{
	const char *names[MERGE_FIELDS];
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	size_t count;
	enum err err = merge_take_fields(call, entity, take, names, &count);

	*now = NULL;
	if (err != ERR_OK)
		return err;
	sql_add(sql, "SELECT kehu_merge(");
	sql_int(sql, entity->def->number);
	sql_add(sql, "::integer, ");
	sql_int(sql, kept);
	sql_add(sql, ", ");
	sql_int(sql, gone);
	sql_add(sql, ", ");
	sql_texts(sql, names, count);
	sql_add(sql, ", ");
	sql_text(sql, reason->present ? reason->text : NULL);
	sql_add(sql, ", ");
	sql_uuid(sql, call->intention);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err == ERR_OK)
		err = merge_say_moved(call, rows_int(rows, 0, 0));
	return err != ERR_OK ? err : merge_search_row(call, entity->def->number, kept, now);
}

enum err
merge_act(struct call *call, struct record *kept, const struct value *arguments)
{
	struct record *now;
	enum err err = merge_pair(call, kept->entity, kept->id, arguments[0].number, &arguments[1], &arguments[2], &now);

	if (err == ERR_OK && now != NULL)
		kept->version = now->version;
	return err;
}

enum err
merge_act_undo(struct call *call, struct record *merge, const struct value *arguments)
{
	struct sql *sql = sql_new(call->arena);
	struct record *now;
	struct rows *rows;
	enum err err;

	(void)arguments;
	sql_add(sql, "SELECT entity, kept, gone FROM kehu_merge_undo(");
	sql_int(sql, merge->id);
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	for (size_t i = 1; err == ERR_OK && i <= 2; i++)
		err = merge_search_row(call, (uint32_t)rows_int(rows, 0, 0), rows_int(rows, 0, i), &now);
	merge->version++;
	return err;
}
