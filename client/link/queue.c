/*
 * Requests on their way: numbered, kept packed until answered, sent when the link is ready and
 * sent again after a reconnect with the very same bytes, so that a write repeats its intention.
 * Answers that only mean "not now" are asked again here; nobody above sees them.
 */
#include "client/link/link_private.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

static const struct {
	enum request_id id;
	bool write;
} queue_kinds[] = {
#define QUEUE_WRITE                                   true
#define QUEUE_READ                                    false
#define QUEUE_SESSION                                 false
#define REQ(number, name, message, state, kind, lane) { REQUEST_##name, QUEUE_##kind },
#include "proto/requests.def"
#undef REQ
};

static bool
queue_is_write(enum request_id id)
{
	for (size_t i = 0; i < sizeof(queue_kinds) / sizeof(queue_kinds[0]); i++)
		if (queue_kinds[i].id == id)
			return queue_kinds[i].write;
	return false;
}

/* ---- intention ---- */

struct uuid
link_intention(const struct link *link)
{
	struct uuid uuid = uuid_new();
	uint64_t ms = (uint64_t)(uuid_time_ms(uuid) + link->clock_us / 1000);

	for (int i = 0; i < 6; i++)
		uuid.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	return uuid;
}

/* Where a frame has its intention; false: this one needs none. Chunks of a file have none. */
static bool
queue_intention(Kehu__ClientFrame *frame, ProtobufCBinaryData **id, protobuf_c_boolean **has)
{
	switch (frame->request_case) {
#define QUEUE_INTENTION(CASE, member, when)                                                    \
	case KEHU__CLIENT_FRAME__REQUEST_##CASE:                                               \
		*id = &frame->member->intention;                                               \
		*has = &frame->member->has_intention;                                          \
		return when
		QUEUE_INTENTION(SAVE, save, true);
		QUEUE_INTENTION(DELETE, delete_, true);
		QUEUE_INTENTION(RESTORE, restore, true);
		QUEUE_INTENTION(ACT, act, true);
		QUEUE_INTENTION(BULK, bulk, true);
		QUEUE_INTENTION(ALTER, alter, true);
		QUEUE_INTENTION(
		    IMPORT, import, frame->import->step == 1 || frame->import->step == 3);
		QUEUE_INTENTION(
		    ATTACH, attach, frame->attach->step == 1 || frame->attach->step == 3);
		QUEUE_INTENTION(JOB, job, frame->job->step == 1 || frame->job->step == 3);
		QUEUE_INTENTION(EXPORT, export, true);
		QUEUE_INTENTION(AUDIT, audit, frame->audit->step == 2);
#undef QUEUE_INTENTION
	default:
		return false;
	}
}

/* A copy in arena that may be changed: number and intention are filled in. */
static Kehu__ClientFrame *
queue_complete(const struct link *link, struct arena *arena, const Kehu__ClientFrame *frame,
    uint32_t number, struct uuid *intention)
{
	size_t bytes = kehu__client_frame__get_packed_size(frame);
	uint8_t *packed = arena_alloc(arena, bytes);
	ProtobufCAllocator allocator = frame_allocator(arena);
	ProtobufCBinaryData *id;
	protobuf_c_boolean *has;

	kehu__client_frame__pack(frame, packed);
	Kehu__ClientFrame *copy = kehu__client_frame__unpack(&allocator, bytes, packed);
	if (copy == NULL)
		fatal("a request of ours cannot be packed");
	copy->has_number = true;
	copy->number = number;
	if (!queue_intention(copy, &id, &has))
		return copy;
	if (!*has) {
		*intention = link_intention(link);
		*has = true;
		id->data = arena_memdup(arena, intention->bytes, sizeof(intention->bytes));
		id->len = sizeof(intention->bytes);
	} else if (id->len == sizeof(intention->bytes)) {
		memcpy(intention->bytes, id->data, id->len);
	}
	return copy;
}

