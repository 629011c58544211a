/*
 * The Attach request: files of records, up and down in numbered chunks.
 *
 * A file is reached through its record: every step names the record, which is looked at again
 * through the reader's arms and opens the way to its files. An upload is a row that nobody
 * else sees until its end has checked it; what is never ended is purged by `kehud maintain`.
 * A file is ours until it is given out; then a customer's own people who see the record see it, too.
 */
#include "server/record/attach.h"

#include "common/text.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/record.h"

#include <inttypes.h>
#include <string.h>

#define ATTACH_CHUNK_BYTES    INT64_C(65536)
#define ATTACH_NAME_MAX_CHARS 200

enum attach_step {
	ATTACH_START = 1,
	ATTACH_DATA,
	ATTACH_END,
	ATTACH_GIVE_UP,
	ATTACH_READ,
	ATTACH_GIVE_OUT,
	ATTACH_KEEP_IN,
};

enum err
attach_file_name(struct arena *arena, const char *given, const char **name)
{
	const char *clean, *start;
	enum err err = text_clean(arena, given, strlen(given), TEXT_LINE, &clean);

	if (err != ERR_OK)
		return err;
	/* The path is its owner's own business: of any system's. */
	start = clean + strlen(clean);
	while (start > clean && start[-1] != '/' && start[-1] != '\\')
		start--;
	start += strspn(start, " ");
	if (start[0] == '\0')
		return ERR_REQUIRED;
	if (strcmp(start, ".") == 0 || strcmp(start, "..") == 0)
		return ERR_INVALID;
	if (text_chars(start) > ATTACH_NAME_MAX_CHARS)
		return ERR_TOO_LONG;
	*name = start;
	return ERR_OK;
}

/* ---- the record -------------------------------------------------------------------------- */

struct attach {
	struct call *call;
	const Kehu__Attach *request;
	const struct entity_view *anchor;
	struct rows *opened; /* the anchor, when it is there: whether it may be changed */
	struct record_reading *reading; /* of the anchor, where its state counts */
};

/*
 * Begin, and queue opening the record. No row, no record for this reader; its column tells
 * whether the record may be changed, and only then is it opened for that.
 */
static void
attach_queue_open(struct attach *attach, bool more_than_one_trip)
{
	struct call *call = attach->call;
	const struct entity *def = attach->anchor->def;
	struct sql *sql = sql_new(call->arena);
	struct arms view;
	struct arms edit = access_arms(call->user, def, RIGHT_EDIT);
	bool may_edit = (access_rights(call->user, def) & RIGHT_EDIT) != 0;

	call_scope_references(call, attach->anchor);
	view = call_scope(call, def, RIGHT_VIEW);
	call_begin(call, more_than_one_trip);
	sql_addf(sql, "SELECT e.may, set_config('kehu.p%" PRIu32 "', '{' || t.id || '}', true),"
		      " CASE WHEN e.may THEN set_config('kehu.q%" PRIu32 "', '{' || t.id || '}', true)"
		      " END FROM %s t, LATERAL (SELECT ",
	    def->number, def->number, entity_table(def));
	if (may_edit)
		record_arms_where(call, sql, attach->anchor, "t", &edit);
	else
		sql_add(sql, "false");
	sql_add(sql, " AS may) e WHERE t.deleted_at IS NULL AND t.id = ");
	sql_int(sql, attach->request->record);
	sql_add(sql, " AND ");
	record_arms_where(call, sql, attach->anchor, "t", &view);
	sql_named(sql);
	store_queue(call->store, sql, &attach->opened);
	if (access_hangs_on_state(call->user, def) || entity_field_named(entity_whole(attach->anchor), "shut") != NULL)
		attach->reading = record_queue_read(
		    call, attach->anchor, attach->request->record, &view, false, false);
}

/* After the flush. */
static enum err
attach_check_open(const struct attach *attach, bool write)
{
	uint32_t entity = attach->anchor->def->number;
	struct record *record;
	enum err err;

	if (attach->opened->count == 0)
		return CALL_FAIL(attach->call, ERR_NO_SUCH_RECORD, .entity = entity);
	if (write && !rows_bool(attach->opened, 0, 0))
		return CALL_FAIL(attach->call, ERR_FORBIDDEN, .entity = entity);
	if (attach->reading == NULL)
		return ERR_OK;
	record = record_take_read(attach->call, attach->reading);
	err = record_check_open(attach->call, record);
	if (err == ERR_OK && write && access_hangs_on_state(attach->call->user, attach->anchor->def))
		err = record_may(attach->call, record, RIGHT_EDIT, NULL);
	return err;
}

