/* One record at a time: get, new, set, act, delete, restore. */
#include "client/cli/alter.h"

#include "common/text.h"
#include "common/uuid.h"
#include <inttypes.h>
#include <string.h>

/* ---- get ---- */

enum err
cli_read(struct cli *cli, const Kehu__Entity *entity, int64_t id, Kehu__Record **record)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Get get = KEHU__GET__INIT;
	Kehu__ServerFrame *answer;

	get.has_entity = get.has_id = true;
	get.entity = entity->number;
	get.id = id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	frame.get = &get;
	enum err err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_GET ||
	    answer->get->record == NULL)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*record = answer->get->record;
	return ERR_OK;
}

static void
cli_put_pair(struct sheet *sheet, const char *name, struct sheet_cell value)
{
	sheet_row(sheet, (struct sheet_cell[]){ { .text = name }, value });
}

/* A record as lines of name and value; its lines follow as "phone[1].number". */
static void
cli_put_pairs(struct cli *cli, struct sheet *sheet, enum sheet_format format,
    const Kehu__Record *record, const char *prefix)
{
	const Kehu__Entity *entity = cat_entity(cli->cat, record->entity);

	for (size_t i = 0; entity != NULL && i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		struct sheet_cell cell =
		    cli_cell(cli, cli->arena, format, field, cat_value(record, field->number));
		const char *name = format == SHEET_TABLE ? field->label : field->name;

		/* People are spared what is empty; machines get every field. */
		if (cell.text == NULL && format == SHEET_TABLE)
			continue;
		/* One column for values of all kinds: numbers are not set right in it. */
		if (format == SHEET_TABLE)
			cell.kind = CELL_TEXT;
		cli_put_pair(sheet, arena_printf(cli->arena, "%s%s", prefix, name), cell);
	}
	for (size_t i = 0; i < record->n_lines; i++) {
		const Kehu__Entity *line = cat_entity(cli->cat, record->lines[i]->entity);
		size_t nth = 1;

		for (size_t j = 0; j < i; j++)
			nth += record->lines[j]->entity == record->lines[i]->entity;
		if (line != NULL)
			cli_put_pairs(cli, sheet, format, record->lines[i],
			    arena_printf(cli->arena, "%s[%zu].",
				format == SHEET_TABLE ? line->label : line->name, nth));
	}
}

static void cli_put_object(struct cli *cli, struct buf *out, const Kehu__Record *record);

/* "customer_phone": [{…}, {…}], a list for each kind of line. */
static void
cli_put_lines(struct cli *cli, struct buf *out, const Kehu__Record *record)
{
	const Kehu__Entity *entity = cat_entity(cli->cat, record->entity), *lines[64];
	size_t count = entity == NULL ? 0 : cat_lines(cli->cat, entity, lines, 64);

	for (size_t i = 0; i < count; i++) {
		bool first = true;

		buf_putc(out, ',');
		sheet_json_text(out, lines[i]->name);
		buf_puts(out, ":[");
		for (size_t j = 0; j < record->n_lines; j++) {
			if (record->lines[j]->entity != lines[i]->number)
				continue;
			buf_puts(out, first ? "" : ",");
			first = false;
			cli_put_object(cli, out, record->lines[j]);
		}
		buf_putc(out, ']');
	}
}

static void
cli_put_object(struct cli *cli, struct buf *out, const Kehu__Record *record)
{
	const Kehu__Entity *entity = cat_entity(cli->cat, record->entity);

	buf_printf(
	    out, "{\"id\":%" PRId64 ",\"version\":%" PRIu32, record->id, record->version);
	for (size_t i = 0; entity != NULL && i < entity->n_fields; i++) {
		const Kehu__Field *field = entity->fields[i];
		struct sheet_cell cell = cli_cell(
		    cli, cli->arena, SHEET_JSONL, field, cat_value(record, field->number));

		buf_putc(out, ',');
		sheet_json_text(out, field->name);
		buf_putc(out, ':');
		if (cell.text == NULL)
			buf_puts(out, "null");
		else if (cell.kind == CELL_TEXT)
			sheet_json_text(out, cell.text);
		else
			buf_puts(out, cell.kind == CELL_JSON ? cell.json : cell.text);
	}
	cli_put_lines(cli, out, record);
	buf_putc(out, '}');
}

