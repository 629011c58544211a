/* Answers shared by several requests. */
#include "server/record/answer.h"

void
answer_done(struct call *call)
{
	Kehu__Done *done = ARENA_NEW(call->arena, Kehu__Done);

	kehu__done__init(done);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_DONE;
	call->answer.done = done;
}

void
answer_written(struct call *call, const struct entity *entity, int64_t id, uint32_t version,
    const char *action, const char *text)
{
	Kehu__Written *written = ARENA_NEW(call->arena, Kehu__Written);

	call->done_entity = entity->number;
	call->done_id = id;
	call->done_version = version;
	call->done_action = action;
	kehu__written__init(written);
	written->has_entity = written->has_id = written->has_version = true;
	written->entity = entity->number;
	written->id = id;
	written->version = version;
	written->text = arena_strdup(call->arena, text);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_WRITTEN;
	call->answer.written = written;
}
