/*
 * The owner's connection and the SQL files of init, migrate and maintain. Plain libpq
 * statements one at a time: nothing here is a request, and some of it (CREATE INDEX
 * CONCURRENTLY) may not run inside a transaction.
 */
#include "server/store/migrate_impl.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One number for all three programs. */
#define MIGRATE_LOCK "SELECT pg_advisory_lock(7742632)"

void
migrate_say(const struct migrate *m, const char *format, ...)
{
	va_list args;

	if (!m->options->say)
		return;
	va_start(args, format);
	m->options->say(m->options->say_to, arena_vprintf(m->arena, format, args));
	va_end(args);
}

static void
migrate_silent(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

PGresult *
migrate_query(struct migrate *m, const char *text)
{
	PGresult *result = PQexec(m->conn, text);
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return result;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	snprintf(m->state, sizeof m->state, "%s", state ? state : "");
	char *message = arena_strdup(
	    m->arena, result ? PQresultErrorMessage(result) : PQerrorMessage(m->conn));
	message[strcspn(message, "\n")] = '\0';
	m->why = message;
	PQclear(result);
	return NULL;
}

bool
migrate_exec(struct migrate *m, const char *text)
{
	PGresult *result = migrate_query(m, text);

	PQclear(result);
	return result != NULL;
}

const char *
migrate_cell(struct migrate *m, const char *text)
{
	PGresult *result = migrate_query(m, text);
	const char *cell = NULL;

	if (result)
		cell = PQntuples(result) > 0 ? arena_strdup(m->arena, PQgetvalue(result, 0, 0))
					     : "";
	PQclear(result);
	return cell;
}

const char *
migrate_quote(struct migrate *m, const char *text)
{
	char *quoted = PQescapeLiteral(m->conn, text, strlen(text));
	const char *copy = arena_strdup(m->arena, quoted ? quoted : "''");

	PQfreemem(quoted);
	return copy;
}

enum err
migrate_failed(const struct migrate *m)
{
	if (!m->conn || PQstatus(m->conn) != CONNECTION_OK)
		return ERR_DB_GONE;
	return ERR_CONFIG;
}

enum err
migrate_open(struct migrate *m)
{
	m->conn = PQconnectdb(m->options->conninfo);
	if (PQstatus(m->conn) != CONNECTION_OK) {
		char *message = arena_strdup(m->arena, PQerrorMessage(m->conn));
		message[strcspn(message, "\n")] = '\0';
		m->why = message;
		return ERR_DB_GONE;
	}
	PQsetNoticeReceiver(m->conn, migrate_silent, NULL);
	if (!migrate_exec(m,
		"SET client_min_messages = warning; SET statement_timeout = 0;"
		/* Indexes over a million search rows are sorted in memory, not in many parts. */
		"SET maintenance_work_mem = '256MB';"
		"SET search_path = public; SET DateStyle = ISO; SET TimeZone = 'UTC'") ||
	    !migrate_exec(m, MIGRATE_LOCK))
		return migrate_failed(m);
	return ERR_OK;
}

void
migrate_close(struct migrate *m)
{
	PQfinish(m->conn);
	m->conn = NULL;
}

/* ---- files ---------------------------------------------------------------------------- */

static int
migrate_is_sql(const struct dirent *entry)
{
	size_t bytes = strlen(entry->d_name);

	return entry->d_name[0] != '.' && bytes > 4 &&
	       strcmp(entry->d_name + bytes - 4, ".sql") == 0;
}

char *
migrate_checksum(struct arena *arena, const char *text)
{
	uint8_t hash[32];

	hash_sha256(text, strlen(text), hash);
	return hex_encode(arena, hash, sizeof hash);
}

static const char *
migrate_read(struct migrate *m, const char *path)
{
	struct buf text = BUF_INIT;
	const char *copy = NULL;
	FILE *file = fopen(path, "re");

	if (!file)
		goto out;
	for (;;) {
		size_t got = fread(buf_reserve(&text, 65536), 1, 65536, file);
		if (got == 0)
			break;
		buf_wrote(&text, got);
	}
	if (!ferror(file))
		copy = arena_strdup(m->arena, buf_text(&text));
	fclose(file);
out:
	if (!copy)
		m->why = arena_printf(m->arena, "%s: %s", path, strerror(errno));
	buf_fini(&text);
	return copy;
}

enum err
migrate_files(struct migrate *m, const char *folder, struct migrate_file **files, size_t *count)
{
	const char *dir = arena_printf(m->arena, "%s/%s", m->options->sql_dir, folder);
	struct dirent **entries = NULL;
	int found = scandir(dir, &entries, migrate_is_sql, alphasort);
	enum err err = ERR_OK;

	if (found <= 0) {
		m->why = arena_printf(m->arena, "%s: %s", dir,
		    found < 0 ? strerror(errno) : "there are no .sql files");
		free(entries);
		return ERR_CONFIG;
	}
	*files = ARENA_ARRAY(m->arena, struct migrate_file, (size_t)found);
	*count = (size_t)found;
	for (int i = 0; i < found; i++) {
		struct migrate_file *file = &(*files)[i];
		file->name = arena_strdup(m->arena, entries[i]->d_name);
		file->text = migrate_read(m, arena_printf(m->arena, "%s/%s", dir, file->name));
		if (file->text)
			file->checksum = migrate_checksum(m->arena, file->text);
		else
			err = ERR_CONFIG;
		free(entries[i]);
	}
	free(entries);
	return err;
}
