/*
 * Greeting, signing in, resuming, the catalogue, and the pings that measure and keep the link.
 * One control request is under way at a time; its number is link->control.
 */
#include "client/link/link_private.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static void
session_send(struct link *link, Kehu__ClientFrame *frame)
{
	frame->has_number = true;
	frame->number = link->control = link_next_number(link);
	link->sent_us = date_monotonic_us();
	link->control_us = 0;
	link_put(link, frame);
}

static void
session_wipe(char **text)
{
	if (*text != NULL)
		OPENSSL_cleanse(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static void
session_forget_token(struct link *link)
{
	if (link->token != NULL)
		OPENSSL_cleanse(link->token, link->token_bytes);
	free(link->token);
	link->token = NULL;
	link->token_bytes = 0;
}

void
session_forget(struct link *link)
{
	session_wipe(&link->password);
	session_wipe(&link->new_password);
	session_forget_token(link);
	sign_forget(link);
	link->locked = false;
	link->login_given = false;
}

/* ---- hello ---- */

void
session_greet(struct link *link)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Hello hello = KEHU__HELLO__INIT;
	char program[64], zh[] = "zh", en[] = "en";

	snprintf(program, sizeof(program), "%s", link->options.program);
	hello.has_version_min = hello.has_version_max = true;
	hello.version_min = PROTOCOL_VERSION_MIN;
	hello.version_max = PROTOCOL_VERSION_MAX;
	hello.client = program;
	hello.language = link->options.lang == LANG_ZH ? zh : en;
	hello.has_zstd = hello.zstd = true;
	hello.has_offset_min = true;
	hello.offset_min = link->options.offset_min;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HELLO;
	frame.hello = &hello;
	link->next_ping_us = date_monotonic_us() + (int64_t)link->options.ping_ms * 1000;
	link_enter(link, PHASE_HELLO);
	session_send(link, &frame);
}

static void
session_measure(struct link *link, int64_t sent_us)
{
	int64_t ms = (date_monotonic_us() - sent_us) / 1000;

	/* Half the old, half the new: two good answers end "slow". */
	link->rtt_ms = (int)(link->rtt_ms < 0 ? ms : (link->rtt_ms + ms) / 2);
}

/* ---- login and resume ---- */

static void
session_login(struct link *link)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Login login = KEHU__LOGIN__INIT;

	login.user = link->user_name;
	login.password = link->password;
	login.new_password = link->new_password;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LOGIN;
	frame.login = &login;
	session_send(link, &frame);
	link_enter(link, PHASE_LOGIN);
}

static void
session_resume(struct link *link)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Resume resume = KEHU__RESUME__INIT;

	resume.has_token = true;
	resume.token = (ProtobufCBinaryData){ .data = link->token, .len = link->token_bytes };
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RESUME;
	frame.resume = &resume;
	session_send(link, &frame);
	link_enter(link, PHASE_RESUME);
}

/* Greeted: resume, sign in, or wait to be told as whom. */
static void
session_begin(struct link *link)
{
	if (link->token != NULL) {
		session_resume(link);
	} else if (link->login_given) {
		session_login(link);
	} else {
		link->control = 0;
		link_enter(link, PHASE_LOGIN);
	}
}

static void
session_keep_token(struct link *link, const uint8_t *token, size_t bytes)
{
	session_forget_token(link);
	link->token = mem_alloc(bytes + 1);
	memcpy(link->token, token, bytes);
	link->token_bytes = bytes;
}

void
link_resume(struct link *link, const uint8_t *token, size_t bytes)
{
	session_keep_token(link, token, bytes);
	if (link->phase == PHASE_LOGIN && link->control == 0)
		session_resume(link);
}

void
link_login(struct link *link, const char *user, const char *password, const char *new_password)
{
	free(link->user_name);
	session_wipe(&link->password);
	session_wipe(&link->new_password);
	link->user_name = mem_strdup(user);
	link->password = mem_strdup(password);
	link->new_password = new_password == NULL ? NULL : mem_strdup(new_password);
	link->login_given = true;
	link->control_tries = 0;
	sign_forget(link);
	if (link->phase == PHASE_LOGIN && link->control == 0)
		session_login(link);
}

void
session_ended(struct link *link)
{
	bool young = date_monotonic_us() - link->ready_us < US_PER_SECOND;

	session_forget_token(link);
	link->locked = false;
	link->login_given = link->password != NULL;
	link_break(link, ERR_SESSION_ENDED, NULL, !young);
}

