/*
 * The link's state machine: when to connect, when a connection is given up, when to try again.
 * Signing in is session.c's, requests are queue.c's, bytes are carrier.c's.
 */
#include "client/link/link_private.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LINK_PING_MS        30000
#define LINK_BACKOFF_MS     1000
#define LINK_BACKOFF_MAX_MS 4000 /* with the dice 5 s: nobody sits before a server that is back */
#define LINK_CONNECT_MS     10000
#define LINK_TAKE_ROUNDS    16 /* of reading, before the caller's loop gets a turn */

const char *
link_say(const struct link *link, const char *en, const char *zh)
{
	return link->options.lang == LANG_ZH ? zh : en;
}

uint32_t
link_next_number(struct link *link)
{
	if (++link->last_number == 0)
		link->last_number = 1;
	return link->last_number;
}

void
link_reason(struct link *link, enum err error, const char *text)
{
	char *copy = mem_strdup(text != NULL ? text : err_text(error, link->options.lang));

	free(link->text);
	link->text = copy;
	link->error = error;
}

/* ---- making one ---- */

/* "HOST:PORT", "[::1]:7443", "HOST" (port 7443), separated by commas. */
static bool
link_parse_servers(struct link *link, const char *text)
{
	size_t room = 1, count = 0;

	for (const char *at = text; *at != '\0'; at++)
		room += *at == ',';
	const char **hosts = ARENA_ARRAY(link->arena, const char *, room);
	const char **ports = ARENA_ARRAY(link->arena, const char *, room);
	char *rest = arena_strdup(link->arena, text), *item;
	while ((item = strsep(&rest, ",")) != NULL) {
		char *port = strrchr(item, ':');

		if (*item == '[' && strchr(item, ']') != NULL) {
			char *end = strchr(++item, ']');

			port = end[1] == ':' ? end + 1 : NULL;
			*end = '\0';
		} else if (port != NULL && strchr(item, ':') != port) {
			port = NULL; /* a bare IPv6 address */
		}
		if (port != NULL)
			*port++ = '\0';
		if (*item == '\0' || (port != NULL && *port == '\0'))
			return false;
		hosts[count] = item;
		ports[count++] = port == NULL ? "7443" : port;
	}
	link->hosts = hosts;
	link->ports = ports;
	link->server_count = count;
	return count > 0;
}

static void
link_defaults(struct link_options *options)
{
	if (options->ping_ms == 0)
		options->ping_ms = LINK_PING_MS;
	if (options->backoff_ms == 0)
		options->backoff_ms = LINK_BACKOFF_MS;
	if (options->backoff_max_ms == 0)
		options->backoff_max_ms = LINK_BACKOFF_MAX_MS;
	if (options->connect_ms == 0)
		options->connect_ms = LINK_CONNECT_MS;
}

static void
link_copy_options(struct link *link, const struct link_options *options)
{
	struct link_options *own = &link->options;

	*own = *options;
	own->server = arena_strdup(link->arena, options->server != NULL ? options->server : "");
	own->ca_file = arena_strdup(link->arena, options->ca_file);
	own->cert_file = arena_strdup(link->arena, options->cert_file);
	own->key_file = arena_strdup(link->arena, options->key_file);
	own->program =
	    arena_strdup(link->arena, options->program != NULL ? options->program : "kehu");
	own->trace = arena_strdup(link->arena, options->trace);
	own->state_dir = arena_strdup(link->arena, options->state_dir);
	own->cache_dir = arena_strdup(link->arena, options->cache_dir);
	link_defaults(own);
}

static void
link_connect(struct link *link)
{
	link->server_said = false;
	link->carrier.lang = link->options.lang;
	link_enter(link, PHASE_CONNECT);
	carrier_open(&link->carrier, link->hosts[link->server_at], link->ports[link->server_at],
	    link->options.connect_ms);
}

struct link *
link_new(const struct link_options *options)
{
	struct link *link = mem_zalloc(1, sizeof(*link));
	const char *why = NULL;

	signal(SIGPIPE, SIG_IGN);
	link->arena = arena_new(0);
	link->user_arena = arena_new(0);
	link->factor_arena = arena_new(0);
	link->cache = link_cache_new(LINK_CACHE_BYTES);
	link->trace = trace_open(options->trace);
	link->rtt_ms = -1;
	link->told = LINK_CONNECTING;
	TAILQ_INIT(&link->queue);
	link_copy_options(link, options);
	link->user = (struct link_user){ .name = "", .label = "", .branch = "", .notice = "", .viewer = "" };
	if (!link_parse_servers(link, link->options.server)) {
		carrier_init(&link->carrier, NULL);
		link_end(link, ERR_CONFIG,
		    link_say(link, "The server must be given as HOST:PORT",
			"服务器应写为 主机:端口"));
		return link;
	}
	link->context = tls_client_new(link->arena, link->options.ca_file, &why);
	if (link->context != NULL && link->options.cert_file != NULL &&
	    !tls_client_show(link->arena, link->context, link->options.cert_file,
		link->options.key_file, &why)) {
		SSL_CTX_free(link->context);
		link->context = NULL;
	}
	carrier_init(&link->carrier, link->context);
	if (link->context == NULL)
		link_end(link, ERR_CONFIG, why);
	else
		link_connect(link);
	return link;
}

