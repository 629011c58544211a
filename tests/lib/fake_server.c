/* The fake server: one thread, blocking TLS, a hand-made catalogue. */
#include "tests/lib/fake_server.h"

#include "common/date.h"
#include "common/log.h"
#include "common/tls.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fake_server {
	struct fake_options options;
	struct arena *arena;
	SSL_CTX *tls;
	SSL *ssl;
	int listener, port, fd, wake[2];
	char address[32], ca[256];
	pthread_t thread;
	pthread_mutex_t lock; /* held while .answer runs */
	atomic_bool stop, paused, forget, cut;
	atomic_int cut_after, cut_answered;
	atomic_int connections, hellos, logins, resumes, catalogs, frames, cancels, subscribes,
	    pings;
};

/* ---- catalogue ---- */

static Kehu__Field *
fake_field(uint32_t number, const char *name, const char *label, uint32_t type, uint32_t flags,
    const char *refers, uint32_t references)
{
	Kehu__Field *field = calloc(1, sizeof(*field));

	kehu__field__init(field);
	field->has_number = field->has_type = field->has_flags = true;
	field->number = number;
	field->name = strdup(name);
	field->label = strdup(label);
	field->type = type;
	field->flags = flags;
	field->dictionary = refers == NULL ? NULL : strdup(refers);
	field->has_references = references != 0;
	field->references = references;
	field->has_decimals = type == 8;
	field->decimals = 3;
	return field;
}

static Kehu__Entity *
fake_entity(uint32_t number, const char *name, const char *label, const char *alias,
    uint32_t kind, uint32_t parent, size_t fields)
{
	Kehu__Entity *entity = calloc(1, sizeof(*entity));

	kehu__entity__init(entity);
	entity->has_number = entity->has_kind = entity->has_parent = entity->has_label_field =
	    true;
	entity->number = number;
	entity->name = strdup(name);
	entity->label = strdup(label);
	entity->alias = strdup(alias);
	entity->kind = kind;
	entity->parent = parent;
	entity->label_field = 2;
	entity->n_fields = fields;
	entity->fields = calloc(fields, sizeof(*entity->fields));
	return entity;
}

static Kehu__Dictionary *
fake_dictionary(const char *name, const char *const (*items)[3], size_t count)
{
	Kehu__Dictionary *dictionary = calloc(1, sizeof(*dictionary));

	kehu__dictionary__init(dictionary);
	dictionary->name = strdup(name);
	dictionary->label = strdup(name);
	dictionary->n_items = count;
	dictionary->items = calloc(count, sizeof(*dictionary->items));
	for (size_t i = 0; i < count; i++) {
		dictionary->items[i] = calloc(1, sizeof(**dictionary->items));
		kehu__dictionary_item__init(dictionary->items[i]);
		dictionary->items[i]->code = strdup(items[i][0]);
		dictionary->items[i]->label = strdup(items[i][1]);
		dictionary->items[i]->pinyin = strdup(items[i][2]);
	}
	return dictionary;
}

static void
fake_customer(Kehu__Entity *customer)
{
	customer->has_searched = customer->searched = true;
	customer->fields[0] = fake_field(1, "number", "编号", 1, 4 | 8 | 32, NULL, 0);
	customer->fields[1] = fake_field(2, "name", "名称", 1, 1 | 4 | 8 | 16 | 32, NULL, 0);
	customer->fields[2] = fake_field(9, "level", "级别", 9, 8 | 32, "customer_level", 0);
	customer->fields[3] = fake_field(18, "capital", "注册资本", 7, 8, NULL, 0);
	customer->fields[4] = fake_field(19, "founded_on", "成立日期", 5, 8, NULL, 0);
	customer->fields[5] = fake_field(25, "owner_id", "负责人", 10, 8 | 32, NULL, 3);
	customer->fields[5]->n_aliases = 2;
	customer->fields[5]->aliases = calloc(2, sizeof(char *));
	customer->fields[5]->aliases[0] = strdup("owner");
	customer->fields[5]->aliases[1] = strdup("负责");
	customer->fields[6] =
	    fake_field(31, "last_visit_at", "上次拜访", 6, 2 | 8 | 256, NULL, 0);
	customer->fields[7] = fake_field(30, "remarks", "备注", 2, 0, NULL, 0);
	customer->fields[8] = fake_field(40, "area", "面积", 8, 8, NULL, 0);
	customer->fields[9] = fake_field(41, "listed", "上市", 4, 8, NULL, 0);
	customer->fields[1]->has_max_chars = true;
	customer->fields[1]->max_chars = 20;
	customer->n_actions = 1;
	customer->actions = calloc(1, sizeof(*customer->actions));
	customer->actions[0] = calloc(1, sizeof(Kehu__Action));
	kehu__action__init(customer->actions[0]);
	customer->actions[0]->name = strdup("transfer");
	customer->actions[0]->label = strdup("转移");
	customer->actions[0]->n_arguments = 2;
	customer->actions[0]->arguments = calloc(2, sizeof(Kehu__Field *));
	customer->actions[0]->arguments[0] = fake_field(1, "owner", "新负责人", 10, 1, NULL, 3);
	customer->actions[0]->arguments[1] = fake_field(2, "reason", "原因", 1, 0, NULL, 0);
}

