/*
 * The snapshots of access rights and catalogue that every call reads: loaded from the
 * database when a transaction finds them stale, replaced whole, freed when their last call ends.
 */
#include "server/gate/gate.h"
#include "server/gate/runtime.h"

#include "common/log.h"
#include "server/entity/dictionary.h"
#include "server/report/report_file.h"

#include <inttypes.h>

enum err
snapshot_load(struct server *server, struct store *store)
{
	const struct catalog *old_catalog;
	struct catalog *catalog;
	const struct access *access, *old_access;
	enum err err;

	err = catalog_load(store, &catalog);
	if (err != ERR_OK)
		return err;
	err = report_files_load(store, catalog);
	if (err == ERR_OK)
		err = access_load(store, catalog, &access);
	if (err == ERR_OK) {
		struct arena *scratch = arena_new(0);

		err = runtime_load(server, store, scratch);
		arena_free(scratch);
		if (err != ERR_OK)
			access_unref(access);
	}
	if (err != ERR_OK) {
		catalog_unref(catalog);
		return err;
	}
	pthread_mutex_lock(&server->lock);
	old_catalog = server->catalog;
	old_access = server->access;
	server->catalog = catalog;
	server->access = access;
	pthread_mutex_unlock(&server->lock);
	if (old_catalog != NULL && catalog_version(old_catalog) != catalog_version(catalog) &&
	    server->net != NULL) {
		Kehu__CatalogChanged changed = KEHU__CATALOG_CHANGED__INIT;
		Kehu__ServerFrame frame = KEHU__SERVER_FRAME__INIT;

		changed.has_version = true;
		changed.version = catalog_version(catalog);
		frame.answer_case = KEHU__SERVER_FRAME__ANSWER_CATALOG_CHANGED;
		frame.catalog_changed = &changed;
		net_push(server->net, 0, &frame);
	}
	catalog_unref(old_catalog);
	access_unref(old_access);
	log_info("snapshots loaded", "epoch=%" PRId64 " catalog=%" PRIu32, access_epoch(access),
	    catalog_version(catalog));
	return ERR_OK;
}

bool
snapshot_refresh(struct call *call)
{
	struct sql *sql = sql_new(call->arena);
	struct rows *rows;

	store_read(call->store);
	sql_add(sql, "SELECT access_epoch, catalog_version FROM state");
	sql_named(sql);
	store_queue(call->store, sql, &rows);
	if (store_flush(call->store, call->arena) != ERR_OK ||
	    (rows_int(rows, 0, 0) == access_epoch(call->access) &&
		rows_int(rows, 0, 1) == catalog_version(call->catalog)))
		return false;
	return snapshot_load(call->server, call->store) == ERR_OK;
}

void
snapshot_take(struct server *server, struct call *call)
{
	pthread_mutex_lock(&server->lock);
	call->access = access_ref(server->access);
	call->catalog = catalog_ref(server->catalog);
	pthread_mutex_unlock(&server->lock);
	call->user = call->session.user != 0 ?
	    access_user(call->access, call->session.user, call_today(call)) :
	    NULL;
}

void
snapshot_release(struct call *call)
{
	access_unref(call->access);
	catalog_unref(call->catalog);
	call->access = NULL;
	call->catalog = NULL;
	call->user = NULL;
}
