/*
 * kehu-admin audit: rows, the check of the chain, its heads. The server checks what lies in the
 * database; what is known outside (the first key, heads kept elsewhere) is held against the
 * heads here, on the auditor's machine.
 */
#include "client/admin/audit.h"

#include "common/chain.h"
#include "common/date.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define AUDIT_PAGE 500
#define AUDIT_ROWS 50

static enum err
audit_ask(
    struct cli *cli, struct arena *arena, Kehu__Audit *request, Kehu__AuditAnswer **answer)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__ServerFrame *got;
	enum err err;

	request->has_step = true;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_AUDIT;
	frame.audit = request;
	err = cli_ask(cli, arena, &frame, NULL, &got);
	if (err == ERR_OK && got->answer_case != KEHU__SERVER_FRAME__ANSWER_AUDIT)
		err = cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
	*answer = err == ERR_OK ? got->audit : NULL;
	return err;
}

/* ---- list -------------------------------------------------------------------------------- */

static enum err
audit_moment(struct cli *cli, const char *text, int64_t *us)
{
	enum err err = date_parse_us(text, date_now_us(), cli->offset_min, us);

	return err == ERR_OK ? ERR_OK
			     : cli_fail(cli, err, text, "2026-11-22, \"2026-11-22 08:00\"");
}

static enum err
audit_user(struct cli *cli, const char *text, int64_t *id)
{
	const Kehu__Entity *user;
	enum err err = cli_entity(cli, "user", &user);

	return err == ERR_OK ? cli_reference(cli, user, text, true, id) : err;
}

/* One "name=value" of the command into the request. */
static enum err
audit_take(struct cli *cli, const char *word, Kehu__Audit *request)
{
	const char *value = strchr(word, '=');
	size_t bytes = value != NULL ? (size_t)(value - word) : 0;
	const char *name = arena_strndup(cli->arena, word, bytes);
	const Kehu__Entity *entity;
	enum err err = ERR_OK;

	if (value == NULL)
		return cli_fail(cli, ERR_USAGE, word, cli->command->usage);
	value++;
	if (strcmp(name, "user") == 0) {
		err = audit_user(cli, value, &request->user);
		request->has_user = true;
	} else if (strcmp(name, "request") == 0) {
		request->request = arena_strdup(cli->arena, value);
	} else if (strcmp(name, "action") == 0) {
		request->action = arena_strdup(cli->arena, value);
	} else if (strcmp(name, "entity") == 0) {
		err = cli_entity(cli, value, &entity);
		request->has_entity = true;
		request->entity = err == ERR_OK ? entity->number : 0;
	} else if (strcmp(name, "record") == 0) {
		request->has_record = true;
		request->record = strtoll(value, NULL, 10);
	} else if (strcmp(name, "since") == 0) {
		request->has_since_us = true;
		err = audit_moment(cli, value, &request->since_us);
	} else if (strcmp(name, "until") == 0) {
		request->has_until_us = true;
		err = audit_moment(cli, value, &request->until_us);
	} else {
		err = cli_fail(cli, ERR_USAGE, word, cli->command->usage);
	}
	return err;
}

static struct sheet_cell
audit_number(struct arena *arena, bool has, int64_t number)
{
	return (struct sheet_cell){ .kind = CELL_NUMBER,
		.text = has ? arena_printf(arena, "%" PRId64, number) : NULL };
}

static void
audit_put_row(
    struct cli *cli, struct arena *arena, struct sheet *sheet, const Kehu__AuditRow *row)
{
	const Kehu__Entity *entity = row->has_entity ? cat_entity(cli->cat, row->entity) : NULL;

	sheet_row(sheet,
	    (struct sheet_cell[]){ audit_number(arena, true, row->seq),
		{ .text = date_format_us(arena, row->at_us, cli->offset_min) },
		{ .text = row->user_label != NULL ? row->user_label
			  : row->has_user         ? arena_printf(arena, "#%" PRId64, row->user)
						  : NULL },
		{ .text = row->request }, { .text = row->action },
		{ .text = entity != NULL    ? entity->name
			  : row->has_entity ? arena_printf(arena, "%" PRIu32, row->entity)
					    : NULL },
		audit_number(arena, row->has_record, row->record), { .text = row->detail },
		audit_number(arena, row->has_session, row->session),
		audit_number(arena, row->has_reference, row->reference) });
}

