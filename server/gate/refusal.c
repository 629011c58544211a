/*
 * From a call's failure to the error on the wire: the text in the reader's language, the field where
 * the reader knows it, both sides of a conflict.
 */
#include "server/gate/refusal.h"

#include <string.h>

struct failure
refusal_by_constraint(const struct call *call, enum err err)
{
	struct failure failure = { .err = err };
	const char *name = store_constraint(call->store);

	for (size_t i = 0; err == ERR_DUPLICATE && call->user != NULL && i < catalog_count(call->catalog); i++) {
		const struct entity_view *entity =
		    access_view(call->user, catalog_at(call->catalog, i)->def);
		const char *table = entity_table(entity->def);
		size_t bytes = strlen(table);
		const struct field *field;

		if (strncmp(name, table, bytes) != 0 || name[bytes] != '_')
			continue;
		field = entity_field_named(entity, name + bytes + 1);
		if (field != NULL) {
			failure.entity = entity->def->number;
			failure.field = field->number;
		}
	}
	return failure;
}

/*
 * A rule may blame a field that this reader does not know of: then it blames none. Which field the
 * reader himself named is no news to him.
 */
static struct failure
refusal_seen(const struct call *call, struct failure failure)
{
	const Kehu__ClientFrame *frame = call->request;
	uint32_t entity = failure.entity;
	const struct entity_view *view;

	if (call->user == NULL || failure.field == 0 || failure.err == ERR_NO_SUCH_FIELD)
		return failure;
	if (entity == 0 && frame->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE &&
	    frame->save->record != NULL)
		entity = frame->save->record->entity;
	view = call_view(call, entity);
	if (view == NULL || entity_field(view, failure.field) != NULL)
		return failure;
	failure.field = 0;
	failure.text = NULL;
	return failure;
}

static Kehu__Error *
refusal_error(const struct call *call, const struct failure *blamed)
{
	const struct failure seen = refusal_seen(call, *blamed), *failure = &seen;
	Kehu__Error *error = ARENA_NEW(call->arena, Kehu__Error);
	const char *text = failure->text != NULL ? failure->text :
						   err_text(failure->err, call->session.lang);

	kehu__error__init(error);
	error->has_code = true;
	error->code = (uint32_t)failure->err;
	error->text = arena_strdup(call->arena, text);
	error->has_entity = failure->entity != 0;
	error->entity = failure->entity;
	error->has_field = failure->field != 0;
	error->field = failure->field;
	error->has_line = failure->line != 0;
	error->line = failure->line;
	error->has_position = failure->err == ERR_QUERY;
	error->position = failure->position;
	error->has_ticket = failure->ticket != NULL;
	if (failure->ticket != NULL)
		error->ticket = (ProtobufCBinaryData){ 32, (uint8_t *)(uintptr_t)failure->ticket };
	error->has_retry_safe = true;
	error->retry_safe = err_retry_safe(failure->err);
	return error;
}

const char *
refusal_sentence(struct call *call, enum err err)
{
	const struct failure failure = refusal_seen(call, call->failure);
	const char *text = failure.text != NULL ? failure.text : err_text(err, call->session.lang);
	const struct entity_view *entity =
	    failure.entity != 0 ? call_view(call, failure.entity) : NULL;
	const struct field *field =
	    entity != NULL && failure.field != 0 ? entity_field(entity, failure.field) : NULL;

	if (field == NULL)
		return arena_strdup(call->arena, text);
	return arena_printf(call->arena, "%s: %s", call_say(call, field->en, field->zh), text);
}

void
refusal_answer(struct call *call)
{
	Kehu__Error *error = refusal_error(call, &call->failure);

	error->has_step = call->failed_step != 0;
	error->step = call->failed_step;
	if (call->more_count > 0) {
		error->n_more = call->more_count;
		error->more = ARENA_ARRAY(call->arena, Kehu__Error *, call->more_count);
		for (size_t i = 0; i < call->more_count; i++)
			error->more[i] = refusal_error(call, &call->more[i]);
	}
	if (call->failure.err == ERR_CONFLICT) {
		error->n_differences = call->difference_count;
		error->differences = (Kehu__Difference **)(uintptr_t)call->differences;
		error->has_version = true;
		error->version = call->current_version;
	}
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_ERROR;
	call->answer.error = error;
}