static enum err
cli_show_object(struct cli *cli, const Kehu__Record *record)
{
	struct buf out = BUF_INIT;

	cli_put_object(cli, &out, record);
	buf_putc(&out, '\n');
	fwrite(out.data, 1, out.bytes, stdout);
	buf_fini(&out);
	return cli_flush(cli);
}

enum err
cli_show_record(struct cli *cli, const Kehu__Record *record)
{
	const struct sheet_column columns[] = { { "field", cli_say(cli, "Field", "字段") },
		{ "value", cli_say(cli, "Value", "值") } };
	enum sheet_format format;
	enum err err = cli_format(cli, SHEET_TABLE, &format);

	if (err != ERR_OK)
		return err;
	if (format == SHEET_JSONL)
		return cli_show_object(cli, record);
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, 2, cli->options.given & OPT_BIT(HEADER));
	cli_put_pair(sheet, format == SHEET_TABLE ? "ID" : "id",
	    (struct sheet_cell){ .text = arena_printf(cli->arena, "%" PRId64, record->id) });
	cli_put_pair(sheet, format == SHEET_TABLE ? cli_say(cli, "Version", "版本") : "version",
	    (struct sheet_cell){
		.text = arena_printf(cli->arena, "%" PRIu32, record->version) });
	cli_put_pairs(cli, sheet, format, record, "");
	return cli_sheet_end(cli, sheet);
}

enum err
cli_get(struct cli *cli)
{
	const Kehu__Entity *entity;
	Kehu__Record *record;
	int64_t id;
	enum err err = cli_entity(cli, cli->words[0], &entity);

	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &id);
	if (err == ERR_OK)
		err = cli_read(cli, entity, id, &record);
	return err == ERR_OK ? cli_show_record(cli, record) : err;
}

/* ---- writing ---- */

enum err
cli_intention(struct cli *cli, protobuf_c_boolean *has, ProtobufCBinaryData *intention)
{
	const char *text = cli->options.values[OPT_INTENTION];
	struct uuid uuid = link_intention(cli->link);

	if (text != NULL && !uuid_parse(text, &uuid))
		return cli_fail(cli, ERR_USAGE, text, "--intention UUID");
	*has = true;
	intention->len = sizeof(uuid.bytes);
	intention->data = arena_memdup(cli->arena, uuid.bytes, sizeof(uuid.bytes));
	return ERR_OK;
}

/*
 * Sends a write. When the server was lost for good in the middle, the same intention lets the
 * user (or a script) repeat it without doing it twice.
 */
static enum err
cli_write(struct cli *cli, Kehu__ClientFrame *frame, const Kehu__Entity *entity,
    const ProtobufCBinaryData *intention, Kehu__Written **written)
{
	Kehu__ServerFrame *answer;

	enum err err = cli_approval_options(cli, frame);
	if (err != ERR_OK)
		return err;
	err = link_call(cli->link, cli->arena, frame, &answer, cli->timeout_ms);
	if (err != ERR_OK) {
		cli_fail_answer(cli, err, answer, entity);
		if (answer == NULL) {
			struct uuid uuid;

			memcpy(uuid.bytes, intention->data, sizeof(uuid.bytes));
			fprintf(stderr, "%s: %s --intention %s\n", cli->program->name,
			    cli_say(cli, "to repeat this safely, run it again with",
				"如需安全重试，请加上"),
			    uuid_format(cli->arena, uuid));
		}
		return err;
	}
	if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_WRITTEN)
		return cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*written = answer->written;
	return ERR_OK;
}

/* What was done: a sentence for people, entity, id and version for machines. */
static enum err
cli_show_written(
    struct cli *cli, const Kehu__Entity *entity, const Kehu__Written *written, const char *done)
{
	const struct sheet_column columns[] = { { "entity", "entity" }, { "id", "id" },
		{ "version", "version" }, { "text", "text" } };
	const char *text = written->text != NULL ? written->text : "";
	enum sheet_format format;

