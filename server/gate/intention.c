/*
 * What makes a write safe to send again. Which request carries an intention, what a repeat must
 * equal, and what it is answered; when to look is the gate's.
 */
#include "server/gate/intention.h"

#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/person.h"

#include <string.h>

#define INTENT_DAYS 7

/* The intention's bytes in a writing request; NULL where the message has none. */
static const ProtobufCBinaryData *
intention_bytes(const Kehu__ClientFrame *frame)
{
	switch (frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
		return &frame->save->intention;
	case KEHU__CLIENT_FRAME__REQUEST_DELETE:
		return &frame->delete_->intention;
	case KEHU__CLIENT_FRAME__REQUEST_RESTORE:
		return &frame->restore->intention;
	case KEHU__CLIENT_FRAME__REQUEST_ACT:
		return &frame->act->intention;
	case KEHU__CLIENT_FRAME__REQUEST_BULK:
		return &frame->bulk->intention;
	case KEHU__CLIENT_FRAME__REQUEST_ALTER:
		return &frame->alter->intention;
	/* Of a transfer in steps only the first is an intention; the others may be sent again. */
	case KEHU__CLIENT_FRAME__REQUEST_IMPORT:
		return frame->import->step == 1 ? &frame->import->intention : NULL;
	case KEHU__CLIENT_FRAME__REQUEST_ATTACH:
		return frame->attach->step == 1 ? &frame->attach->intention : NULL;
	case KEHU__CLIENT_FRAME__REQUEST_JOB:
		return frame->job->step == 1 ? &frame->job->intention : NULL;
	case KEHU__CLIENT_FRAME__REQUEST_EXPORT:
		return &frame->export->intention;
	case KEHU__CLIENT_FRAME__REQUEST_AUDIT:
		return frame->audit->step == 2 ? &frame->audit->intention : NULL;
	case KEHU__CLIENT_FRAME__REQUEST_PERSON:
		return person_writes(frame->person) ? &frame->person->intention : NULL;
	default:
		return NULL;
	}
}

/* Writes that are one transaction each must carry an intention; steps of a transfer may. */
static bool
intention_needed(const Kehu__ClientFrame *frame)
{
	return frame->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE ||
	    frame->request_case == KEHU__CLIENT_FRAME__REQUEST_DELETE ||
	    frame->request_case == KEHU__CLIENT_FRAME__REQUEST_RESTORE ||
	    frame->request_case == KEHU__CLIENT_FRAME__REQUEST_ACT ||
	    frame->request_case == KEHU__CLIENT_FRAME__REQUEST_BULK ||
	    frame->request_case == KEHU__CLIENT_FRAME__REQUEST_ALTER;
}

enum err
intention_take(struct call *call, bool writes)
{
	const ProtobufCBinaryData *bytes = intention_bytes(call->request);
	int64_t age_ms;

	if (!writes || bytes == NULL || bytes->len == 0) {
		if (intention_needed(call->request))
			return CALL_FAIL(call, ERR_BAD_REQUEST);
		/* History and audit rows still want an id for what happened. */
		call->intention = uuid_new();
		return ERR_OK;
	}
	if (bytes->len != sizeof(call->intention.bytes) || (bytes->data[6] >> 4) != 7)
		return CALL_FAIL(call, ERR_BAD_REQUEST);
	memcpy(call->intention.bytes, bytes->data, bytes->len);
	call->has_intention = true;
	age_ms = date_now_us() / 1000 - uuid_time_ms(call->intention);
	if (age_ms > INTENT_DAYS * INT64_C(86400000) || age_ms < -INT64_C(86400000))
		return CALL_FAIL(call, ERR_INTENT_UNKNOWN);
	return ERR_OK;
}

/*
 * The content of a write, without the frame's own number and the catalogue it was made under (a
 * client names the new one when it sends again): what a repeat must equal.
 */
static void
intention_hash(const struct call *call, uint8_t hash[32])
{
	Kehu__ClientFrame copy = *call->request;
	Kehu__Save save;
	Kehu__Act act;
	Kehu__Alter alter;
	uint8_t *packed;
	size_t bytes;

	copy.has_number = false;
	if (copy.request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE) {
		save = *copy.save;
		save.has_catalog_version = false;
		copy.save = &save;
	} else if (copy.request_case == KEHU__CLIENT_FRAME__REQUEST_ACT) {
		act = *copy.act;
		act.has_catalog_version = false;
		copy.act = &act;
	} else if (copy.request_case == KEHU__CLIENT_FRAME__REQUEST_ALTER) {
		alter = *copy.alter;
		alter.has_catalog_version = false;
		copy.alter = &alter;
	}
	bytes = kehu__client_frame__get_packed_size(&copy);
	packed = arena_alloc(call->arena, bytes);
	kehu__client_frame__pack(&copy, packed);
	hash_sha256(packed, bytes, hash);
}