/* Where a request names the catalogue version it was made with; NULL: nowhere. */
static uint32_t *
queue_catalog_version(Kehu__ClientFrame *frame, protobuf_c_boolean **has)
{
	switch (frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_LIST:
		*has = &frame->list->has_catalog_version;
		return &frame->list->catalog_version;
	case KEHU__CLIENT_FRAME__REQUEST_GET:
		*has = &frame->get->has_catalog_version;
		return &frame->get->catalog_version;
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
		*has = &frame->save->has_catalog_version;
		return &frame->save->catalog_version;
	case KEHU__CLIENT_FRAME__REQUEST_ACT:
		*has = &frame->act->has_catalog_version;
		return &frame->act->catalog_version;
	default:
		return NULL;
	}
}

static void
queue_set_version(const struct link *link, Kehu__ClientFrame *frame)
{
	protobuf_c_boolean *has;
	uint32_t *version = queue_catalog_version(frame, &has);

	if (version == NULL || link->catalog == NULL)
		return;
	*has = true;
	*version = cat_version(link->catalog);
}

/* ---- life of a request ---- */

static void
queue_free(struct pending *pending)
{
	buf_fini(&pending->bytes);
	free(pending->draft_key);
	free(pending->title);
	free(pending);
}

static void
queue_remove(struct link *link, struct pending *pending)
{
	TAILQ_REMOVE(&link->queue, pending, entry);
}

/* The request is over; it must be off the queue, since callbacks may do anything. */
static void
queue_finish(struct link *link, struct pending *pending, const Kehu__ServerFrame *answer)
{
	if (pending->outbox_key[0] != '\0')
		outbox_done(link, pending, answer);
	if (pending->done != NULL && !pending->cancelled)
		pending->done(pending->context, answer);
	queue_free(pending);
}

static void
queue_fail(struct link *link, struct pending *pending, enum err err, const char *text)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Error error = KEHU__ERROR__INIT;
	char *own = mem_strdup(text != NULL ? text : err_text(err, link->options.lang));

	error.has_code = true;
	error.code = (uint32_t)err;
	error.text = own;
	error.has_retry_safe = true;
	error.retry_safe = err_retry_safe(err);
	frame.has_number = true;
	frame.number = pending->number;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_ERROR;
	frame.error = &error;
	queue_finish(link, pending, &frame);
	free(own);
}

uint32_t
link_send(struct link *link, const struct link_request *request)
{
	struct pending *pending = mem_zalloc(1, sizeof(*pending));
	struct arena *arena = arena_new(0);
	struct uuid intention = { { 0 } };

	pending->number = link_next_number(link);
	pending->request = (enum request_id)request->frame->request_case;
	pending->write = queue_is_write(pending->request);
	pending->flags = request->flags;
	pending->done = request->done;
	pending->restart = request->restart;
	pending->context = request->context;
	pending->title = request->title == NULL ? NULL : mem_strdup(request->title);
	pending->draft_key = request->key == NULL ? NULL : mem_strdup(request->key);
	if (request->timeout_ms > 0)
		pending->expires_us = date_monotonic_us() + (int64_t)request->timeout_ms * 1000;
	Kehu__ClientFrame *frame =
	    queue_complete(link, arena, request->frame, pending->number, &intention);
	protobuf_c_boolean *has = NULL;
	if (queue_catalog_version(frame, &has) != NULL && !*has)
		queue_set_version(link, frame);
	if (request->flags & LINK_CACHE)
		link_cache_key(request->frame, pending->cache_key);
	/* One too large for a frame is kept empty and answered when the queue is next looked
	 * at. */
	bool fits = frame_pack_client(&pending->bytes, frame) == ERR_OK;
	if (fits && (request->flags & LINK_OUTBOX)) {
		snprintf(pending->outbox_key, sizeof(pending->outbox_key), "%s",
		    uuid_format(arena, intention));
		outbox_put(link, pending, frame);
	}
	TAILQ_INSERT_TAIL(&link->queue, pending, entry);
	uint32_t number = pending->number;
	arena_free(arena);
	return number;
}

