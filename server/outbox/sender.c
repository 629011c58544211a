/*
 * The sending threads, one for mail and one for text messages: claim what is due, hand it over, say
 * how it ended. Each has its own connection, so that a mail server that hangs delays mails only.
 */
#include "server/outbox/outbox.h"
#include "server/outbox/send.h"

#include "common/date.h"
#include "common/log.h"
#include "common/mem.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SENDER_BATCH   10
#define SENDER_LOOK_MS 500

struct sender {
	struct outbox *outbox;
	const char *channel;
	enum send_result (*send)(const struct server_settings *settings,
	    const struct outgoing *message, struct send_try *try);
	pthread_t thread;
	bool running;
	struct store *store;
	struct arena *arena;
	char name[120]; /* of this run, in the rows it works on */
	int64_t id;     /* the row under way */
};

struct outbox {
	struct server *server;
	struct sender senders[2];
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
};

static bool
sender_stopping(void *sender_)
{
	struct sender *sender = sender_;
	bool stop;

	pthread_mutex_lock(&sender->outbox->lock);
	stop = sender->outbox->stop;
	pthread_mutex_unlock(&sender->outbox->lock);
	return stop;
}

/* The context of a server's own work: user and session 0, nothing open. */
static void
sender_begin(struct sender *sender)
{
	struct sql *sql = sql_new(sender->arena);

	store_begin(sender->store);
	sql_add(sql, "SELECT set_config('kehu.user', '0', true), set_config('kehu.session', '0', true), "
		     "set_config('kehu.change', '', true)");
	store_queue(sender->store, sql, NULL);
}

static bool
sender_commit(struct sender *sender, const struct sql *sql, struct rows **rows)
{
	store_queue(sender->store, sql, rows);
	if (store_commit(sender->store, sender->arena) == ERR_OK)
		return true;
	log_warn("outbox", "channel=%s state=%s text=%s", sender->channel,
	    store_state(sender->store), log_value(sender->arena, store_message(sender->store)));
	store_rollback(sender->store);
	return false;
}

/* Long enough for a whole batch, each of which takes its time. */
static int
sender_lease_s(const struct sender *sender)
{
	return (int)sender->outbox->server->settings.mail_timeout * SENDER_BATCH + 60;
}

static bool
sender_claim(struct sender *sender, struct rows **rows)
{
	struct sql *sql = sql_new(sender->arena);

	sender_begin(sender);
	sql_add(sql, "SELECT * FROM kehu_outbox_claim(");
	sql_text(sql, sender->channel);
	sql_add(sql, ", ");
	sql_text(sql, sender->name);
	sql_addf(sql, ", %d, %d)", SENDER_BATCH, sender_lease_s(sender));
	return sender_commit(sender, sql, rows);
}

static bool
sender_handing(void *sender_)
{
	struct sender *sender = sender_;
	struct sql *sql = sql_new(sender->arena);
	struct rows *rows;

	sender_begin(sender);
	sql_add(sql, "SELECT kehu_outbox_handed(");
	sql_int(sql, sender->id);
	sql_add(sql, ", ");
	sql_text(sql, sender->name);
	sql_add(sql, ")");
	return sender_commit(sender, sql, &rows) && rows_bool(rows, 0, 0);
}

static bool
sender_take_files(struct sender *sender, struct outgoing *message)
{
	struct sql *sql = sql_new(sender->arena);
	struct outgoing_file *files;
	struct rows *rows;

	sender_begin(sender);
	sql_add(sql, "SELECT name, type, data FROM kehu_outbox_files(");
	sql_int(sql, sender->id);
	sql_add(sql, ")");
	if (!sender_commit(sender, sql, &rows))
		return false;
	files = ARENA_ARRAY(sender->arena, struct outgoing_file, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++) {
		files[i].name = rows_text(rows, i, 0);
		files[i].type = rows_text(rows, i, 1);
		files[i].data = rows_bytea(sender->arena, rows, i, 2, &files[i].bytes);
	}
	message->files = files;
	message->file_count = rows->count;
	return true;
}

static void
sender_done(struct sender *sender, enum send_result result, const char *answer)
{
	static const char *const results[] = { "sent", "retry", "failed", "unknown" };
	const struct server_settings *settings = &sender->outbox->server->settings;
	struct sql *sql = sql_new(sender->arena);

	log_write(result == SEND_SENT ? LOG_INFO : LOG_WARN, "outbox", "channel=%s id=%" PRId64 " outcome=%s",
	    sender->channel, sender->id, results[result]);
	sender_begin(sender);
	sql_add(sql, "SELECT kehu_outbox_done(");
	sql_int(sql, sender->id);
	sql_add(sql, ", ");
	sql_text(sql, sender->name);
	sql_add(sql, ", ");
	sql_text(sql, results[result]);
	sql_add(sql, ", ");
	sql_text(sql, answer);
	sql_addf(sql, ", %" PRId64 ", %" PRId64 ")", settings->mail_tries, settings->mail_retry);
	/* Not stored: the lease runs out, and what was handed over counts as unknown. */
	sender_commit(sender, sql, NULL);
}