void
link_set_events(struct link *link, const struct link_events *events)
{
	link->options.events = *events;
}

void
link_free(struct link *link)
{
	if (link == NULL)
		return;
	queue_drop_all(link);
	carrier_fini(&link->carrier);
	trace_close(link->trace);
	session_forget(link);
	free(link->user_name);
	journal_close(link->journal);
	link_cache_free(link->cache);
	for (size_t i = 0; i < link->catalog_count; i++)
		cat_free(link->catalogs[i]);
	buf_fini(&link->subscription);
	SSL_CTX_free(link->context);
	free(link->text);
	arena_free(link->user_arena);
	arena_free(link->factor_arena);
	arena_free(link->arena);
	free(link);
}

/* ---- states ---- */

static bool
link_is_slow(const struct link *link)
{
	if (link->rtt_ms > LINK_SLOW_MS)
		return true;
	return link->ping != 0 &&
	       date_monotonic_us() - link->ping_us > (int64_t)LINK_SLOW_MS * 1000;
}

static enum link_state
link_state(const struct link *link)
{
	switch (link->phase) {
	case PHASE_CONNECT:
		return link->was_ready ? LINK_RESUMING : LINK_CONNECTING;
	case PHASE_HELLO:
		return link->was_ready ? LINK_RESUMING : LINK_HELLO;
	case PHASE_LOGIN:
		return LINK_LOGIN;
	case PHASE_RESUME:
	case PHASE_CATALOG:
		return link->was_ready ? LINK_RESUMING : LINK_LOGIN;
	case PHASE_READY:
		return link_is_slow(link) ? LINK_SLOW : LINK_READY;
	case PHASE_BROKEN:
		return LINK_BROKEN;
	default:
		return LINK_ENDED;
	}
}

void
link_tell(struct link *link)
{
	enum link_state state = link_state(link);

	if (state == link->told)
		return;
	link->told = state;
	if (link->options.events.state != NULL)
		link->options.events.state(link->options.events.context, state);
}

void
link_enter(struct link *link, enum phase phase)
{
	bool ready = phase == PHASE_READY;

	link->phase = phase;
	if (ready) {
		link->was_ready = true;
		link->attempt = 0;
		link->broken_us = 0;
		link->ready_us = date_monotonic_us();
		link_reason(link, ERR_OK, "");
	}
	/* A wait for a login that was refused is news even when the state is the same. */
	if (phase == PHASE_LOGIN && link->control == 0)
		link->told = LINK_ENDED;
	link_tell(link);
}

static int64_t
link_backoff_us(const struct link *link)
{
	int64_t ms = link->options.backoff_ms;
	uint16_t dice;

	for (int i = 1; i < link->attempt && ms < link->options.backoff_max_ms; i++)
		ms *= 2;
	if (ms > link->options.backoff_max_ms)
		ms = link->options.backoff_max_ms;
	random_bytes(&dice, sizeof(dice));
	/* Three quarters to five quarters: a thousand clients must not come back as one. */
	return ms * 750 + ms * 500 * dice / 65536;
}

static void
link_unhook(struct link *link)
{
	int64_t now_us = date_monotonic_us();

	carrier_close(&link->carrier);
	link->control = link->ping = link->catalog_number = link->lock_number = 0;
	link->control_us = 0;
	link->misses = 0;
	link->moving = false;
	if (link->broken_us == 0)
		link->broken_us = now_us;
	queue_broken(link);
}

void
link_break(struct link *link, enum err error, const char *text, bool at_once)
{
	if (link->phase == PHASE_BROKEN || link->phase == PHASE_ENDED)
		return;
	link_reason(link, error, text);
	bool first = !link->was_ready && link->server_at + 1 == link->server_count;
	if (link->options.give_up && first) {
		link_end(link, error, text);
		return;
	}
	link->phase = PHASE_BROKEN;
	link_unhook(link);
	link->server_at = (link->server_at + 1) % link->server_count;
	link->attempt++;
	/* The next server of the list is tried without waiting, a round later after a pause. */
	bool round = link->server_at == 0 && !at_once;
	link->retry_us = date_monotonic_us() + (round ? link_backoff_us(link) : 0);
	link_tell(link);
}

