/* See node.h. Frozen means SIGSTOP to the postmaster and all processes it started. */
#include "tests/lib/node.h"

#include "common/date.h"
#include "common/log.h"
#include "tests/lib/pg.h"

#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODE_WAIT_US INT64_C(60000000)

struct node {
	char *dir, *data;
	pid_t pid;
};

static char *
node_path(const char *name, const char *what)
{
	char path[256];

	snprintf(path, sizeof(path), "%s-%s", name, what);
	return strdup(pg_folder(path));
}

/* The first cell of what it answers; "" when it does not. Until the next call. */
static const char *
node_ask(const struct node *node, const char *question)
{
	static char answer[128];
	char info[320];
	PGconn *conn;
	PGresult *result;

	snprintf(info, sizeof(info), "host=%s dbname=postgres user=postgres connect_timeout=5", node->dir);
	conn = PQconnectdb(info);
	result = PQexec(conn, question);
	snprintf(answer, sizeof(answer), "%s",
	    PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0 ?
		PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	PQfinish(conn);
	return answer;
}

static void
node_wait(const struct node *node, const char *question)
{
	int64_t until_us = date_monotonic_us() + NODE_WAIT_US;

	while (node_ask(node, question)[0] != 't') {
		if (date_monotonic_us() > until_us)
			fatal("a database server at %s never said: %s", node->dir, question);
		usleep(20000);
	}
}

bool
node_ended(struct node *node)
{
	if (node->pid > 0 && waitpid(node->pid, NULL, WNOHANG) == node->pid)
		node->pid = 0;
	return node->pid == 0;
}

void
node_start(struct node *node)
{
	node->pid = pg_start_as_server((const char *const[]){ pg_bin("postgres"), "-D", node->data,
	    "-k", node->dir, "-h", "", "-c", "shared_buffers=64MB", "-c", "max_connections=60", "-c",
	    "min_wal_size=2MB", "-c", "max_wal_size=8MB", "-c", "log_min_messages=fatal", NULL });
	node_wait(node, "SELECT true");
}

struct node *
node_follow(const char *name, const char *primary_dir)
{
	struct node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		fatal("out of memory");
	node->dir = node_path(name, "run");
	node->data = node_path(name, "data");
	pg_run_as_server((const char *const[]){ pg_bin("pg_basebackup"), "-h", primary_dir, "-U",
	    "postgres", "-D", node->data, "-R", "-X", "stream", "-c", "fast", NULL });
	node_start(node);
	node_wait(node, "SELECT status = 'streaming' FROM pg_stat_wal_receiver");
	return node;
}

void
node_move_wal(struct node *node, const char *folder)
{
	char command[512];

	kill(node->pid, SIGINT);
	snprintf(command, sizeof(command), "mv '%s/pg_wal'/* '%s/' && rmdir '%s/pg_wal' && ln -s '%s' '%s/pg_wal'",
	    node->data, folder, node->data, folder, node->data);
	while (waitpid(node->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	node->pid = 0;
	pg_run_as_server((const char *const[]){ "/bin/sh", "-c", command, NULL });
	node_start(node);
}

const char *
node_dir(const struct node *node)
{
	return node->dir;
}

void
node_wait_for_standby(const struct node *node)
{
	node_ask(node, "ALTER SYSTEM SET synchronous_standby_names = '*'");
	node_ask(node, "SELECT pg_reload_conf()");
	node_wait(node, "SELECT bool_or(sync_state = 'sync') FROM pg_stat_replication");
}

void
node_promote(const struct node *node)
{
	node_wait(node, "SELECT pg_promote()");
	node_wait(node, "SELECT NOT pg_is_in_recovery()");
}

static void
node_signal(const struct node *node, int signal_number)
{
	DIR *all = opendir("/proc");
	const struct dirent *entry;

	kill(node->pid, signal_number);
	while (all != NULL && (entry = readdir(all)) != NULL) {
		char path[300];
		int pid = atoi(entry->d_name), parent = 0;
		FILE *stat_;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		stat_ = pid > 0 ? fopen(path, "r") : NULL;
		if (stat_ == NULL)
			continue;
		if (fscanf(stat_, "%*d (%*[^)]) %*c %d", &parent) == 1 && parent == (int)node->pid)
			kill(pid, signal_number);
		fclose(stat_);
	}
	if (all != NULL)
		closedir(all);
}

void
node_freeze(const struct node *node)
{
	node_signal(node, SIGSTOP);
}

void
node_thaw(const struct node *node)
{
	node_signal(node, SIGCONT);
}

void
node_kill(struct node *node)
{
	if (node->pid > 0) {
		node_thaw(node);
		kill(node->pid, SIGQUIT);
		while (waitpid(node->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	pg_run_as_server(
	    (const char *const[]){ "/usr/bin/find", node->data, node->dir, "-mindepth", "1", "-delete", NULL });
	free(node->data);
	free(node->dir);
	free(node);
}