	enum err err = cli_format(cli, SHEET_TABLE, &format);
	if (err != ERR_OK)
		return err;
	if (written->waits) {
		entity = cat_entity(cli->cat, written->entity);
		done = cli_say(cli, "Not done yet:", "尚未执行：");
	}
	if (format == SHEET_TABLE) {
		cli_print(cli, "%s %s %" PRId64 "%s%s", done, entity->label, written->id,
		    text[0] != '\0' ? ": " : "", text);
		return cli_flush(cli);
	}
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, 4, cli->options.given & OPT_BIT(HEADER));
	sheet_row(sheet,
	    (struct sheet_cell[]){ { .text = entity->name },
		{ CELL_NUMBER, arena_printf(cli->arena, "%" PRId64, written->id), NULL },
		{ CELL_NUMBER, arena_printf(cli->arena, "%" PRIu32, written->version), NULL },
		{ .text = text } });
	return cli_sheet_end(cli, sheet);
}

enum err
cli_save(struct cli *cli, const Kehu__Entity *entity, Kehu__Record *record, const char *done)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Written *written;

	save.record = record;
	save.has_allow_duplicate = save.allow_duplicate =
	    cli->options.given & OPT_BIT(DUPLICATE);
	if (save.allow_duplicate && cli->options.values[OPT_REASON] != NULL)
		save.duplicate_reason = arena_strdup(cli->arena, cli->options.values[OPT_REASON]);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	enum err err = cli_intention(cli, &save.has_intention, &save.intention);
	if (err == ERR_OK)
		err = cli_write(cli, &frame, entity, &save.intention, &written);
	return err == ERR_OK ? cli_show_written(cli, entity, written, done) : err;
}

enum err
cli_new(struct cli *cli)
{
	Kehu__Record record = KEHU__RECORD__INIT;
	const Kehu__Entity *entity;

	enum err err = cli_entity(cli, cli->words[0], &entity);
	if (err == ERR_OK)
		err =
		    cli_assign(cli, entity, NULL, cli->words + 1, cli->word_count - 1, &record);
	if (err != ERR_OK)
		return err;
	record.has_entity = true;
	record.entity = entity->number;
	return cli_save(cli, entity, &record, cli_say(cli, "Created", "已新建"));
}

static bool
cli_names_lines(const struct cli *cli)
{
	for (size_t i = 2; i < cli->word_count; i++) {
		size_t name_bytes = strcspn(cli->words[i], "=");

		if (memchr(cli->words[i], '.', name_bytes) != NULL)
			return true;
	}
	return false;
}

enum err
cli_set(struct cli *cli)
{
	Kehu__Record record = KEHU__RECORD__INIT, *stored = NULL;
	const Kehu__Entity *entity;
	int64_t version;

	enum err err = cli_entity(cli, cli->words[0], &entity);
	if (err == ERR_OK && cli_alters(cli))
		return cli_alter_set(cli, entity);
	if (err == ERR_OK && cli->word_count < 3)
		err = cli_fail(cli, ERR_USAGE, cli->command->usage, NULL);
	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &record.id);
	if (err == ERR_OK)
		err = cli_number(cli, OPT_RECORD_VERSION, -1, &version);
	/* Which version is changed: the one named, else the one that is there now. */
	if (err == ERR_OK && (version < 0 || cli_names_lines(cli)))
		err = cli_read(cli, entity, record.id, &stored);
	if (err == ERR_OK)
		err = cli_assign(
		    cli, entity, stored, cli->words + 2, cli->word_count - 2, &record);
	if (err != ERR_OK)
		return err;
	record.has_entity = record.has_id = record.has_version = true;
	record.entity = entity->number;
	record.version = version >= 0 ? (uint32_t)version : stored->version;
	return cli_save(cli, entity, &record, cli_say(cli, "Saved", "已保存"));
}