void
link_end(struct link *link, enum err error, const char *text)
{
	if (text != link->text)
		link_reason(link, error, text);
	link->phase = PHASE_ENDED;
	link_unhook(link);
	link_tell(link);
}

void
link_retry(struct link *link)
{
	if (link->context == NULL ||
	    (link->phase != PHASE_BROKEN && link->phase != PHASE_ENDED))
		return;
	link_connect(link);
}

void
link_set_lang(struct link *link, enum lang lang)
{
	if (link->options.lang == lang)
		return;
	link->options.lang = lang;
	link_cache_clear(link->cache);
	if (link->phase == PHASE_BROKEN || link->phase == PHASE_ENDED)
		return;
	link_unhook(link);
	link_connect(link);
}

void
link_logout(struct link *link)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Logout logout = KEHU__LOGOUT__INIT;

	if (link->phase == PHASE_READY) {
		frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LOGOUT;
		frame.logout = &logout;
		link_put(link, &frame);
		if (carrier_send(&link->carrier) != ERR_OK)
			log_debug("logout not sent", "why=%s", link->carrier.why);
	}
	session_forget(link);
	link->was_ready = false;
	link_end(link, ERR_OK, "");
	queue_fail_all(link, ERR_SESSION_ENDED);
}

void
link_put(struct link *link, const Kehu__ClientFrame *frame)
{
	Kehu__ClientFrame numbered = *frame;
	struct buf packed = BUF_INIT;

	if (!numbered.has_number) {
		numbered.has_number = true;
		numbered.number = link_next_number(link);
	}
	/* Ours are small; one that is not is refused by link_send() long before. */
	if (frame_pack_client(&packed, &numbered) == ERR_OK) {
		carrier_put(&link->carrier, packed.data, packed.bytes);
		trace_sent(link->trace, numbered.number, (int)numbered.request_case, packed.bytes, false);
	}
	buf_fini(&packed);
}

/* ---- what is known ---- */