static Kehu__CatalogAnswer *
fake_catalog_make(void)
{
	static const char *const levels[][3] = { { "A", "重点", "zd" }, { "B", "一般", "yb" },
		{ "C", "潜在", "qz" } };
	Kehu__CatalogAnswer *answer = calloc(1, sizeof(*answer));
	static uint8_t hash[] = "hash of the fake catalogue";

	kehu__catalog_answer__init(answer);
	answer->has_hash = answer->has_version = true;
	answer->hash = (ProtobufCBinaryData){ .data = hash, .len = sizeof(hash) };
	answer->version = 7;
	answer->n_entities = 4;
	answer->entities = calloc(4, sizeof(*answer->entities));
	answer->entities[0] = fake_entity(10, "customer", "客户", "khl kh cust", 1, 0, 10);
	fake_customer(answer->entities[0]);
	answer->entities[1] = fake_entity(11, "customer_phone", "客户电话", "", 2, 10, 2);
	answer->entities[1]->fields[0] = fake_field(1, "kind", "类别", 1, 0, NULL, 0);
	answer->entities[1]->fields[1] = fake_field(2, "number", "号码", 11, 1, NULL, 0);
	answer->entities[2] = fake_entity(20, "visit", "拜访", "bf", 1, 0, 1);
	answer->entities[2]->fields[0] = fake_field(1, "purpose", "目的", 1, 1 | 32, NULL, 0);
	answer->entities[3] = fake_entity(3, "user", "用户", "yh", 3, 0, 2);
	answer->entities[3]->fields[0] = fake_field(1, "login", "登录名", 1, 32, NULL, 0);
	answer->entities[3]->fields[1] = fake_field(2, "name", "姓名", 1, 32, NULL, 0);
	answer->n_dictionaries = 1;
	answer->dictionaries = calloc(1, sizeof(*answer->dictionaries));
	answer->dictionaries[0] = fake_dictionary("customer_level", levels, COUNT(levels));
	return answer;
}

Kehu__CatalogAnswer *
fake_catalog(void)
{
	static Kehu__CatalogAnswer *answer;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	if (answer == NULL)
		answer = fake_catalog_make();
	pthread_mutex_unlock(&lock);
	return answer;
}

/* ---- bytes ---- */

/* SSL_write and SSL_read on a non-blocking socket, ended by stop, cut or pause. */
static bool
fake_wait(struct fake_server *fake, short events)
{
	struct pollfd fds[2] = { { .fd = fake->fd, .events = events },
		{ .fd = fake->wake[0], .events = POLLIN } };

	while (!fake->stop && !fake->paused) {
		int ready = poll(fds, 2, 1000);
		char byte;

		if (fds[1].revents & POLLIN && read(fake->wake[0], &byte, 1) > 0)
			continue;
		if (ready > 0 && fds[0].revents != 0)
			return true;
	}
	return false;
}

static bool
fake_transfer(struct fake_server *fake, void *data, size_t bytes, bool writing)
{
	size_t done = 0;

	while (done < bytes) {
		size_t step = 0;
		int result =
		    writing ? SSL_write_ex(fake->ssl, (char *)data + done, bytes - done, &step)
			    : SSL_read_ex(fake->ssl, (char *)data + done, bytes - done, &step);

		if (result == 1) {
			done += step;
			continue;
		}
		int error = SSL_get_error(fake->ssl, result);
		if (error == SSL_ERROR_WANT_READ && fake_wait(fake, POLLIN))
			continue;
		if (error == SSL_ERROR_WANT_WRITE && fake_wait(fake, POLLOUT))
			continue;
		return false;
	}
	return true;
}

void
fake_raw(struct fake_server *fake, const void *data, size_t bytes)
{
	if (!fake_transfer(fake, (void *)(uintptr_t)data, bytes, true))
		fake->cut = true;
}

void
fake_cut(struct fake_server *fake)
{
	fake->cut = true;
}

void
fake_answer(struct fake_server *fake, const Kehu__ClientFrame *to, Kehu__ServerFrame *frame)
{
	struct buf packed = BUF_INIT;

	if (!frame->has_number && to != NULL) {
		frame->has_number = true;
		frame->number = to->number;
	}
	if (frame_pack_server(&packed, frame, true) != ERR_OK)
		abort();
	fake_raw(fake, packed.data, packed.bytes);
	buf_fini(&packed);
}