enum err
cli_act(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Act act = KEHU__ACT__INIT;
	const Kehu__Entity *entity;
	const Kehu__Action *action;
	Kehu__Written *written;
	int64_t version;

	enum err err = cli_entity(cli, cli->words[0], &entity);
	if (err == ERR_OK && cli_alters(cli))
		return cli_alter_act(cli, entity);
	if (err == ERR_OK && cli->word_count < 3)
		err = cli_fail(cli, ERR_USAGE, cli->command->usage, NULL);
	/* "-": an action on the entity as a whole, not on one record. */
	if (err == ERR_OK && strcmp(cli->words[1], "-") != 0)
		err = cli_id(cli, entity, cli->words[1], &act.id);
	if (err == ERR_OK)
		err = cli_number(cli, OPT_RECORD_VERSION, -1, &version);
	if (err != ERR_OK)
		return err;
	action = cat_action_called(entity, cli->words[2]);
	if (action == NULL) {
		const char *near = cat_action_nearest(entity, cli->words[2]);

		return cli_fail(cli, ERR_NO_SUCH_ACTION, cli->words[2],
		    near == NULL
			? NULL
			: arena_printf(cli->arena,
			      cli_say(cli, "did you mean %s?", "是否想用 %s？"), near));
	}
	err = cli_arguments(cli, action->arguments, action->n_arguments, cli->words + 3,
	    cli->word_count - 3, &act.arguments, &act.n_arguments);
	if (err == ERR_OK)
		err = cli_intention(cli, &act.has_intention, &act.intention);
	if (err != ERR_OK)
		return err;
	act.has_entity = act.has_id = true;
	act.entity = entity->number;
	act.has_version = version >= 0;
	act.version = (uint32_t)(version >= 0 ? version : 0);
	act.action = action->name;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ACT;
	frame.act = &act;
	cli->action = action;
	err = cli_write(cli, &frame, entity, &act.intention, &written);
	if (err == ERR_OK)
		err = cli_show_written(cli, entity, written, action->label);
	return err == ERR_OK && written->job != 0 ? cli_see_out(cli, written->job) : err;
}

enum err
cli_delete(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Delete delete = KEHU__DELETE__INIT;
	const Kehu__Entity *entity;
	Kehu__Record *stored;
	Kehu__Written *written;
	int64_t version;

	enum err err = cli_entity(cli, cli->words[0], &entity);
	if (err == ERR_OK && cli_alters(cli))
		return cli_alter_remove(cli, entity, false);
	if (err == ERR_OK && cli->word_count < 2)
		err = cli_fail(cli, ERR_USAGE, cli->command->usage, NULL);
	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &delete.id);
	if (err == ERR_OK)
		err = cli_number(cli, OPT_RECORD_VERSION, -1, &version);
	if (err == ERR_OK && version < 0) {
		err = cli_read(cli, entity, delete.id, &stored);
		version = err == ERR_OK ? stored->version : 0;
	}
	if (err == ERR_OK)
		err = cli_intention(cli, &delete.has_intention, &delete.intention);
	if (err != ERR_OK)
		return err;
	delete.has_entity = delete.has_id = delete.has_version = true;
	delete.entity = entity->number;
	delete.version = (uint32_t)version;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_DELETE;
	frame.delete_ = &delete;
	err = cli_write(cli, &frame, entity, &delete.intention, &written);
	return err == ERR_OK
		   ? cli_show_written(cli, entity, written, cli_say(cli, "Deleted", "已删除"))
		   : err;
}

enum err
cli_restore(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Restore restore = KEHU__RESTORE__INIT;
	const Kehu__Entity *entity;
	Kehu__Written *written;

	enum err err = cli_entity(cli, cli->words[0], &entity);
	if (err == ERR_OK && cli_alters(cli))
		return cli_alter_remove(cli, entity, true);
	if (err == ERR_OK && cli->word_count < 2)
		err = cli_fail(cli, ERR_USAGE, cli->command->usage, NULL);
	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[1], &restore.id);
	if (err == ERR_OK)
		err = cli_intention(cli, &restore.has_intention, &restore.intention);
	if (err != ERR_OK)
		return err;
	restore.has_entity = restore.has_id = true;
	restore.entity = entity->number;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RESTORE;
	frame.restore = &restore;
	err = cli_write(cli, &frame, entity, &restore.intention, &written);
	return err == ERR_OK
		   ? cli_show_written(cli, entity, written, cli_say(cli, "Restored", "已恢复"))
		   : err;
}