static struct sheet *
audit_sheet(struct cli *cli, enum sheet_format format)
{
	const struct sheet_column columns[] = { { "seq", cli_say(cli, "Row", "行") },
		{ "at", cli_say(cli, "When", "时间") },
		{ "user", cli_say(cli, "User", "用户") },
		{ "request", cli_say(cli, "Request", "请求") },
		{ "action", cli_say(cli, "Action", "操作") },
		{ "entity", cli_say(cli, "Kind", "类别") },
		{ "record", cli_say(cli, "Record", "记录") },
		{ "detail", cli_say(cli, "Detail", "说明") },
		{ "session", cli_say(cli, "Session", "会话") },
		{ "reference", cli_say(cli, "Number", "请求号") } };

	return sheet_new(stdout, format, columns, sizeof(columns) / sizeof(columns[0]),
	    cli->options.given & OPT_BIT(HEADER));
}

enum err
admin_audit_list(struct cli *cli)
{
	Kehu__Audit request = KEHU__AUDIT__INIT;
	struct arena *arena = arena_new(0);
	enum sheet_format format;
	struct sheet *sheet;
	int64_t limit, shown = 0;
	bool more = true;
	enum err err = cli_format(cli, SHEET_TABLE, &format), ended;

	if (err == ERR_OK)
		err = cli_number(cli, OPT_LIMIT, AUDIT_ROWS, &limit);
	for (size_t i = 0; err == ERR_OK && i < cli->word_count; i++)
		err = audit_take(cli, cli->words[i], &request);
	if (err != ERR_OK)
		goto out;
	sheet = audit_sheet(cli, format);
	request.step = 1;
	request.has_limit = true;
	while (err == ERR_OK && more) {
		struct buf cursor = BUF_INIT;
		Kehu__AuditAnswer *answer;

		request.limit = limit > 0 && limit - shown < AUDIT_PAGE
				    ? (uint32_t)(limit - shown)
				    : AUDIT_PAGE;
		err = audit_ask(cli, arena, &request, &answer);
		if (err != ERR_OK)
			break;
		for (size_t i = 0; i < answer->n_rows; i++)
			audit_put_row(cli, arena, sheet, answer->rows[i]);
		shown += (int64_t)answer->n_rows;
		more = answer->has_next && (limit == 0 || shown < limit);
		if (answer->has_next)
			buf_put(&cursor, answer->next.data, answer->next.len);
		request.has_cursor = more;
		request.cursor.data =
		    (uint8_t *)arena_memdup(cli->arena, buf_text(&cursor), cursor.bytes);
		request.cursor.len = cursor.bytes;
		buf_fini(&cursor);
		arena_reset(arena);
	}
	ended = cli_sheet_end(cli, sheet);
	err = err != ERR_OK ? err : ended;
out:
	arena_free(arena);
	return err;
}

enum err
admin_audit_mark(struct cli *cli)
{
	Kehu__Audit request = KEHU__AUDIT__INIT;
	Kehu__AuditAnswer *answer;
	enum sheet_format format;
	struct sheet *sheet;
	enum err err = cli_format(cli, SHEET_TABLE, &format);

	request.step = 4;
	request.text = arena_strdup(cli->arena, cli->words[0]);
	if (err == ERR_OK)
		err = audit_ask(cli, cli->arena, &request, &answer);
	if (err != ERR_OK)
		return err;
	sheet = audit_sheet(cli, format);
	for (size_t i = 0; i < answer->n_rows; i++)
		audit_put_row(cli, cli->arena, sheet, answer->rows[i]);
	return cli_sheet_end(cli, sheet);
}

/* ---- what is kept outside ---------------------------------------------------------------- */

static enum err
audit_file_failed(struct cli *cli, const char *path)
{
	return cli_fail(cli, ERR_FILE_SYSTEM, path, strerror(errno));
}

static enum err
audit_read_key(struct cli *cli, struct chain_check *check)
{
	const char *path = cli->options.values[OPT_KEY];
	char line[256] = "";
	FILE *file;
	bool read;

	if (path == NULL)
		return ERR_OK;
	file = fopen(path, "r");
	if (file == NULL)
		return audit_file_failed(cli, path);
	read = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	check->has_key = read && chain_read_hex(line, check->key, sizeof(check->key));
	return check->has_key ? ERR_OK : cli_fail(cli, ERR_BAD_FILE, path, NULL);
}

