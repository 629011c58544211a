/*
 * What the parts of one kehud process share: settings, caches, net.
 */
#ifndef KEHU_SERVER_H
#define KEHU_SERVER_H

#include "common/conf.h"
#include "server/net/net.h"
#include <pthread.h>

struct server_settings {
#define SETTING(path, member, type, kind, ...) type member;
#include "server/settings.def"
#undef SETTING
};
extern const struct setting server_setting_table[];
extern const size_t server_setting_count;
/* One of those that may be changed while it runs (server/runtime.def); NULL: it is none. */
const struct setting *server_runtime(const char *path);

struct server {
	struct server_settings settings; /* in force: those of runtime.def may change */
	struct server_settings conf;     /* as kehud.conf said, once conf_kept */
	bool conf_kept;
	struct net *net;
	struct readings *readings; /* server/audit/readings.h; NULL: nothing is counted */
	/* Snapshots: taken by reference under the lock, replaced whole. */
	pthread_mutex_t lock;
	const struct access *access;
	const struct catalog *catalog;
};

#endif