static int
link_ms(int64_t us)
{
	int64_t ms = us / 1000;

	return ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

struct link_status
link_status(const struct link *link)
{
	int64_t now_us = date_monotonic_us();
	struct link_status status = {
		.state = link_state(link),
		.needs_login = link->phase == PHASE_LOGIN && link->control == 0,
		.error = link->error,
		.text = link->text == NULL ? "" : link->text,
		.needs_factor = link->phase == PHASE_LOGIN && link->control == 0 && link->has_ticket,
		.factor_enrol = link->factor_enrol,
		.locked = link->locked,
		.rtt_ms = link->rtt_ms,
		.broken_ms = link->broken_us == 0 ? 0 : link_ms(now_us - link->broken_us),
		.attempt = link->attempt,
	};

	if (link->phase == PHASE_BROKEN)
		status.retry_in_ms = link_ms(link->retry_us - now_us);
	status.waiting = queue_waiting(link, &status.unsynced);
	return status;
}

const struct link_user *
link_user(const struct link *link)
{
	return &link->user;
}

enum lang
link_lang(const struct link *link)
{
	return link->options.lang;
}

const struct cat *
link_catalog(const struct link *link)
{
	return link->catalog;
}

struct journal *
link_journal(const struct link *link)
{
	return link->journal;
}

int64_t
link_certificate_us(const struct link *link)
{
	return link->carrier.ssl != NULL ? tls_peer_until_us(link->carrier.ssl) : 0;
}

int64_t
link_now_us(const struct link *link)
{
	return date_now_us() + link->clock_us;
}

int64_t
link_today(const struct link *link)
{
	return date_of_us(link_now_us(link), link->options.offset_min);
}

/* ---- the poll loop ---- */

static bool
link_connected(const struct link *link)
{
	return link->phase >= PHASE_CONNECT && link->phase <= PHASE_READY;
}

static void
link_moving(struct link *link, const Kehu__Moving *moving)
{
	(void)moving;
	link->moving = true;
	link->moving_us = date_monotonic_us();
}

static void
link_changed(struct link *link, const Kehu__Changed *changed)
{
	for (size_t i = 0; i < changed->n_records; i++)
		link_cache_stale(link->cache, changed->records[i]->entity);
}

static void
link_pushed(struct link *link, const Kehu__ServerFrame *frame)
{
	switch (frame->answer_case) {
	case KEHU__SERVER_FRAME__ANSWER_CHANGED:
		link_changed(link, frame->changed);
		break;
	case KEHU__SERVER_FRAME__ANSWER_MOVING:
		link_moving(link, frame->moving);
		break;
	case KEHU__SERVER_FRAME__ANSWER_CATALOG_CHANGED:
		session_want_catalog(link);
		return;
	case KEHU__SERVER_FRAME__ANSWER_ERROR:
		if (link_error(frame) == ERR_SESSION_ENDED ||
		    link_error(frame) == ERR_LOGIN_NEEDED)
			session_ended(link);
		else
			link->server_said = true,
			link_reason(link, link_error(frame), frame->error->text);
		return;
	case KEHU__SERVER_FRAME__ANSWER_NOTICE:
		break;
	default:
		return; /* of a later protocol */
	}
	if (link->options.events.push != NULL)
		link->options.events.push(link->options.events.context, frame);
}

/* Takes one frame; false when there was none. */
static bool
link_take(struct link *link)
{
	struct arena *arena = arena_new(0);
	Kehu__ServerFrame *frame;
	size_t before = link->carrier.in_at;
	enum err err = carrier_take(&link->carrier, arena, &frame);

	if (frame != NULL) {
		link->misses = 0;
		trace_taken(link->trace, frame, link->carrier.in_at - before);
		if (frame->number == 0)
			link_pushed(link, frame);
		else if (!session_answer(link, frame))
			queue_answer(link, frame);
	}
	arena_free(arena);
	if (err != ERR_OK)
		link_break(link, err, NULL, false);
	return frame != NULL;
}

static void
link_lost(struct link *link, enum err err)
{
	struct arena *arena = arena_new(0);
	const char *format =
	    err == ERR_CERTIFICATE
		? "%s:%s: %s"
		: link_say(link, "%s:%s cannot be reached: %s", "无法连接 %s:%s：%s");
	const char *text = arena_printf(
	    arena, format, link->carrier.host, link->carrier.port, link->carrier.why);

	/* A reason the server itself gave before it closed says more than "closed". */
	if (err == ERR_NO_SERVER && link->server_said)
		text = link->text, err = link->error;
	text = arena_strdup(arena, text);
	if (err == ERR_CERTIFICATE && !link->was_ready)
		link_end(link, err, text);
	else
		link_break(link, err, text, false);
	arena_free(arena);
}

static void
link_read(struct link *link)
{
	bool connecting = link->phase == PHASE_CONNECT;

	for (int round = 0; round < LINK_TAKE_ROUNDS && link_connected(link); round++) {
		enum err err = carrier_step(&link->carrier);
		bool took = false;

		if (err == ERR_OK && connecting && link->carrier.state == CARRIER_OPEN) {
			connecting = false;
			session_greet(link);
			continue;
		}
		while (link_connected(link) && link_take(link))
			took = true;
		if (err != ERR_OK && link_connected(link) &&
		    link->carrier.state == CARRIER_CLOSED)
			link_lost(link, err);
		if (!took)
			return;
	}
}

/* After Moving: once nothing is in flight any more, go to another process or wait for it. */
static void
link_move(struct link *link)
{
	if (link->phase == PHASE_READY && link->moving && queue_idle(link))
		link_break(link, ERR_NO_SERVER,
		    link_say(link, "The server is restarting", "服务器正在重启"), false);
}

void
link_poll(struct link *link)
{
	int64_t now_us = date_monotonic_us();

	if (link->phase == PHASE_BROKEN && now_us >= link->retry_us)
		link_connect(link);
	if (link_connected(link))
		link_read(link);
	now_us = date_monotonic_us();
	queue_expire(link, now_us);
	session_tick(link, now_us);
	queue_flush(link, now_us);
	link_move(link);
	if (link_connected(link)) {
		enum err err = carrier_send(&link->carrier);

		/* What came before the cut is taken first: link_timeout_ms() is 0 until then.
		 */
		if (err != ERR_OK && carrier_due_us(&link->carrier) != 0)
			link_lost(link, err);
	}
	link_tell(link);
}

size_t
link_fds(const struct link *link, struct pollfd *fds)
{
	return link_connected(link) ? carrier_fds(&link->carrier, fds) : 0;
}

int
link_timeout_ms(const struct link *link)
{
	int64_t now_us = date_monotonic_us(), due_us = queue_due_us(link), other_us;

	if (link->phase == PHASE_BROKEN && link->retry_us < due_us)
		due_us = link->retry_us;
	if (link_connected(link)) {
		other_us = carrier_due_us(&link->carrier);
		due_us = other_us < due_us ? other_us : due_us;
		other_us = session_due_us(link);
		due_us = other_us < due_us ? other_us : due_us;
		if (link->carrier.state == CARRIER_CLOSED)
			due_us = now_us;
	}
	if (due_us == INT64_MAX)
		return -1;
	/* Up, so that what is due has come when poll() returns. */
	return due_us <= now_us ? 0 : link_ms(due_us - now_us + 999);
}