static struct pending *
queue_find(struct link *link, uint32_t number)
{
	struct pending *pending;

	TAILQ_FOREACH(pending, &link->queue, entry)
	if (pending->number == number)
		return pending;
	return NULL;
}

void
link_cancel(struct link *link, uint32_t number)
{
	struct pending *pending = queue_find(link, number);
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Cancel cancel = KEHU__CANCEL__INIT;

	if (pending == NULL || pending->cancelled)
		return;
	if (!pending->sent) {
		/* A write that may have reached the server before a break stays until it is
		 * known. */
		if (pending->write && pending->tries > 0) {
			pending->cancelled = true;
			return;
		}
		queue_remove(link, pending);
		if (pending->outbox_key[0] != '\0' && link->journal != NULL &&
		    journal_drop(link->journal, JOURNAL_OUTBOX, pending->outbox_key) != ERR_OK)
			log_warn("outbox entry not dropped", "number=%u", number);
		queue_free(pending);
		return;
	}
	pending->cancelled = true;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CANCEL;
	frame.cancel = &cancel;
	cancel.has_number = true;
	cancel.number = number;
	link_put(link, &frame);
}

void
link_subscribe(struct link *link, const Kehu__Subscribe *subscribe)
{
	size_t bytes = kehu__subscribe__get_packed_size(subscribe);

	buf_clear(&link->subscription);
	kehu__subscribe__pack(
	    subscribe, (uint8_t *)buf_reserve(&link->subscription, bytes + 1));
	buf_wrote(&link->subscription, bytes);
	link->subscription_due = true;
}

/* ---- sending ---- */

static size_t
queue_in_flight(const struct link *link, bool *normal_waits)
{
	const struct pending *pending;
	size_t count = 0;

	*normal_waits = false;
	TAILQ_FOREACH(pending, &link->queue, entry)
	{
		count += pending->sent;
		*normal_waits |= !(pending->flags & LINK_LOW);
	}
	return count;
}

static void
queue_send_subscription(struct link *link)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	struct arena *arena = arena_new(0);
	ProtobufCAllocator allocator = frame_allocator(arena);

	link->subscription_due = false;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SUBSCRIBE;
	frame.subscribe = kehu__subscribe__unpack(&allocator, link->subscription.bytes,
	    (const uint8_t *)buf_text(&link->subscription));
	if (frame.subscribe != NULL)
		link_put(link, &frame);
	arena_free(arena);
}

void
queue_flush(struct link *link, int64_t now_us)
{
	bool normal_waits, write_held = false;
	size_t in_flight = queue_in_flight(link, &normal_waits);
	struct pending *pending;

	if (link->phase != PHASE_READY || link->moving || link->locked)
		return;
	if (link->subscription_due)
		queue_send_subscription(link);
	TAILQ_FOREACH(pending, &link->queue, entry)
	{
		if (in_flight >= LINK_IN_FLIGHT)
			return;
		if (pending->sent || pending->bytes.bytes == 0)
			continue;
		/* Writes keep their order: none overtakes one that waits to be repeated. */
		bool held = pending->wants_catalog || pending->not_before_us > now_us;
		if (held || (pending->write && write_held)) {
			write_held |= pending->write;
			continue;
		}
		if ((pending->flags & LINK_LOW) && normal_waits)
			continue;
		carrier_put(&link->carrier, pending->bytes.data, pending->bytes.bytes);
		trace_sent(link->trace, pending->number, (int)pending->request, pending->bytes.bytes,
		    (pending->flags & LINK_LOW) != 0);
		pending->sent = true;
		pending->tries++;
		in_flight++;
	}
}

