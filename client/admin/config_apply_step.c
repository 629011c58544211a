/*
 * The steps that kehu-admin apply sends, and those for what the file does not name: users and custom fields
 * are never deleted, those a file with some does not name are disabled, or retired.
 */
#include "client/admin/config_apply.h"

#include <string.h>

void
apply_add_step(struct apply *apply, Kehu__ClientFrame *step, const struct wish *wish)
{
	if (apply->step_count == apply->step_room) {
		size_t room = apply->step_room == 0 ? 64 : apply->step_room * 2;
		Kehu__ClientFrame **steps =
		    ARENA_ARRAY(apply->cli->arena, Kehu__ClientFrame *, room);
		const struct wish **of =
		    ARENA_ARRAY(apply->cli->arena, const struct wish *, room);

		for (size_t i = 0; i < apply->step_count; i++) {
			steps[i] = apply->steps[i];
			of[i] = apply->of[i];
		}
		apply->steps = steps;
		apply->of = of;
		apply->step_room = room;
	}
	apply->steps[apply->step_count] = step;
	apply->of[apply->step_count++] = wish;
}

Kehu__Record *
apply_record_new(struct apply *apply, uint32_t entity, int64_t id, uint32_t version)
{
	Kehu__Record *record = ARENA_NEW(apply->cli->arena, Kehu__Record);

	kehu__record__init(record);
	record->has_entity = record->has_id = record->has_version = true;
	record->entity = entity;
	record->id = id;
	record->version = version;
	return record;
}

void
apply_save(struct apply *apply, Kehu__Record *record, const struct wish *wish)
{
	Kehu__ClientFrame *step = ARENA_NEW(apply->cli->arena, Kehu__ClientFrame);

	kehu__client_frame__init(step);
	step->request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	step->save = ARENA_NEW(apply->cli->arena, Kehu__Save);
	kehu__save__init(step->save);
	step->save->record = record;
	apply_add_step(apply, step, wish);
}

void
apply_put_value(struct apply *apply, Kehu__Record *record, Kehu__Value *value)
{
	Kehu__Value **values =
	    ARENA_ARRAY(apply->cli->arena, Kehu__Value *, record->n_values + 1);

	if (record->n_values > 0)
		memcpy(values, record->values, record->n_values * sizeof(*values));
	values[record->n_values++] = value;
	record->values = values;
}

/* A change of a record that an earlier step makes: its temporary id under the version it will
 * have. */
void
apply_put_later(struct apply *apply, const Kehu__Record *made, Kehu__Value *value)
{
	Kehu__Record *record = apply_record_new(apply, made->entity, made->id, 1);
	Kehu__Record **later =
	    ARENA_ARRAY(apply->cli->arena, Kehu__Record *, apply->later_count + 1);

	if (apply->later_count > 0)
		memcpy(later, apply->later, apply->later_count * sizeof(*later));
	apply_put_value(apply, record, value);
	later[apply->later_count++] = record;
	apply->later = later;
}

void
apply_put_line(struct apply *apply, Kehu__Record *record, Kehu__Record *line)
{
	Kehu__Record **lines =
	    ARENA_ARRAY(apply->cli->arena, Kehu__Record *, record->n_lines + 1);

	if (record->n_lines > 0)
		memcpy(lines, record->lines, record->n_lines * sizeof(*lines));
	lines[record->n_lines++] = line;
	record->lines = lines;
}

void
apply_show(struct apply *apply, const char *sign, const char *what, const char *field,
    const char *old, const char *new)
{
	if (field == NULL)
		cli_print(apply->cli, "%s %s", sign, what);
	else
		cli_print(apply->cli, "%s %s: %s %s -> %s", sign, what, field,
		    old != NULL ? old : "()", new != NULL ? new : "()");
}

/* ---- what the file does not name --------------------------------------------------------- */

