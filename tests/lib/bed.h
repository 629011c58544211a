/*
 * A whole Kehu for a test: a database with the small company of company.h, a real kehud process
 * in front of it, and clients that speak through client/link. Everything ends with the process.
 */
#ifndef KEHU_TEST_BED_H
#define KEHU_TEST_BED_H

#include "client/link/link.h"
#include "server/gate/password.h"

#include <sys/types.h>

#define BED_PASSWORD "correct horse battery"
#define BED_WAIT_MS 20000
/* In group "sign" of a test's settings: what checking a password costs there, and as a value. */
#define BED_CHEAP "scrypt_log_n = 10; "
extern const struct password_cost bed_cheap;

struct bed {
	const char *database, *dir, *conf;
	const char *connection; /* to the database; NULL: to the test's own; read by bed_start */
	const char *settings; /* further lines of kehud.conf, with a group "sign"; read by bed_start */
	pid_t kehud;
	int port;
	const char *net; /* further settings of that group, read by bed_start; NULL: none */
	int listener;   /* given to kehud from bed_start on, as systemd would; 0: it listens itself */
	int backoff_ms; /* of its clients' links; 0: as everybody's */
	struct arena *arena;
};

/* The program that bed_new starts: "kehud" unless set before. */
extern const char *bed_kehud;

/* Fresh database of that name, company, certificates, kehud running. Ends the process on failure. */
struct bed *bed_new(const char *database);
void bed_free(struct bed *bed);
/* The same with these settings. Without any, nobody needs a second factor or has a budget. */
struct bed *bed_new_with(const char *database, const char *settings);
/* kehud alone: kill -9 (or another signal) and wait; start again on the same port. */
void bed_kill(struct bed *bed, int signal_number);
void bed_start(struct bed *bed);
/* Open a socket that stays while kehud is exchanged, and start it anew with that. */
void bed_keep_socket(struct bed *bed);
/* A second kehud on the same database; its port. Ends with the bed. */
int bed_second(struct bed *bed);
/* A kehud for another database, with the same files and settings; not started. It ends with the process. */
struct bed *bed_beside(const struct bed *bed, const char *database);
/* Run kehud with these arguments to its end; its status; output in *text (bed's arena). */
int bed_run(struct bed *bed, const char *const *arguments, const char **text);
/* The same of a program of ours, in the environment of a user (NULL: nobody's). */
int bed_run_as(struct bed *bed, const char *program, const char *user, const char *const *arguments,
    const char **text);
/*
 * What a shell says (bed's arena) to a command of a user, who has $KEHU, signed in by a file. The
 * process keeps the environment. status may be NULL: then the command must succeed.
 */
const char *bed_shell(struct bed *bed, const char *user, int *status, const char *format, ...)
    PRINTF_LIKE(4, 5);
const char *bed_program(const char *name); /* path of a built program */
const char *bed_server(const struct bed *bed);    /* "127.0.0.1:PORT" */
const char *bed_ca(const struct bed *bed);        /* path */

struct client {
	struct link *link;
	struct arena *arena; /* of answers; reset by client_forget */
	struct bed *bed;
};

/* Signed in, catalogue loaded. Ends the test when it cannot. */
struct client *client_new(struct bed *bed, const char *user, enum lang lang);
/* Without signing in. */
struct client *client_stranger(struct bed *bed, enum lang lang);
void client_free(struct client *client);
Kehu__ServerFrame *client_call(struct client *client, const Kehu__ClientFrame *frame);

/* A value to send: by field number. */
struct sent {
	uint32_t field;
	const char *text;
	int64_t number;
	bool has_number, empty;
};
#define TEXT_OF(field_, text_) { .field = field_, .text = text_ }
#define NUMBER_OF(field_, number_) { .field = field_, .number = number_, .has_number = true }
#define EMPTY_OF(field_) { .field = field_, .empty = true }
#define SENT(...) (const struct sent[]){ __VA_ARGS__, { 0 } }

struct sent_line {
	uint32_t entity;
	int64_t id;
	bool remove;
	const struct sent *values;
};
/* Lines, ended by one without an entity, into a record made here; lines may be NULL. */
void client_add_lines(
    struct client *client, Kehu__Record *record, const struct sent_line *lines);

/* Save: id 0 creates. lines may be NULL, ended by entity 0. */
Kehu__ServerFrame *client_save(struct client *client, uint32_t entity, int64_t id, uint32_t version,
    const struct sent *values, const struct sent_line *lines);
/* The same with an intention of the caller's. */
Kehu__ServerFrame *client_save_as(struct client *client, struct uuid intention, uint32_t entity,
    int64_t id, uint32_t version, const struct sent *values, const struct sent_line *lines);
Kehu__ServerFrame *client_list(struct client *client, uint32_t entity, const char *query);
Kehu__ServerFrame *client_get(struct client *client, uint32_t entity, int64_t id);
Kehu__ServerFrame *client_search(struct client *client, const char *text);
Kehu__ServerFrame *client_act(struct client *client, uint32_t entity, int64_t id, const char *action,
    const struct sent *arguments);
Kehu__ServerFrame *client_delete(struct client *client, uint32_t entity, int64_t id, uint32_t version);
Kehu__ServerFrame *client_restore(struct client *client, uint32_t entity, int64_t id);
/* One step of a Bulk, in the client's arena. */
Kehu__ClientFrame *client_save_step(struct client *client, uint32_t entity, int64_t id, uint32_t version,
    const struct sent *values);
Kehu__ClientFrame *client_delete_step(struct client *client, uint32_t entity, int64_t id, uint32_t version);
Kehu__ServerFrame *client_bulk(struct client *client, struct uuid intention,
    Kehu__ClientFrame *const *steps, size_t count, bool dry_run);

/* Asserts that the answer is no error, and gives what was written. */
const Kehu__Written *expect_written(const Kehu__ServerFrame *answer);
/* Asserts an error of this number (and field, unless 0). */
void expect_error(const Kehu__ServerFrame *answer, enum err err, uint32_t field);
/* A value of a record by field; NULL: not there. */
const Kehu__Value *value_of(const Kehu__Record *record, uint32_t field);
/* A record, which must be there; a value of it, "" or 0 where it has none. */
const Kehu__Record *record_of(struct client *client, uint32_t entity, int64_t id);
const char *text_of(struct client *client, uint32_t entity, int64_t id, uint32_t field);
int64_t number_of(struct client *client, uint32_t entity, int64_t id, uint32_t field);
/* How many rows the first page of a list has. */
size_t list_count(struct client *client, uint32_t entity, const char *query);
/* Wait until condition holds or BED_WAIT_MS pass; polls the client's link meanwhile. */
bool client_wait(struct client *client, bool (*condition)(void *), void *context);

#endif