static void
sender_one(struct sender *sender, const struct rows *rows, size_t row)
{
	struct outgoing message = { .address = rows_text(rows, row, 1),
		.subject = rows_text(rows, row, 2),
		.body = rows_text(rows, row, 3),
		.message_id = rows_text(rows, row, 4),
		.reply_to = rows_text(rows, row, 6),
		.sender = rows_text(rows, row, 7) };
	struct send_try try = { .arena = sender->arena, .handing = sender_handing,
		.stopping = sender_stopping, .context = sender, .answer = "" };
	enum send_result result;

	sender->id = rows_int(rows, row, 0);
	if (!sender_take_files(sender, &message))
		return;
	result = sender->send(&sender->outbox->server->settings, &message, &try);
	sender_done(sender, result, try.answer);
}

/* What is claimed and was not begun is due again at once, for another server or the next start. */
static void
sender_release(struct sender *sender)
{
	struct sql *sql = sql_new(sender->arena);

	sender_begin(sender);
	sql_add(sql, "SELECT kehu_outbox_release(");
	sql_text(sql, sender->name);
	sql_add(sql, ")");
	sender_commit(sender, sql, NULL);
}

static void *
sender_run(void *sender_)
{
	struct sender *sender = sender_;
	struct timespec until;

	while (!sender_stopping(sender)) {
		struct rows *rows = NULL;
		size_t count;

		arena_reset(sender->arena);
		count = sender_claim(sender, &rows) ? rows->count : 0;
		for (size_t i = 0; i < count && !sender_stopping(sender); i++)
			sender_one(sender, rows, i);
		if (count > 0)
			continue;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += SENDER_LOOK_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_mutex_lock(&sender->outbox->lock);
		if (!sender->outbox->stop)
			pthread_cond_timedwait(&sender->outbox->wake, &sender->outbox->lock, &until);
		pthread_mutex_unlock(&sender->outbox->lock);
	}
	sender_release(sender);
	return NULL;
}

static void
sender_start(struct sender *sender)
{
	const struct server_settings *settings = &sender->outbox->server->settings;
	char host[64] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		snprintf(host, sizeof(host), "?");
	sender->arena = arena_new(0);
	snprintf(sender->name, sizeof(sender->name), "%s %d %s", host, (int)getpid(),
	    uuid_format(sender->arena, uuid_new()));
	sender->store = store_new(&(struct store_options){
	    .conninfo = settings->database_connection,
	    .role = settings->database_role,
	    .statement_timeout_ms = (int)settings->database_statement_timeout,
	    .lock_timeout_ms = (int)settings->database_lock_timeout,
	    .application = "kehud outbox",
	    .need_primary = true,
	});
	sender->running = pthread_create(&sender->thread, NULL, sender_run, sender) == 0;
	if (!sender->running)
		log_error("outbox not started", "channel=%s", sender->channel);
}

const char *
send_secret(struct arena *arena, const char *path)
{
	char text[512] = "";
	FILE *file = path != NULL ? fopen(path, "re") : NULL;

	if (file == NULL)
		return NULL;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\r\n")] = '\0';
	return arena_strdup(arena, text);
}

struct outbox *
outbox_start(struct server *server)
{
	struct outbox *outbox = mem_zalloc(1, sizeof(*outbox));

	curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_alloc, free, mem_resize, mem_strdup, mem_zalloc);
	outbox->server = server;
	pthread_mutex_init(&outbox->lock, NULL);
	pthread_cond_init(&outbox->wake, NULL);
	outbox->senders[0] = (struct sender){ .outbox = outbox, .channel = "mail", .send = mail_send };
	outbox->senders[1] = (struct sender){ .outbox = outbox, .channel = "sms", .send = sms_send };
	if (server->settings.mail_server != NULL)
		sender_start(&outbox->senders[0]);
	if (server->settings.sms_url != NULL)
		sender_start(&outbox->senders[1]);
	return outbox;
}

void
outbox_stop(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	pthread_mutex_lock(&outbox->lock);
	outbox->stop = true;
	pthread_cond_broadcast(&outbox->wake);
	pthread_mutex_unlock(&outbox->lock);
	for (size_t i = 0; i < 2; i++) {
		struct sender *sender = &outbox->senders[i];

		if (sender->running)
			pthread_join(sender->thread, NULL);
		if (sender->store != NULL)
			store_free(sender->store);
		if (sender->arena != NULL)
			arena_free(sender->arena);
	}
	pthread_mutex_destroy(&outbox->lock);
	pthread_cond_destroy(&outbox->wake);
	curl_global_cleanup();
	free(outbox);
}