void
fake_answer_error(struct fake_server *fake, const Kehu__ClientFrame *to, enum err err)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Error error = KEHU__ERROR__INIT;

	error.has_code = true;
	error.code = (uint32_t)err;
	error.text = strdup(err_text(err, LANG_EN));
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_ERROR;
	frame.error = &error;
	fake_answer(fake, to, &frame);
	free(error.text);
}

/* ---- the session part ---- */

static void
fake_login(struct fake_server *fake, const Kehu__ClientFrame *to, bool resumed)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__LoginAnswer login = KEHU__LOGIN_ANSWER__INIT;
	static uint8_t token[] = "token", key[32] = "0123456789abcdef0123456789abcdef";
	static char name[] = "zhang", label[] = "张三", branch[] = "上海";

	login.has_token = !resumed;
	login.token = (ProtobufCBinaryData){ .data = token, .len = sizeof(token) };
	login.has_store_key = true;
	login.store_key = (ProtobufCBinaryData){ .data = key, .len = sizeof(key) };
	login.has_user = true;
	login.user = 42;
	login.name = name;
	login.label = label;
	login.branch = branch;
	login.has_catalog_hash = true;
	login.catalog_hash = fake_catalog()->hash;
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_LOGIN;
	frame.login = &login;
	fake_answer(fake, to, &frame);
}

static void
fake_greet(struct fake_server *fake, const Kehu__ClientFrame *to)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__HelloAnswer hello = KEHU__HELLO_ANSWER__INIT;

	hello.has_version = hello.has_time_us = true;
	hello.version = 1;
	hello.time_us = date_now_us();
	frame.answer_case = KEHU__SERVER_FRAME__ANSWER_HELLO;
	frame.hello = &hello;
	fake_answer(fake, to, &frame);
}

static void
fake_default(struct fake_server *fake, const Kehu__ClientFrame *to)
{
	Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;
	Kehu__Done done = KEHU__DONE__INIT;

	switch (to->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_HELLO:
		fake_greet(fake, to);
		return;
	case KEHU__CLIENT_FRAME__REQUEST_LOGIN:
		if (to->login->password == NULL || strcmp(to->login->password, "right") != 0)
			fake_answer_error(fake, to, ERR_LOGIN_REFUSED);
		else
			fake_login(fake, to, false);
		return;
	case KEHU__CLIENT_FRAME__REQUEST_RESUME:
		if (atomic_exchange(&fake->forget, false))
			fake_answer_error(fake, to, ERR_SESSION_ENDED);
		else
			fake_login(fake, to, true);
		return;
	case KEHU__CLIENT_FRAME__REQUEST_CATALOG:
		frame.answer_case = KEHU__SERVER_FRAME__ANSWER_CATALOG;
		frame.catalog = fake_catalog();
		break;
	default:
		frame.answer_case = KEHU__SERVER_FRAME__ANSWER_DONE;
		frame.done = &done;
	}
	fake_answer(fake, to, &frame);
}

static void
fake_count(struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	fake->frames++;
	fake->hellos += frame->request_case == KEHU__CLIENT_FRAME__REQUEST_HELLO;
	fake->logins += frame->request_case == KEHU__CLIENT_FRAME__REQUEST_LOGIN;
	fake->resumes += frame->request_case == KEHU__CLIENT_FRAME__REQUEST_RESUME;
	fake->catalogs += frame->request_case == KEHU__CLIENT_FRAME__REQUEST_CATALOG;
	fake->cancels += frame->request_case == KEHU__CLIENT_FRAME__REQUEST_CANCEL;
	fake->subscribes += frame->request_case == KEHU__CLIENT_FRAME__REQUEST_SUBSCRIBE;
	fake->pings += frame->request_case == KEHU__CLIENT_FRAME__REQUEST_PING;
}

static bool
fake_frame(struct fake_server *fake, struct arena *arena)
{
	uint8_t head[FRAME_HEAD_BYTES], flags;
	Kehu__ClientFrame *frame;
	const char *why;
	size_t bytes;

	if (!fake_transfer(fake, head, sizeof(head), false) ||
	    frame_head(head, sizeof(head), FRAME_MAX_BYTES, &flags, &bytes) != ERR_OK)
		return false;
	uint8_t *body = arena_alloc(arena, bytes);
	if (!fake_transfer(fake, body, bytes, false) ||
	    frame_unpack_client(arena, flags, body, bytes, &frame, &why) != ERR_OK)
		return false;
	fake_count(fake, frame);
	bool last = fake->cut_after > 0 && --fake->cut_after == 0;
	if (last && !fake->cut_answered)
		return false;
	pthread_mutex_lock(&fake->lock);
	bool answered = fake->options.answer != NULL &&
			fake->options.answer(fake->options.context, fake, frame);
	pthread_mutex_unlock(&fake->lock);
	if (!answered)
		fake_default(fake, frame);
	return !last && !atomic_exchange(&fake->cut, false);
}