static void
session_login_refused(struct link *link, enum err err, const char *text)
{
	link_reason(link, err, text);
	link->login_given = false;
	link->control = 0;
	link->control_us = 0;
	session_wipe(&link->new_password);
	session_wipe(&link->password);
	link_enter(link, PHASE_LOGIN);
}

/* ---- catalogue ---- */

static bool
session_same_hash(const struct cat *cat, const ProtobufCBinaryData *hash)
{
	size_t bytes;
	const uint8_t *have = cat_hash(cat, &bytes);

	return bytes == hash->len && bytes > 0 && memcmp(have, hash->data, bytes) == 0;
}

static void
session_use_catalog(struct link *link, const struct cat *cat)
{
	bool news = cat != link->catalog;

	link->catalog = cat;
	link->catalog_lang = link->options.lang;
	if (news && link->options.events.catalog != NULL)
		link->options.events.catalog(link->options.events.context, cat);
}

/*
 * Catalogues are kept for whoever still points into them. Past the limit (a hundred changes in
 * one sitting) the oldest goes.
 */
static void
session_add_catalog(struct link *link, struct cat *cat)
{
	if (link->catalog_count == LINK_CATALOGS_MAX) {
		cat_free(link->catalogs[0]);
		memmove(&link->catalogs[0], &link->catalogs[1],
		    (LINK_CATALOGS_MAX - 1) * sizeof(link->catalogs[0]));
		link->catalog_count--;
	}
	link->catalogs[link->catalog_count++] = cat;
}

/* The user's catalogue on disk; hash NULL: whichever is there. */
static const struct cat *
session_load_catalog(struct link *link, const ProtobufCBinaryData *hash)
{
	if (link->options.cache_dir == NULL)
		return NULL;
	struct cat *cat = cat_load(link->options.cache_dir, link->options.server,
	    link->user.name, link->options.lang, hash->data, hash->len);
	if (cat != NULL)
		session_add_catalog(link, cat);
	return cat;
}

/*
 * The catalogue to begin with, from memory or disk: the one of the hash the server named, else
 * of the same version, which is then checked while working (*check). NULL: it must be asked for
 * first.
 */
static const struct cat *
session_find_catalog(struct link *link, const Kehu__LoginAnswer *answer, bool *check)
{
	const struct cat *cat = NULL;

	*check = answer->catalog_hash.len == 0;
	for (size_t i = 0; i < link->catalog_count && !*check; i++)
		if (session_same_hash(link->catalogs[i], &answer->catalog_hash))
			return link->catalogs[i];
	if (*check && link->catalog != NULL && link->catalog_lang == link->options.lang)
		cat = link->catalog;
	if (cat == NULL)
		cat = session_load_catalog(link, &answer->catalog_hash);
	if (*check && cat != NULL && cat_version(cat) != answer->catalog_version)
		return NULL;
	return cat;
}

static uint32_t
session_ask_catalog(struct link *link)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Catalog catalog = KEHU__CATALOG__INIT;
	size_t bytes = 0;

	if (link->catalog != NULL) {
		catalog.has_have = true;
		/* The message is only packed; protobuf-c has no const. */
		catalog.have.data = (uint8_t *)(uintptr_t)cat_hash(link->catalog, &bytes);
		catalog.have.len = bytes;
	}
	frame.has_number = true;
	frame.number = link_next_number(link);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_CATALOG;
	frame.catalog = &catalog;
	link_put(link, &frame);
	return frame.number;
}

static bool
session_take_catalog(struct link *link, const Kehu__ServerFrame *frame)
{
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_CATALOG)
		return false;
	if (link->catalog != NULL && session_same_hash(link->catalog, &frame->catalog->hash))
		return true;
	struct cat *cat = cat_new(frame->catalog);
	session_add_catalog(link, cat);
	if (link->options.cache_dir != NULL)
		cat_store(cat, link->options.cache_dir, link->options.server, link->user.name,
		    link->options.lang);
	session_use_catalog(link, cat);
	return true;
}

void
session_want_catalog(struct link *link)
{
	link->catalog_wanted = true;
}

/* ---- signed in ---- */

static void
session_ready(struct link *link)
{
	link->control = 0;
	link->control_tries = 0;
	link->subscription_due = link->subscription.bytes > 0;
	link_enter(link, PHASE_READY);
	outbox_replay(link);
}

/* What another user left unanswered is not sent in this one's name; the journal has it. */
static void
session_other_user(struct link *link)
{
	queue_fail_all(link, ERR_SESSION_ENDED);
	link_cache_clear(link->cache);
	buf_clear(&link->subscription);
	link->catalog = NULL;
	journal_close(link->journal);
	link->journal = NULL;
}