void
queue_expire(struct link *link, int64_t now_us)
{
	struct pending *pending, *next;

	for (pending = TAILQ_FIRST(&link->queue); pending != NULL; pending = next) {
		next = TAILQ_NEXT(pending, entry);
		bool late = pending->expires_us != 0 && now_us >= pending->expires_us &&
			    !pending->cancelled;
		if (!late && pending->bytes.bytes != 0)
			continue;
		if (late && pending->sent) {
			/* Its place is held until the server answers; the caller hears now. */
			struct pending *ghost = mem_zalloc(1, sizeof(*ghost));

			ghost->number = pending->number;
			ghost->request = pending->request;
			ghost->sent = ghost->cancelled = true;
			buf_put(&ghost->bytes, pending->bytes.data, pending->bytes.bytes);
			TAILQ_INSERT_AFTER(&link->queue, pending, ghost, entry);
		}
		queue_remove(link, pending);
		queue_fail(link, pending, late ? ERR_TIMEOUT : ERR_TOO_LARGE, NULL);
		next = TAILQ_FIRST(&link->queue); /* the callback may have changed anything */
	}
}

void
queue_broken(struct link *link)
{
	struct pending *pending, *next;

	for (pending = TAILQ_FIRST(&link->queue); pending != NULL; pending = next) {
		next = TAILQ_NEXT(pending, entry);
		if (!pending->sent)
			continue;
		pending->sent = false;
		if (pending->cancelled && !pending->write) {
			queue_remove(link, pending);
			queue_free(pending);
			continue;
		}
		bool lost = pending->began && pending->restart == NULL;
		if (pending->flags & LINK_ONCE || lost) {
			queue_remove(link, pending);
			queue_fail(link, pending, ERR_NO_SERVER, NULL);
			next = TAILQ_FIRST(&link->queue);
		} else if (pending->began) {
			pending->began = false;
			pending->restart(pending->context);
			next = TAILQ_FIRST(&link->queue);
		}
	}
}

/* ---- answers ---- */

/* Errors that only mean "ask again"; true: it will be. */
static bool
queue_again(struct link *link, struct pending *pending, enum err err)
{
	switch (err) {
	case ERR_UNKNOWN_OUTCOME:
		break; /* for as long as it takes: the outcome table will know */
	case ERR_BUSY:
	case ERR_TOO_MANY:
	case ERR_STALE:
	case ERR_DB_GONE:
		if (pending->tries >= LINK_BUSY_TRIES)
			return false;
		break;
	case ERR_CATALOG_OLD:
		if (pending->tries > 2)
			return false;
		pending->wants_catalog = true;
		session_want_catalog(link);
		pending->sent = false;
		return true;
	default:
		return false;
	}
	int shift = pending->tries < 6 ? pending->tries : 6;
	pending->not_before_us = date_monotonic_us() + ((int64_t)100000 << shift);
	pending->sent = false;
	return true;
}

static uint32_t
queue_entity(const struct buf *bytes)
{
	struct arena *arena = arena_new(0);
	Kehu__ClientFrame *frame;
	const char *why;
	uint32_t entity = 0;

	const uint8_t *body = (const uint8_t *)bytes->data + FRAME_HEAD_BYTES;
	if (frame_unpack_client(
		arena, 0, body, bytes->bytes - FRAME_HEAD_BYTES, &frame, &why) == ERR_OK) {
		if (frame->request_case == KEHU__CLIENT_FRAME__REQUEST_LIST)
			entity = frame->list->entity;
		else if (frame->request_case == KEHU__CLIENT_FRAME__REQUEST_RELATED)
			entity = frame->related->related;
	}
	arena_free(arena);
	return entity;
}

static void
queue_remember(
    struct link *link, const struct pending *pending, const Kehu__ServerFrame *answer)
{
	if (link_error(answer) != ERR_OK)
		return;
	if (pending->write)
		link_cache_stale(link->cache, 0);
	else if (pending->flags & LINK_CACHE)
		link_cache_put(
		    link->cache, pending->cache_key, queue_entity(&pending->bytes), answer);
}

void
queue_answer(struct link *link, const Kehu__ServerFrame *frame)
{
	struct pending *pending = queue_find(link, frame->number);
	enum err err = link_error(frame);

	if (pending == NULL || !pending->sent)
		return; /* to a Cancel, a Subscribe, or one that timed out */
	if (err == ERR_SESSION_ENDED || err == ERR_LOGIN_NEEDED) {
		session_ended(link);
		return;
	}
	if (err == ERR_SESSION_LOCKED) {
		pending->sent = false;
		sign_found_locked(link);
		return;
	}
	if (!pending->began && queue_again(link, pending, err)) {
		if (!pending->cancelled || pending->write)
			return;
	}
	if (!link_last(frame)) {
		pending->began = true;
		if (pending->done != NULL && !pending->cancelled)
			pending->done(pending->context, frame);
		return;
	}
	queue_remove(link, pending);
	queue_remember(link, pending, frame);
	queue_finish(link, pending, frame);
}

