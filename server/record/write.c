/*
 * Writes: one alone in its frame (Save, Act, Delete, Restore), or many as one (Bulk). What each
 * kind does is in save.c, act.c and remove.c.
 */
#include "server/record/write.h"

#include "server/gate/gate.h"
#include "server/record/answer.h"

#include <inttypes.h>

#define STEPS_MAX 1000

enum err
write_prepare(struct call *call, const Kehu__ClientFrame *frame, struct write *write)
{
	enum err err;

	*write = (struct write){ .frame = frame };
	switch (frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
		err = save_prepare(call, write);
		break;
	case KEHU__CLIENT_FRAME__REQUEST_ACT:
		err = act_prepare(call, write);
		break;
	case KEHU__CLIENT_FRAME__REQUEST_DELETE:
	case KEHU__CLIENT_FRAME__REQUEST_RESTORE:
		err = remove_prepare(call, write);
		break;
	default:
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	}
	if (err != ERR_OK)
		return err;
	call_scope_references(call, write->entity);
	call_scope(call, write->entity->def, write->right);
	return ERR_OK;
}

enum err
write_run(struct call *call, const struct write *write)
{
	switch (write->frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
		return save_run(call, write);
	case KEHU__CLIENT_FRAME__REQUEST_ACT:
		return act_run(call, write);
	default:
		return remove_run(call, write);
	}
}

void
write_scope(struct call *call, const struct write *write)
{
	struct arms arms = access_arms(call->user, write->entity->def, write->right);
	struct sql *sql = sql_new(call->arena);

	sql_addf(sql, "SELECT set_config('kehu.w%" PRIu32 "', ", write->entity->def->number);
	sql_text(sql, arms_setting(call->arena, &arms));
	sql_add(sql, ", true)");
	sql_named(sql);
	store_queue(call->store, sql, NULL);
}

static enum err
write_alone(struct call *call)
{
	struct write write;
	enum err err = write_prepare(call, call->request, &write);

	if (err != ERR_OK)
		return err;
	call_begin(call, true);
	return write_run(call, &write);
}

enum err
handle_save(struct call *call)
{
	return write_alone(call);
}

enum err
handle_act(struct call *call)
{
	return write_alone(call);
}

enum err
handle_delete(struct call *call)
{
	return write_alone(call);
}

enum err
handle_restore(struct call *call)
{
	return write_alone(call);
}

/* ---- many as one ------------------------------------------------------------------------- */

/* A new record's temporary id, so that later steps may refer to it. */
static void
write_remember(struct call *call, const Kehu__ClientFrame *step)
{
	int64_t temporary =
	    step->save != NULL && step->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE
		? step->save->record->id
		: 0;
	const Kehu__Written *written = call->answer.written;

	if (temporary >= 0 || step->save->record->version > 0)
		return;
	call->made[call->made_count++] = (struct made){
		.entity = written->entity, .temporary = temporary, .id = written->id
	};
}

static enum err
write_steps(
    struct call *call, const struct write *writes, size_t count, Kehu__BulkAnswer *answer)
{
	for (size_t i = 0; i < count; i++) {
		enum err err;

		write_scope(call, &writes[i]);
		err = write_run(call, &writes[i]);
		if (err != ERR_OK) {
			call->failed_step = (uint32_t)i + 1;
			return err;
		}
		write_remember(call, writes[i].frame);
		call->written_text = NULL;
		answer->steps[answer->n_steps++] = call->answer.written;
	}
	return ERR_OK;
}

/* All or nothing: the steps in order, in one transaction, under one intention. */
enum err
handle_bulk(struct call *call)
{
	const Kehu__Bulk *bulk = call->request->bulk;
	struct write *writes;
	Kehu__BulkAnswer *answer;
	enum err err;

	if (bulk->n_steps == 0 || bulk->n_steps > STEPS_MAX)
		return CALL_FAIL(call, bulk->n_steps == 0 ? ERR_EMPTY : ERR_TOO_LARGE);
	writes = ARENA_ARRAY(call->arena, struct write, bulk->n_steps);
	for (size_t i = 0; i < bulk->n_steps; i++) {
		err = write_prepare(call, bulk->steps[i], &writes[i]);
		if (err != ERR_OK) {
			call->failed_step = (uint32_t)i + 1;
			return err;
		}
	}
	call->made = ARENA_ARRAY(call->arena, struct made, bulk->n_steps);
	call->made_count = 0;
	answer = ARENA_NEW(call->arena, Kehu__BulkAnswer);
	kehu__bulk_answer__init(answer);
	answer->steps = ARENA_ARRAY(call->arena, Kehu__Written *, bulk->n_steps);
	call_begin(call, true);
	call->discard = bulk->dry_run;
	err = write_steps(call, writes, bulk->n_steps, answer);
	if (err != ERR_OK)
		return err;
	/* What is queued still has to be found good, also when nothing is to stay. */
	err = store_flush(call->store, call->arena);
	call->done_action = "bulk";
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_BULK;
	call->answer.bulk = answer;
	return err;
}
