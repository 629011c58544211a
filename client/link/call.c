/*
 * link without a loop of the caller's own: the command line asks and waits. Also the small
 * functions about answers.
 */
#include "client/link/link_private.h"

#include "common/date.h"
#include <errno.h>

#define LINK_WAIT_MS 30000
#define LINK_CALL_MS 60000

bool
link_last(const Kehu__ServerFrame *frame)
{
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_REPORT)
		return true;
	return frame->report->last || !frame->report->has_data;
}

enum err
link_error(const Kehu__ServerFrame *frame)
{
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_ERROR)
		return ERR_OK;
	int code = (int)frame->error->code;
	return code != ERR_OK && err_known(code) ? (enum err)code : ERR_INTERNAL;
}

Kehu__ServerFrame *
link_keep(struct arena *arena, const Kehu__ServerFrame *frame)
{
	size_t bytes = kehu__server_frame__get_packed_size(frame);
	uint8_t *packed = arena_alloc(arena, bytes);
	ProtobufCAllocator allocator = frame_allocator(arena);

	kehu__server_frame__pack(frame, packed);
	return kehu__server_frame__unpack(&allocator, bytes, packed);
}

Kehu__ServerFrame *
link_cached(struct link *link, struct arena *arena, const Kehu__ClientFrame *frame,
    int64_t *age_ms, bool *fresh)
{
	uint8_t key[32];

	link_cache_key(frame, key);
	return link_cache_get(link->cache, arena, key, age_ms, fresh);
}

/* One turn of the loop, at most until deadline. False: the deadline has passed. */
static bool
link_turn(struct link *link, int64_t deadline_us)
{
	struct pollfd fds;
	int64_t left_us = deadline_us - date_monotonic_us();

	if (left_us <= 0)
		return false;
	size_t count = link_fds(link, &fds);
	int timeout_ms = link_timeout_ms(link), left_ms = (int)((left_us + 999) / 1000);
	if (timeout_ms < 0 || timeout_ms > left_ms)
		timeout_ms = left_ms;
	/* Interrupted by a signal: the turn is only shorter. */
	(void)poll(&fds, (nfds_t)count, timeout_ms);
	link_poll(link);
	return true;
}

/* Nothing more will happen by itself. */
static bool
link_stands_still(const struct link *link)
{
	return link->phase == PHASE_ENDED || (link->phase == PHASE_LOGIN && link->control == 0);
}

enum err
link_wait(struct link *link, int timeout_ms)
{
	int64_t deadline_us =
	    date_monotonic_us() + (int64_t)(timeout_ms > 0 ? timeout_ms : LINK_WAIT_MS) * 1000;

	for (;;) {
		switch (link->phase) {
		case PHASE_READY:
			return ERR_OK;
		case PHASE_ENDED:
			return link->error != ERR_OK ? link->error : ERR_SESSION_ENDED;
		case PHASE_LOGIN:
			if (link->control == 0)
				return link->error != ERR_OK ? link->error : ERR_LOGIN_NEEDED;
			break;
		default:
			break;
		}
		if (!link_turn(link, deadline_us))
			break;
	}
	if (link->error == ERR_OK)
		link_reason(link, ERR_NO_SERVER,
		    link_say(link, "The server does not answer", "服务器没有回应"));
	return link->error;
}

struct link_waiter {
	struct arena *arena;
	Kehu__ServerFrame *answer;
	bool done;
};

static void
link_call_done(void *context, const Kehu__ServerFrame *answer)
{
	struct link_waiter *waiter = context;

	waiter->answer = link_keep(waiter->arena, answer);
	waiter->done = link_last(answer);
}

enum err
link_call(struct link *link, struct arena *arena, const Kehu__ClientFrame *frame,
    Kehu__ServerFrame **answer, int timeout_ms)
{
	struct link_waiter waiter = { .arena = arena };
	int64_t deadline_us =
	    date_monotonic_us() + (int64_t)(timeout_ms > 0 ? timeout_ms : LINK_CALL_MS) * 1000;
	uint32_t number =
	    link_send(link, &(struct link_request){
				.frame = frame, .done = link_call_done, .context = &waiter });

	*answer = NULL;
	link_poll(link);
	while (!waiter.done) {
		if (!link_stands_still(link) && link_turn(link, deadline_us))
			continue;
		bool alive = link->phase == PHASE_READY;
		link_cancel(link, number);
		if (alive)
			return ERR_TIMEOUT;
		return link->error != ERR_OK ? link->error : ERR_NO_SERVER;
	}
	*answer = waiter.answer;
	return link_error(waiter.answer);
}

enum err
link_turn_once(struct link *link, int timeout_ms)
{
	if (link_stands_still(link))
		return link->error != ERR_OK ? link->error : ERR_SESSION_ENDED;
	int64_t wait_us = (int64_t)(timeout_ms > 0 ? timeout_ms : LINK_CALL_MS) * 1000;
	int64_t deadline_us = date_monotonic_us() + wait_us;
	link_turn(link, deadline_us);
	if (date_monotonic_us() < deadline_us)
		return ERR_OK;
	return link->phase == PHASE_READY ? ERR_TIMEOUT : ERR_NO_SERVER;
}

enum err
link_run(struct link *link, const bool *stop, int timeout_ms)
{
	int64_t idle_us = (int64_t)(timeout_ms > 0 ? timeout_ms : LINK_CALL_MS) * 1000;
	int64_t deadline_us = date_monotonic_us() + idle_us;

	link_poll(link);
	while (!*stop) {
		size_t writes, before = queue_waiting(link, &writes);

		if (link_stands_still(link))
			return link->error != ERR_OK ? link->error : ERR_SESSION_ENDED;
		if (!link_turn(link, deadline_us))
			return link->phase == PHASE_READY ? ERR_TIMEOUT : ERR_NO_SERVER;
		if (queue_waiting(link, &writes) != before)
			deadline_us = date_monotonic_us() + idle_us;
	}
	return ERR_OK;
}