/* The answer of a write that was done before, in the shape its request expects. */
static void
intention_answer(struct call *call, uint32_t entity, int64_t id, uint32_t version)
{
	Kehu__ImportAnswer *import;
	Kehu__AttachAnswer *attach;
	Kehu__JobAnswer *job;
	Kehu__AuditAnswer *audit;
	Kehu__Written *written;

	switch (call->request->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_IMPORT:
		import = call->answer.import = ARENA_NEW(call->arena, Kehu__ImportAnswer);
		kehu__import_answer__init(import);
		import->has_id = true;
		import->id = id;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_IMPORT;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_ATTACH:
		attach = call->answer.attach = ARENA_NEW(call->arena, Kehu__AttachAnswer);
		kehu__attach_answer__init(attach);
		attach->has_id = true;
		attach->id = id;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_ATTACH;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_AUDIT:
		audit = call->answer.audit = ARENA_NEW(call->arena, Kehu__AuditAnswer);
		kehu__audit_answer__init(audit);
		audit->has_job = true;
		audit->job = id;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_AUDIT;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_PERSON:
		call->answer.person = ARENA_NEW(call->arena, Kehu__PersonAnswer);
		kehu__person_answer__init(call->answer.person);
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_PERSON;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_EXPORT:
	case KEHU__CLIENT_FRAME__REQUEST_JOB:
		job = call->answer.job = ARENA_NEW(call->arena, Kehu__JobAnswer);
		kehu__job_answer__init(job);
		job->has_id = true;
		job->id = id;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_JOB;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_BULK:
		call->answer.bulk = ARENA_NEW(call->arena, Kehu__BulkAnswer);
		kehu__bulk_answer__init(call->answer.bulk);
		call->answer.bulk->has_repeated_request = call->answer.bulk->repeated_request = true;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_BULK;
		break;
	case KEHU__CLIENT_FRAME__REQUEST_ALTER:
		call->answer.alter = ARENA_NEW(call->arena, Kehu__AlterAnswer);
		kehu__alter_answer__init(call->answer.alter);
		call->answer.alter->has_bulk = entity == E_bulk;
		call->answer.alter->bulk = id;
		call->answer.alter->has_repeated_request = call->answer.alter->repeated_request = true;
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_ALTER;
		break;
	default:
		written = call->answer.written = ARENA_NEW(call->arena, Kehu__Written);
		kehu__written__init(written);
		written->has_entity = written->has_id = written->has_version = true;
		written->entity = entity;
		written->id = id;
		written->version = version;
		written->has_repeated_request = written->repeated_request = true;
		written->has_waits = written->waits = entity == E_approval &&
		    (call->request->request_case != KEHU__CLIENT_FRAME__REQUEST_ACT ||
			call->request->act->entity != E_approval);
		call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_WRITTEN;
		break;
	}
}

enum err
intention_answer_repeat(struct call *call)
{
	struct sql *sql = sql_new(call->arena);
	uint8_t hash[32];
	struct rows *rows;
	const void *stored;
	size_t bytes;

	store_read(call->store);
	sql_add(sql, "SELECT user_id, hash, status, entity, record_id, version FROM outcome "
		     "WHERE day = outcome_day(");
	sql_uuid(sql, call->intention);
	sql_add(sql, ") AND id = ");
	sql_uuid(sql, call->intention);
	store_queue(call->store, sql, &rows);
	if (store_flush(call->store, call->arena) != ERR_OK)
		return CALL_FAIL(call, ERR_UNKNOWN_OUTCOME);
	if (rows->count == 0)
		return ERR_EMPTY;
	intention_hash(call, hash);
	stored = rows_bytea(call->arena, rows, 0, 1, &bytes);
	call->failure = (struct failure){ 0 };
	if (rows_int(rows, 0, 0) != call->session.user || bytes != sizeof(hash) ||
	    memcmp(stored, hash, sizeof(hash)) != 0)
		return CALL_FAIL(call, ERR_INTENT_REUSED);
	intention_answer(call, (uint32_t)rows_int(rows, 0, 3), rows_int(rows, 0, 4),
	    (uint32_t)rows_int(rows, 0, 5));
	return ERR_OK;
}

void
intention_queue_outcome(struct call *call, const char *request)
{
	struct sql *sql = sql_new(call->arena);
	uint8_t hash[32];

	intention_hash(call, hash);
	sql_add(sql, "SELECT kehu_outcome(");
	sql_uuid(sql, call->intention);
	sql_add(sql, ", ");
	sql_bytes(sql, hash, sizeof(hash));
	sql_add(sql, ", ");
	sql_int(sql, call->done_entity);
	sql_add(sql, ", ");
	sql_int(sql, call->done_id);
	sql_add(sql, ", ");
	sql_int(sql, call->done_version);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ", ");
	sql_text(sql, request);
	sql_add(sql, ", ");
	sql_text(sql, call->done_action);
	sql_add(sql, ")");
	sql_named(sql);
	store_queue(call->store, sql, NULL);
}