static void
session_keep_user(struct link *link, const Kehu__LoginAnswer *answer)
{
	if (link->user.id != 0 && answer->has_user && answer->user != link->user.id)
		session_other_user(link);
	arena_reset(link->user_arena);
	char **roles = ARENA_ARRAY(link->user_arena, char *, answer->n_roles + 1);
	for (size_t i = 0; i < answer->n_roles; i++)
		roles[i] = arena_strdup(link->user_arena, answer->roles[i]);
	const char *name = answer->name != NULL ? answer->name : link->user_name;
	link->user = (struct link_user){
		.id = answer->user,
		.name = arena_strdup(link->user_arena, name),
		.label = arena_strdup(
		    link->user_arena, answer->label != NULL ? answer->label : name),
		.branch = arena_strdup(
		    link->user_arena, answer->branch != NULL ? answer->branch : ""),
		.roles = (const char *const *)roles,
		.role_count = answer->n_roles,
		.lock_s = (int)answer->lock_s,
		.notice = arena_strdup(
		    link->user_arena, answer->notice != NULL ? answer->notice : ""),
		.viewer = arena_strdup(
		    link->user_arena, answer->viewer != NULL ? answer->viewer : ""),
		.until_us = answer->until_us,
	};
}

static void
session_signed_in(struct link *link, const Kehu__LoginAnswer *answer)
{
	session_keep_user(link, answer);
	if (answer->has_token)
		session_keep_token(link, answer->token.data, answer->token.len);
	session_wipe(&link->new_password);
	if (!link->options.keep_password)
		session_wipe(&link->password);
	if (answer->has_store_key && answer->store_key.len > 0)
		outbox_open(link, answer->store_key.data, answer->store_key.len);
	sign_forget(link);
	if (answer->locked && link->catalog != NULL) {
		link->catalog_wanted = true;
		session_ready(link);
		sign_found_locked(link);
		return;
	}
	bool check;
	const struct cat *cat = session_find_catalog(link, answer, &check);
	if (cat != NULL) {
		session_use_catalog(link, cat);
		link->catalog_wanted = check;
		session_ready(link);
		return;
	}
	link->control = session_ask_catalog(link);
	link_enter(link, PHASE_CATALOG);
}

/* ---- answers ---- */

/* Busy, database gone, settings reloading: the same request again in a moment. */
static bool
session_again(struct link *link, enum err err)
{
	if (!err_retry_safe(err) || ++link->control_tries > LINK_BUSY_TRIES)
		return false;
	link->control_us = date_monotonic_us() + ((int64_t)100000 << link->control_tries);
	return true;
}

static void
session_control_error(struct link *link, const Kehu__Error *error)
{
	enum err err = err_known((int)error->code) ? (enum err)error->code : ERR_INTERNAL;

	/* A code is not sent twice by itself: it would have been used. */
	if (!link->has_ticket && session_again(link, err))
		return;
	link->control_tries = 0;
	switch (link->phase) {
	case PHASE_HELLO:
		if (err == ERR_VERSION || (err >= ERR_CERT_NEEDED && err <= ERR_CERT_UNKNOWN))
			link_end(link, err, error->text);
		else
			link_break(link, err, error->text, false);
		return;
	case PHASE_RESUME:
		session_forget_token(link);
		link->locked = false;
		link->login_given = link->password != NULL;
		if (link->login_given)
			session_login(link);
		else
			session_login_refused(link, ERR_SESSION_ENDED, NULL);
		return;
	case PHASE_LOGIN:
		sign_refused(link, err, error);
		session_login_refused(link, err, error->text);
		return;
	default:
		link_break(link, err, error->text, false);
	}
}

static void
session_greeted(struct link *link, const Kehu__HelloAnswer *answer)
{
	int64_t now_us = date_monotonic_us();

	session_measure(link, link->sent_us);
	if (answer->has_time_us)
		link->clock_us = answer->time_us + (now_us - link->sent_us) / 2 - date_now_us();
	session_begin(link);
}

/* The second stage went well: in, or one step further in setting it up. */
static bool
session_factor(struct link *link, const Kehu__ServerFrame *frame)
{
	sign_keep_answer(link, frame);
	if (frame->factor->login != NULL) {
		session_signed_in(link, frame->factor->login);
		return true;
	}
	link_reason(link, ERR_FACTOR_ENROLL, NULL);
	link->control = 0;
	link_enter(link, PHASE_LOGIN);
	return true;
}