/* " FROM attachment a WHERE …": the file named, of the record named. */
static void
attach_where_file(const struct attach *attach, struct sql *sql)
{
	sql_add(sql, " FROM attachment a WHERE a.deleted_at IS NULL AND a.id = ");
	sql_int(sql, attach->request->id);
	sql_add(sql, " AND a.anchor_id = ");
	sql_int(sql, attach->request->record);
	sql_add(sql, " AND a.anchor_entity = ");
	sql_int(sql, attach->anchor->def->number);
}

/* The same for one that this user sent or is sending. */
static void
attach_where_own(const struct attach *attach, struct sql *sql)
{
	attach_where_file(attach, sql);
	sql_add(sql, " AND a.created_by = ");
	sql_int(sql, attach->call->session.user);
}

static void
attach_where_upload(const struct attach *attach, struct sql *sql)
{
	attach_where_own(attach, sql);
	sql_add(sql, " AND NOT a.complete");
}

static Kehu__AttachAnswer *
attach_answer(struct call *call, int64_t id)
{
	Kehu__AttachAnswer *answer = ARENA_NEW(call->arena, Kehu__AttachAnswer);

	call->done_entity = E_attachment;
	call->done_id = id;
	call->done_version = 1;
	kehu__attach_answer__init(answer);
	answer->has_id = true;
	answer->id = id;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_ATTACH;
	call->answer.attach = answer;
	return answer;
}

/* ---- up ---------------------------------------------------------------------------------- */

static enum err
attach_check_size(struct call *call, uint64_t bytes)
{
	int64_t max = call->server->settings.files_size;

	if (bytes <= (uint64_t)max * 1024 * 1024)
		return ERR_OK;
	return CALL_FAIL(call, ERR_TOO_LARGE, .entity = E_attachment, .field = F_attachment_bytes,
	    .text = arena_printf(call->arena,
		call_say(call, "A file may have %" PRId64 " MiB at most", "文件不得超过 %" PRId64 " MiB"),
		max));
}

static enum err
attach_start(struct attach *attach)
{
	struct call *call = attach->call;
	const Kehu__Attach *request = attach->request;
	struct sql *sql = sql_new(call->arena);
	const char *name = "";
	Kehu__AttachAnswer *answer;
	struct rows *rows;
	enum err err = attach_file_name(call->arena, request->name != NULL ? request->name : "", &name);

	if (err != ERR_OK)
		return CALL_FAIL(call, err, .entity = E_attachment, .field = F_attachment_name);
	err = attach_check_size(call, request->bytes);
	if (err != ERR_OK)
		return err;
	attach_queue_open(attach, true);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		err = attach_check_open(attach, true);
	if (err != ERR_OK)
		return err;
	sql_add(sql, "INSERT INTO attachment (name, bytes, anchor_entity, anchor_id, created_by,"
		     " updated_by) VALUES (");
	sql_text(sql, name);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)request->bytes);
	sql_add(sql, ", ");
	sql_int(sql, attach->anchor->def->number);
	sql_add(sql, ", ");
	sql_int(sql, request->record);
	for (int i = 0; i < 2; i++) {
		sql_add(sql, ", ");
		sql_int(sql, call->session.user);
	}
	sql_add(sql, ") RETURNING id");
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	call->done_action = "attach";
	answer = attach_answer(call, rows_int(rows, 0, 0));
	answer->name = arena_strdup(call->arena, name);
	answer->has_bytes = true;
	answer->bytes = request->bytes;
	return ERR_OK;
}

/* All chunks are full but the last, so that their numbers alone bound a file. */
static enum err
attach_check_chunk(struct call *call, const Kehu__Attach *request, int64_t bytes)
{
	int64_t from = (int64_t)request->chunk * ATTACH_CHUNK_BYTES;
	int64_t left = bytes - from;

	if (left <= 0 ||
	    (int64_t)request->data.len != (left < ATTACH_CHUNK_BYTES ? left : ATTACH_CHUNK_BYTES))
		return CALL_FAIL(call, ERR_BAD_REQUEST, .entity = E_attachment,
		    .text = arena_printf(call->arena,
			call_say(call, "Chunk %" PRIu32 " has a wrong size", "第 %" PRIu32 " 块大小不符"),
			request->chunk));
	return ERR_OK;
}