static void
fake_serve(struct fake_server *fake)
{
	int result;

	fake->connections++;
	fake->cut = false;
	fake->ssl = SSL_new(fake->tls);
	SSL_set_fd(fake->ssl, fake->fd);
	SSL_set_accept_state(fake->ssl);
	while ((result = SSL_do_handshake(fake->ssl)) != 1)
		if (SSL_get_error(fake->ssl, result) != SSL_ERROR_WANT_READ ||
		    !fake_wait(fake, POLLIN))
			break;
	while (result == 1 && !fake->stop && !fake->paused) {
		struct arena *arena = arena_new(0);
		bool more = fake_frame(fake, arena);

		arena_free(arena);
		if (!more)
			break;
	}
	SSL_free(fake->ssl);
	close(fake->fd);
}

static void *
fake_run(void *context)
{
	struct fake_server *fake = context;

	while (!fake->stop) {
		struct pollfd fds[2] = { { .fd = fake->paused ? -1 : fake->listener,
					     .events = POLLIN },
			{ .fd = fake->wake[0], .events = POLLIN } };
		char byte;

		if (poll(fds, 2, 1000) <= 0)
			continue;
		if (fds[1].revents & POLLIN && read(fake->wake[0], &byte, 1) > 0)
			continue;
		fake->fd = accept4(fake->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fake->fd < 0)
			continue;
		if (fake->paused)
			close(fake->fd);
		else
			fake_serve(fake);
	}
	return NULL;
}

static void
fake_listen(struct fake_server *fake)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t bytes = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fake->listener, (struct sockaddr *)&address, bytes) != 0 ||
	    listen(fake->listener, 16) != 0 ||
	    getsockname(fake->listener, (struct sockaddr *)&address, &bytes) != 0)
		fatal("fake server: cannot listen, errno %d", errno);
	fake->port = ntohs(address.sin_port);
	snprintf(fake->address, sizeof(fake->address), "127.0.0.1:%d", fake->port);
}

struct fake_server *
fake_start(const struct fake_options *options)
{
	struct fake_server *fake = calloc(1, sizeof(*fake));
	const char *hosts[] = { options->host != NULL ? options->host : "127.0.0.1",
		"localhost" };
	const char *why = "";

	fake->options = *options;
	pthread_mutex_init(&fake->lock, NULL);
	fake->arena = arena_new(0);
	if (tls_make_certificates(fake->arena, options->directory, hosts,
		options->host != NULL ? 1 : 2, &why) != ERR_OK)
		fatal("fake server: %s", why);
	fake->tls = tls_server_new(fake->arena,
	    arena_printf(fake->arena, "%s/server.crt", options->directory),
	    arena_printf(fake->arena, "%s/server.key", options->directory), &why);
	if (fake->tls == NULL || pipe(fake->wake) != 0)
		fatal("fake server: %s", why);
	snprintf(fake->ca, sizeof(fake->ca), "%s/ca.crt", options->directory);
	signal(SIGPIPE, SIG_IGN); /* a client that hangs up in the middle of an answer */
	fake_listen(fake);
	pthread_create(&fake->thread, NULL, fake_run, fake);
	return fake;
}

static void
fake_wake(struct fake_server *fake)
{
	if (write(fake->wake[1], "", 1) != 1)
		fatal("fake server: cannot be woken");
}

void
fake_stop(struct fake_server *fake)
{
	fake->stop = true;
	fake_wake(fake);
	pthread_join(fake->thread, NULL);
	SSL_CTX_free(fake->tls);
	close(fake->listener);
	close(fake->wake[0]);
	close(fake->wake[1]);
	pthread_mutex_destroy(&fake->lock);
	arena_free(fake->arena);
	free(fake);
}

const char *
fake_address(const struct fake_server *fake)
{
	return fake->address;
}

const char *
fake_ca(const struct fake_server *fake)
{
	return fake->ca;
}

void
fake_settle(struct fake_server *fake)
{
	pthread_mutex_lock(&fake->lock);
	pthread_mutex_unlock(&fake->lock);
}

void
fake_cut_after(struct fake_server *fake, int frames, bool answered)
{
	fake->cut_answered = answered;
	fake->cut_after = frames;
}

void
fake_pause(struct fake_server *fake, bool paused)
{
	fake->paused = paused;
	fake_wake(fake);
}

void
fake_forget_sessions(struct fake_server *fake)
{
	fake->forget = true;
}

struct fake_counts
fake_counts(struct fake_server *fake)
{
	return (struct fake_counts){ fake->connections, fake->hellos, fake->logins,
		fake->resumes, fake->catalogs, fake->frames, fake->cancels, fake->subscribes,
		fake->pings };
}