static void
queue_new_version(struct link *link, struct pending *pending)
{
	struct arena *arena = arena_new(0);
	Kehu__ClientFrame *frame;
	const char *why;

	const uint8_t *body = (const uint8_t *)pending->bytes.data + FRAME_HEAD_BYTES;
	if (frame_unpack_client(arena, 0, body, pending->bytes.bytes - FRAME_HEAD_BYTES, &frame,
		&why) == ERR_OK) {
		queue_set_version(link, frame);
		buf_clear(&pending->bytes);
		if (frame_pack_client(&pending->bytes, frame) != ERR_OK)
			buf_clear(&pending->bytes);
	}
	arena_free(arena);
}

void
queue_catalog(struct link *link, enum err error, const char *text)
{
	struct pending *pending, *next;

	for (pending = TAILQ_FIRST(&link->queue); pending != NULL; pending = next) {
		next = TAILQ_NEXT(pending, entry);
		if (!pending->wants_catalog)
			continue;
		pending->wants_catalog = false;
		if (error == ERR_OK) {
			queue_new_version(link, pending);
			continue;
		}
		queue_remove(link, pending);
		queue_fail(link, pending, error, text);
		next = TAILQ_FIRST(&link->queue);
	}
}

/* ---- the whole queue ---- */

void
queue_fail_all(struct link *link, enum err error)
{
	struct pending_list all = TAILQ_HEAD_INITIALIZER(all);

	TAILQ_CONCAT(&all, &link->queue, entry);
	while (!TAILQ_EMPTY(&all)) {
		struct pending *pending = TAILQ_FIRST(&all);

		TAILQ_REMOVE(&all, pending, entry);
		pending->outbox_key[0] =
		    '\0'; /* stays in the journal for its user's next sign-in */
		queue_fail(link, pending, error, NULL);
	}
}

void
queue_drop_all(struct link *link)
{
	while (!TAILQ_EMPTY(&link->queue)) {
		struct pending *pending = TAILQ_FIRST(&link->queue);

		queue_remove(link, pending);
		queue_free(pending);
	}
}

int64_t
queue_due_us(const struct link *link)
{
	int64_t due_us = INT64_MAX;
	bool ready = link->phase == PHASE_READY && !link->moving && !link->locked, normal_waits;
	size_t in_flight = queue_in_flight(link, &normal_waits);
	const struct pending *pending;

	if (ready && link->subscription_due)
		return 0;
	TAILQ_FOREACH(pending, &link->queue, entry)
	{
		int64_t at_us = INT64_MAX;

		if (pending->bytes.bytes == 0)
			return 0;
		bool low = (pending->flags & LINK_LOW) && normal_waits;
		if (ready && !pending->sent && !pending->wants_catalog && !low &&
		    in_flight < LINK_IN_FLIGHT)
			at_us = pending->not_before_us;
		if (pending->expires_us != 0 && !pending->cancelled &&
		    pending->expires_us < at_us)
			at_us = pending->expires_us;
		due_us = at_us < due_us ? at_us : due_us;
	}
	return due_us;
}

size_t
queue_waiting(const struct link *link, size_t *writes)
{
	const struct pending *pending;
	size_t count = 0;

	*writes = 0;
	TAILQ_FOREACH(pending, &link->queue, entry)
	{
		count += !pending->cancelled;
		*writes +=
		    pending->write && (!pending->cancelled || pending->outbox_key[0] != '\0');
	}
	return count;
}

bool
queue_idle(const struct link *link)
{
	bool normal_waits;

	return queue_in_flight(link, &normal_waits) == 0;
}