static enum err
attach_data(struct attach *attach)
{
	struct call *call = attach->call;
	const Kehu__Attach *request = attach->request;
	struct sql *look = sql_new(call->arena), *sql = sql_new(call->arena);
	Kehu__AttachAnswer *answer;
	struct rows *upload;
	enum err err;

	if ((int64_t)request->data.len > ATTACH_CHUNK_BYTES)
		return CALL_FAIL(call, ERR_TOO_LARGE);
	err = attach_check_size(call, (uint64_t)request->chunk * ATTACH_CHUNK_BYTES);
	if (err != ERR_OK)
		return err;
	attach_queue_open(attach, true);
	sql_add(look, "SELECT a.bytes");
	attach_where_upload(attach, look);
	sql_named(look);
	store_queue(call->store, look, &upload);
	/* A chunk that came before is not stored again: its sender had lost the answer. */
	sql_add(sql, "INSERT INTO attachment_chunk (attachment_id, number, data) SELECT a.id, ");
	sql_int(sql, request->chunk);
	sql_add(sql, ", ");
	sql_bytes(sql, request->data.data, request->data.len);
	attach_where_upload(attach, sql);
	sql_add(sql, " ON CONFLICT (attachment_id, number) DO NOTHING");
	sql_named(sql);
	store_queue(call->store, sql, NULL);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		err = attach_check_open(attach, true);
	if (err == ERR_OK && upload->count == 0)
		err = CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_attachment);
	if (err == ERR_OK)
		err = attach_check_chunk(call, request, rows_int(upload, 0, 0));
	if (err != ERR_OK)
		return err; /* the gate rolls the chunk back */
	answer = attach_answer(call, request->id);
	answer->has_chunk = true;
	answer->chunk = request->chunk;
	return ERR_OK;
}

/* The chunks as stored against what was announced; the client's own sum, if it sent one. */
static enum err
attach_check_sum(struct call *call, const Kehu__Attach *request, const struct rows *upload,
    const struct rows *sum)
{
	int64_t wanted = rows_int(upload, 0, 0), there = rows_int(sum, 0, 0);

	if (there != wanted)
		return CALL_FAIL(call, ERR_BAD_FILE, .entity = E_attachment,
		    .text = arena_printf(call->arena,
			call_say(call, "Only %" PRId64 " of %" PRId64 " bytes have arrived",
			    "仅收到 %" PRId64 " / %" PRId64 " 字节"),
			there, wanted));
	if (request->data.len > 0 &&
	    strcmp(hex_encode(call->arena, request->data.data, request->data.len),
		rows_text(sum, 0, 1)) != 0)
		return CALL_FAIL(call, ERR_BAD_FILE, .entity = E_attachment,
		    .text = call_say(call, "The file was damaged on its way; send it again",
			"文件在传输中损坏，请重新上传"));
	return ERR_OK;
}

static void
attach_answer_whole(struct call *call, int64_t id, const struct rows *file)
{
	Kehu__AttachAnswer *answer = attach_answer(call, id);

	answer->has_last = answer->last = answer->has_bytes = true;
	answer->bytes = (uint64_t)rows_int(file, 0, 0);
	answer->name = arena_strdup(call->arena, rows_text(file, 0, 1));
}

static enum err
attach_end(struct attach *attach)
{
	struct call *call = attach->call;
	struct sql *look = sql_new(call->arena), *add = sql_new(call->arena);
	struct sql *sql = sql_new(call->arena);
	struct rows *upload, *sum;
	enum err err;

	attach_queue_open(attach, true);
	sql_add(look, "SELECT a.bytes, a.name, a.complete");
	attach_where_own(attach, look);
	sql_add(look, " FOR UPDATE");
	store_queue(call->store, look, &upload);
	sql_add(add, "SELECT coalesce(sum(length(c.data)), 0), encode(sha256(coalesce("
		     "string_agg(c.data, '' ORDER BY c.number), '')), 'hex')"
		     " FROM attachment_chunk c WHERE c.attachment_id = ");
	sql_int(add, attach->request->id);
	store_queue(call->store, add, &sum);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		err = attach_check_open(attach, true);
	if (err == ERR_OK && upload->count == 0)
		err = CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_attachment);
	if (err == ERR_OK)
		err = attach_check_sum(call, attach->request, upload, sum);
	if (err != ERR_OK)
		return err;
	if (rows_bool(upload, 0, 2)) { /* ended before; its sender had lost the answer */
		attach_answer_whole(call, attach->request->id, upload);
		return ERR_OK;
	}
	sql_add(sql, "UPDATE attachment SET complete = true, sha256 = ");
	sql_text(sql, rows_text(sum, 0, 1));
	sql_add(sql, ", updated_at = now() WHERE id = ");
	sql_int(sql, attach->request->id);
	store_queue(call->store, sql, NULL);
	call->done_action = "attached";
	attach_answer_whole(call, attach->request->id, upload);
	return store_flush(call->store, call->arena);
}