static void
session_control(struct link *link, const Kehu__ServerFrame *frame)
{
	bool right = false;

	if (frame->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR) {
		session_control_error(link, frame->error);
		return;
	}
	switch (link->phase) {
	case PHASE_HELLO:
		right = frame->answer_case == KEHU__SERVER_FRAME__ANSWER_HELLO;
		if (right)
			session_greeted(link, frame->hello);
		break;
	case PHASE_LOGIN:
	case PHASE_RESUME:
		right = frame->answer_case == KEHU__SERVER_FRAME__ANSWER_LOGIN;
		if (right)
			session_signed_in(link, frame->login);
		else if (frame->answer_case == KEHU__SERVER_FRAME__ANSWER_FACTOR)
			right = session_factor(link, frame);
		break;
	case PHASE_CATALOG:
		right = session_take_catalog(link, frame);
		if (right)
			session_ready(link);
		break;
	default:
		break;
	}
	if (!right)
		link_break(link, ERR_BAD_FRAME, NULL, false);
}

static void
session_new_catalog(struct link *link, const Kehu__ServerFrame *frame)
{
	link->catalog_number = 0;
	if (session_take_catalog(link, frame))
		queue_catalog(link, ERR_OK, NULL);
	else
		queue_catalog(link,
		    link_error(frame) != ERR_OK ? link_error(frame) : ERR_BAD_FRAME,
		    frame->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR ? frame->error->text
									   : NULL);
}

bool
session_answer(struct link *link, const Kehu__ServerFrame *frame)
{
	if (frame->number == link->control && link->control != 0) {
		session_control(link, frame);
	} else if (frame->number == link->ping) {
		link->ping = 0;
		session_measure(link, link->ping_us);
	} else if (frame->number == link->catalog_number) {
		session_new_catalog(link, frame);
	} else {
		return sign_answer(link, frame);
	}
	return true;
}

/* ---- time ---- */

static void
session_repeat_control(struct link *link)
{
	switch (link->phase) {
	case PHASE_HELLO:
		session_greet(link);
		break;
	case PHASE_LOGIN:
		session_login(link);
		break;
	case PHASE_RESUME:
		session_resume(link);
		break;
	case PHASE_CATALOG:
		link->control_us = 0;
		link->control = session_ask_catalog(link);
		break;
	default:
		link->control_us = 0;
	}
}

static void
session_ping(struct link *link, int64_t now_us)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Ping ping = KEHU__PING__INIT;

	link->next_ping_us = now_us + (int64_t)link->options.ping_ms * 1000;
	if (link->ping != 0 && ++link->misses >= LINK_MISSES) {
		link_break(link, ERR_NO_SERVER,
		    link_say(link, "The server has stopped answering", "服务器没有回应"),
		    false);
		return;
	}
	/* The first unanswered one stays the one measured. */
	if (link->ping != 0)
		return;
	frame.has_number = true;
	frame.number = link->ping = link_next_number(link);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_PING;
	frame.ping = &ping;
	link->ping_us = now_us;
	link_put(link, &frame);
}

void
session_tick(struct link *link, int64_t now_us)
{
	if (link->phase < PHASE_HELLO || link->phase > PHASE_READY)
		return;
	if (link->control_us != 0 && now_us >= link->control_us)
		session_repeat_control(link);
	if (link->phase == PHASE_READY && !link->locked && link->catalog_wanted &&
	    link->catalog_number == 0) {
		link->catalog_wanted = false;
		link->catalog_number = session_ask_catalog(link);
	}
	if (now_us >= link->next_ping_us)
		session_ping(link, now_us);
}

int64_t
session_due_us(const struct link *link)
{
	int64_t due_us = INT64_MAX;

	if (link->phase < PHASE_HELLO || link->phase > PHASE_READY)
		return due_us;
	due_us = link->next_ping_us;
	if (link->control_us != 0 && link->control_us < due_us)
		due_us = link->control_us;
	if (link->phase == PHASE_READY && !link->locked && link->catalog_wanted &&
	    link->catalog_number == 0)
		due_us = 0;
	/* The moment an unanswered ping makes the link "slow". */
	if (link->ping != 0 && link->ping_us + (int64_t)LINK_SLOW_MS * 1000 < due_us &&
	    link->told == LINK_READY)
		due_us = link->ping_us + (int64_t)LINK_SLOW_MS * 1000;
	return due_us;
}