static enum err
audit_read_anchors(struct cli *cli, struct chain_check *check)
{
	const char *path = cli->options.values[OPT_ANCHORS];
	struct buf anchors = BUF_INIT;
	struct chain_anchor anchor;
	char line[1024];
	FILE *file;

	if (path == NULL)
		return ERR_OK;
	file = fopen(path, "r");
	if (file == NULL)
		return audit_file_failed(cli, path);
	while (fgets(line, sizeof(line), file) != NULL)
		if (chain_read_anchor(line, &anchor.number, anchor.hash))
			buf_put(&anchors, &anchor, sizeof(anchor));
	fclose(file);
	check->anchor_count = anchors.bytes / sizeof(anchor);
	check->anchors = arena_memdup(cli->arena, buf_text(&anchors), anchors.bytes);
	buf_fini(&anchors);
	return check->anchor_count > 0 ? ERR_OK : cli_fail(cli, ERR_BAD_FILE, path, NULL);
}

static enum err
audit_check_heads(struct cli *cli, struct chain_check *check, Kehu__AuditHead *last)
{
	Kehu__Audit request = KEHU__AUDIT__INIT;
	struct arena *arena = arena_new(0);
	Kehu__AuditAnswer *answer;
	enum err err;

	request.step = 3;
	request.has_from = true;
	request.from = 1;
	do {
		arena_reset(arena);
		err = audit_ask(cli, arena, &request, &answer);
		for (size_t i = 0; err == ERR_OK && i < answer->n_heads; i++) {
			const Kehu__AuditHead *head = answer->heads[i];

			if (head->hash.len != CHAIN_HASH_BYTES ||
			    head->mac.len != CHAIN_HASH_BYTES) {
				err = cli_fail(cli, ERR_BAD_FRAME, NULL, NULL);
				break;
			}
			chain_check_head(check, head->number, head->hash.data, head->mac.data);
			*last = *head;
			last->hash.data =
			    arena_memdup(cli->arena, head->hash.data, CHAIN_HASH_BYTES);
			last->mac.data =
			    arena_memdup(cli->arena, head->mac.data, CHAIN_HASH_BYTES);
			request.from = head->number + 1;
		}
	} while (err == ERR_OK && answer->n_heads > 0 && check->fault == CHAIN_WHOLE);
	arena_free(arena);
	return err;
}

/* ---- commands ---------------------------------------------------------------------------- */

enum err
admin_audit_verify(struct cli *cli)
{
	Kehu__Audit request = KEHU__AUDIT__INIT;
	Kehu__AuditHead last = KEHU__AUDIT_HEAD__INIT;
	struct chain_check check = { 0 };
	Kehu__AuditAnswer *answer;
	Kehu__JobAnswer *job;
	enum err err = audit_read_key(cli, &check);

	if (err == ERR_OK)
		err = audit_read_anchors(cli, &check);
	request.step = 2;
	if (err == ERR_OK)
		err = audit_ask(cli, cli->arena, &request, &answer);
	if (err == ERR_OK)
		err = cli_follow(cli, answer->job, &job);
	if (err != ERR_OK)
		return err;
	if (strcmp(job->state, "done") != 0)
		return cli_fail(cli, ERR_AUDIT_BROKEN, job->text, NULL);
	cli_print(cli, "%s", job->text);
	if (!check.has_key && check.anchor_count == 0)
		return cli_flush(cli);
	err = audit_check_heads(cli, &check, &last);
	if (err != ERR_OK)
		return err;
	if (!chain_check_end(&check))
		return cli_fail(cli, ERR_AUDIT_BROKEN,
		    arena_printf(cli->arena,
			cli_say(cli, "segment %" PRIu64 ": %s", "区段 %" PRIu64 "：%s"),
			check.broken, chain_fault_text(check.fault, cli->lang)),
		    NULL);
	cli_print(cli,
	    cli_say(cli, "Heads: %" PRIu64 " held against what was kept",
		"链头：%" PRIu64 " 个，与留存一致"),
	    check.number);
	return cli_flush(cli);
}

enum err
admin_audit_head(struct cli *cli)
{
	Kehu__AuditHead last = KEHU__AUDIT_HEAD__INIT;
	struct chain_check check = { 0 };
	struct buf line = BUF_INIT;
	enum err err = audit_check_heads(cli, &check, &last);

	if (err != ERR_OK)
		return err;
	if (last.hash.data == NULL)
		return cli_fail(cli, ERR_EMPTY, NULL, NULL);
	chain_put_anchor(&line, last.number, last.at_us, last.hash.data, last.mac.data);
	cli_print(cli, "%.*s", (int)line.bytes - 1, buf_text(&line));
	buf_fini(&line);
	return cli_flush(cli);
}