static enum err
attach_give_up(struct attach *attach)
{
	struct call *call = attach->call;
	struct sql *sql = sql_new(call->arena);
	struct rows *gone;
	enum err err;

	attach_queue_open(attach, true);
	sql_add(sql, "UPDATE attachment SET deleted_at = now(), updated_at = now()"
		     " WHERE id = (SELECT a.id");
	attach_where_upload(attach, sql);
	sql_add(sql, ") RETURNING id");
	store_queue(call->store, sql, &gone);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		err = attach_check_open(attach, true);
	if (err == ERR_OK && gone->count == 0)
		err = CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_attachment);
	if (err == ERR_OK)
		attach_answer(call, attach->request->id);
	return err;
}

/* ---- down -------------------------------------------------------------------------------- */

/* One chunk: a download shares its worker with everybody, however slow its reader is. */
static enum err
attach_read(struct attach *attach)
{
	struct call *call = attach->call;
	const Kehu__Attach *request = attach->request;
	struct sql *sql = sql_new(call->arena);
	Kehu__AttachAnswer *answer;
	struct rows *rows;
	int64_t bytes, from = (int64_t)request->chunk * ATTACH_CHUNK_BYTES;
	size_t chunk_bytes;
	enum err err;

	attach_queue_open(attach, false);
	sql_add(sql, "SELECT a.bytes, a.name, (SELECT c.data FROM attachment_chunk c"
		     " WHERE c.attachment_id = a.id AND c.number = ");
	sql_int(sql, request->chunk);
	sql_add(sql, ")");
	attach_where_file(attach, sql);
	sql_addf(sql, " AND a.complete%s", access_user_outside(call->user) ? " AND a.given_out" : "");
	sql_named(sql);
	store_queue(call->store, sql, &rows);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		err = attach_check_open(attach, false);
	if (err != ERR_OK)
		return err;
	bytes = rows->count > 0 ? rows_int(rows, 0, 0) : 0;
	if (rows->count == 0 || (from >= bytes && request->chunk > 0))
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_attachment);
	answer = attach_answer(call, request->id);
	answer->name = arena_strdup(call->arena, rows_text(rows, 0, 1));
	answer->has_bytes = answer->has_chunk = answer->has_last = answer->has_data = true;
	answer->bytes = (uint64_t)bytes;
	answer->chunk = request->chunk;
	answer->last = from + ATTACH_CHUNK_BYTES >= bytes;
	answer->data.data = (uint8_t *)(uintptr_t)rows_bytea(call->arena, rows, 0, 2, &chunk_bytes);
	answer->data.len = chunk_bytes;
	return ERR_OK;
}

/* ---- for whom ----------------------------------------------------------------------------- */

static enum err
attach_give_out(struct attach *attach, bool out)
{
	struct call *call = attach->call;
	struct sql *sql = sql_new(call->arena);
	struct rows *done;
	enum err err;

	attach_queue_open(attach, true);
	sql_addf(sql, "UPDATE attachment SET given_out = %s, updated_at = now(), updated_by = ", out ? "true" : "false");
	sql_int(sql, call->session.user);
	sql_add(sql, " WHERE id = (SELECT a.id");
	attach_where_file(attach, sql);
	sql_add(sql, " AND a.complete) RETURNING id");
	store_queue(call->store, sql, &done);
	err = store_flush(call->store, call->arena);
	if (err == ERR_OK)
		err = attach_check_open(attach, true);
	if (err == ERR_OK && done->count == 0)
		err = CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_attachment);
	if (err != ERR_OK)
		return err;
	call->done_action = out ? "give_out" : "keep_in";
	attach_answer(call, attach->request->id);
	return ERR_OK;
}

/* ---- the request ------------------------------------------------------------------------- */

enum err
handle_attach(struct call *call)
{
	struct attach attach = { .call = call, .request = call->request->attach };
	const struct entity_view *files;
	enum err err;

	err = call_entity(call, E_attachment,
	    attach.request->step == ATTACH_READ ? RIGHT_VIEW : RIGHT_CREATE, &files);
	if (err == ERR_OK)
		err = call_entity(call, attach.request->entity, RIGHT_VIEW, &attach.anchor);
	if (err != ERR_OK)
		return err;
	if (attach.anchor->def->kind != ENTITY_ACTIVITY &&
	    attach.anchor->def->kind != ENTITY_SETUP)
		return CALL_FAIL(call, ERR_NO_SUCH_ENTITY);
	switch (attach.request->step) {
	case ATTACH_START:
		return attach_start(&attach);
	case ATTACH_DATA:
		return attach_data(&attach);
	case ATTACH_END:
		return attach_end(&attach);
	case ATTACH_GIVE_UP:
		return attach_give_up(&attach);
	case ATTACH_READ:
		return attach_read(&attach);
	case ATTACH_GIVE_OUT:
	case ATTACH_KEEP_IN:
		return attach_give_out(&attach, attach.request->step == ATTACH_GIVE_OUT);
	default:
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	}
}
