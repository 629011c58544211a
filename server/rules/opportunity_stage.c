/*
 * 商机阶段: what administrators may say of a stage, and reading the stages for those who move.
 */
#include "server/rules/opportunity_stage.h"

#include "server/entity/dictionary.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <string.h>

/* ---- reading ----------------------------------------------------------------------------- */

void
stages_queue(struct call *call, struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT stage, state, probability, needs, moves, role, stall_days "
		     "FROM kehu_opportunity_stages()");
	sql_named(sql);
	store_queue(call->store, sql, rows);
}

struct stages
stages_take(struct call *call, const struct rows *rows)
{
	struct stage *list = ARENA_ARRAY(call->arena, struct stage, rows->count + 1);

	for (size_t i = 0; i < rows->count; i++)
		list[i] = (struct stage){ .code = rows_text(rows, i, 0),
			.state = rows_text(rows, i, 1),
			.probability = rows_int(rows, i, 2),
			.needs = rows_text(rows, i, 3),
			.moves = rows_text(rows, i, 4),
			.role = rows_text(rows, i, 5),
			.stall_days = rows_int(rows, i, 6) };
	return (struct stages){ list, rows->count };
}

enum err
stages_read(struct call *call, struct stages *stages)
{
	struct rows *rows;
	enum err err;

	stages_queue(call, &rows);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		*stages = stages_take(call, rows);
	return err;
}

const struct stage *
stages_find(const struct stages *stages, const char *code)
{
	for (size_t i = 0; i < stages->count; i++)
		if (strcmp(stages->list[i].code, code) == 0)
			return &stages->list[i];
	return NULL;
}

const struct stage *
stages_of_state(const struct stages *stages, const char *state)
{
	for (size_t i = 0; i < stages->count; i++)
		if (strcmp(stages->list[i].state, state) == 0)
			return &stages->list[i];
	return NULL;
}

bool
stage_is_open(const struct stage *stage)
{
	return strcmp(stage->state, "open") == 0;
}

/* ---- saving ------------------------------------------------------------------------------ */

static bool
opportunity_stage_is_field(const struct call *call, const char *word)
{
	return entity_field_named(catalog_entity(call->catalog, E_opportunity), word) != NULL;
}

static bool
opportunity_stage_is_code(const struct call *call, const char *word)
{
	return dictionary_item(catalog_dictionary(call->catalog, "opportunity_stage"), word) !=
	       NULL;
}

/* Every word of a field is one of its kind; the first that is not is named. */
static enum err
opportunity_stage_check_words(struct call *call, const struct record *stage, uint32_t field,
    bool (*known)(const struct call *call, const char *word))
{
	char *save = NULL, *copy = arena_strdup(call->arena, record_text(stage, field));

	for (char *word = strtok_r(copy, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save))
		if (!known(call, word))
			return CALL_FAIL(call, ERR_INVALID, .field = field,
			    .text = arena_printf(call->arena,
				call_say(call, "There is no \"%s\"", "没有“%s”"), word));
	return ERR_OK;
}

static enum err
opportunity_stage_before_save(struct call *call, struct record *stage)
{
	int64_t probability = record_number(stage, F_opportunity_stage_probability);
	enum err err;

	if (probability < 0 || probability > 100)
		return CALL_FAIL(call, ERR_INVALID, .field = F_opportunity_stage_probability,
		    .text = call_say(
			call, "A probability runs from 0 to 100", "把握应在 0 到 100 之间"));
	if (record_number(stage, F_opportunity_stage_stall_days) < 0)
		return CALL_FAIL(call, ERR_INVALID, .field = F_opportunity_stage_stall_days);
	if (!stage->is_new && record_changed(stage, F_opportunity_stage_stage))
		return CALL_FAIL(call, ERR_READ_ONLY, .field = F_opportunity_stage_stage);
	err = opportunity_stage_check_words(
	    call, stage, F_opportunity_stage_needs, opportunity_stage_is_field);
	if (err == ERR_OK)
		err = opportunity_stage_check_words(
		    call, stage, F_opportunity_stage_moves, opportunity_stage_is_code);
	return err;
}

/* A stage that opportunities stand or stood in stays: their history names it. */
static enum err
opportunity_stage_before_delete(struct call *call, struct record *stage)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(sql, "SELECT kehu_opportunity_stage_used(");
	sql_text(sql, record_text(stage, F_opportunity_stage_stage));
	sql_add(sql, ")");
	err = store_as_rule(call, sql, &rows);
	if (err != ERR_OK)
		return err;
	if (rows_bool(rows, 0, 0))
		return CALL_FAIL(call, ERR_IN_USE, .entity = E_opportunity_stage,
		    .text = call_say(
			call, "Opportunities stand in this stage", "仍有商机处于此阶段"));
	return ERR_OK;
}

const struct rule rules_opportunity_stage[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = opportunity_stage_before_save },
	{ .hook = HOOK_BEFORE_DELETE, .run = opportunity_stage_before_delete },
	{ 0 },
};