/* Users are disabled and custom fields retired, since what hangs on them stays; NULL: it is deleted. */
static const char *
apply_instead(const Kehu__Entity *entity)
{
	return strcmp(entity->name, "user") == 0	   ? "disabled" :
	    strcmp(entity->name, "custom_field") == 0 ? "retired" :
							NULL;
}

static void
apply_disable(struct apply *apply, const Kehu__Entity *entity, const Kehu__Record *stored,
    const char *title)
{
	const Kehu__Field *disabled = cat_field_called(entity, apply_instead(entity));
	const Kehu__Value *now = disabled != NULL ? cat_value(stored, disabled->number) : NULL;
	Kehu__Record *made =
	    apply_record_new(apply, entity->number, stored->id, stored->version);
	Kehu__Value *value;

	if (disabled == NULL || (now != NULL && now->number != 0))
		return;
	value = ARENA_NEW(apply->cli->arena, Kehu__Value);
	kehu__value__init(value);
	value->has_field = value->has_number = true;
	value->field = disabled->number;
	value->number = 1;
	apply_put_value(apply, made, value);
	apply_show(apply, "~", title, disabled->name, NULL, "true");
	apply_save(apply, made, NULL);
	apply->changed++;
}

static void
apply_remove(struct apply *apply, const Kehu__Entity *entity, const Kehu__Record *stored,
    const char *title)
{
	Kehu__ClientFrame *step = ARENA_NEW(apply->cli->arena, Kehu__ClientFrame);

	kehu__client_frame__init(step);
	step->request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	step->delete_ = ARENA_NEW(apply->cli->arena, Kehu__Delete);
	kehu__delete__init(step->delete_);
	step->delete_->has_entity = step->delete_->has_id = step->delete_->has_version = true;
	step->delete_->entity = entity->number;
	step->delete_->id = stored->id;
	step->delete_->version = stored->version;
	apply_show(apply, "-", title, NULL, NULL, NULL);
	apply_add_step(apply, step, NULL);
	apply->removed++;
}

void
apply_others(struct apply *apply, const config_setting_t *root)
{
	/* Backwards: what refers to others goes before them. */
	for (size_t i = apply->config.count; i-- > 0;) {
		struct config_kind *kind = &apply->config.kinds[i];

		/* What is not made here is not unmade either: settings, numberings. */
		if (config_setting_get_member(root, kind->entity->name) == NULL ||
		    !(kind->entity->actions_allowed & CAT_CREATE))
			continue;
		for (size_t r = 0; r < kind->count; r++) {
			const struct config_record *record = &kind->records[r];
			const char *title = arena_printf(
			    apply->cli->arena, "%s %s", kind->entity->name, record->keys[0]);

			if (record->named)
				continue;
			if (apply_instead(kind->entity) != NULL)
				apply_disable(apply, kind->entity, record->record, title);
			else
				apply_remove(apply, kind->entity, record->record, title);
		}
	}
}

/* ---- sending ----------------------------------------------------------------------------- */

enum err
apply_send(struct apply *apply, bool dry_run)
{
	struct cli *cli = apply->cli;
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Bulk bulk = KEHU__BULK__INIT;
	Kehu__ServerFrame *answer;
	enum err err;

	bulk.steps = apply->steps;
	bulk.n_steps = apply->step_count;
	bulk.has_dry_run = true;
	bulk.dry_run = dry_run;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_BULK;
	frame.bulk = &bulk;
	err = link_call(cli->link, cli->arena, &frame, &answer, cli->timeout_ms);
	if (err == ERR_OK)
		return answer->answer_case == KEHU__SERVER_FRAME__ANSWER_BULK
			   ? ERR_OK
			   : cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	if (answer != NULL && answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR &&
	    answer->error->step > 0 && answer->error->step <= apply->step_count) {
		const struct wish *wish = apply->of[answer->error->step - 1];

		if (wish != NULL)
			fprintf(stderr, "%s:%u: %s\n", apply->path,
			    config_setting_source_line(wish->group), wish->title);
	}
	return cli_fail_answer(cli, err, answer, NULL);
}
