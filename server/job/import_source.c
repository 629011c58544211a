/*
 * The file of an import as rows: it lies in import_chunk until its job has run, and is read by
 * pieces, in constant memory. Chunk 0 is the request that began it.
 */
#include "server/job/import_impl.h"

#include "common/log.h"
#include "common/mem.h"

#include <stdlib.h>

struct import_source {
	struct import *import;
	struct intake *intake;
	struct arena *arena; /* of a chunk */
	struct arena *row_arena;
	uint64_t chunk; /* the last one read */
};

struct import_source *
import_source_open(struct import *import)
{
	const Kehu__Import *request = import->request;
	struct import_source *source = mem_zalloc(1, sizeof(*source));

	source->import = import;
	source->intake = intake_new(&(struct intake_options){
	    .format = request->format,
	    .encoding = request->encoding,
	    .delimiter = request->separator != NULL ? request->separator[0] : '\0',
	    .no_header = request->no_header,
	});
	source->arena = arena_new(0);
	source->row_arena = arena_new(0);
	return source;
}

void
import_source_close(struct import_source *source)
{
	if (source == NULL)
		return;
	intake_free(source->intake);
	arena_free(source->arena);
	arena_free(source->row_arena);
	free(source);
}

static enum err
source_read_chunk(struct import *import, uint64_t number, const void **data, size_t *bytes,
    struct arena *arena)
{
	struct store *store = import->job->worker->store;
	struct sql *sql = sql_new(arena);
	struct rows *rows;
	enum err err;

	store_read(store);
	sql_add(sql, "SELECT data FROM import_chunk WHERE job_id = ");
	sql_int(sql, import->job->id);
	sql_add(sql, " AND number = ");
	sql_int(sql, (int64_t)number);
	sql_named(sql);
	store_queue(store, sql, &rows);
	err = store_flush(store, arena);
	if (err == ERR_OK && rows->count == 0)
		err = ERR_BAD_FILE;
	if (err == ERR_OK)
		*data = rows_bytea(arena, rows, 0, 0, bytes);
	return err;
}

static enum err
source_feed(struct import_source *source)
{
	const void *data;
	size_t bytes;
	enum err err;

	if (source->chunk == source->import->chunks) {
		intake_finish(source->intake);
		source->chunk++;
		return ERR_OK;
	}
	arena_reset(source->arena);
	err = source_read_chunk(source->import, ++source->chunk, &data, &bytes, source->arena);
	if (err == ERR_OK)
		intake_feed(source->intake, data, bytes);
	return err;
}

enum err
import_source_next(struct import_source *source, struct intake_row *row, bool *more)
{
	struct job *job = source->import->job;
	enum csv_status status;
	enum err err = ERR_OK;

	arena_reset(source->row_arena);
	while ((status = intake_next(source->intake, source->row_arena, row)) == CSV_MORE &&
	       err == ERR_OK)
		err = source_feed(source);
	if (err != ERR_OK)
		return err;
	*more = status == CSV_ROW;
	if (status == CSV_BROKEN)
		return CALL_FAIL(job->call, ERR_BAD_FILE,
		    .text = intake_fault(source->intake, job->arena, job->call->session.lang));
	return ERR_OK;
}

enum err
import_source_request(struct import *import)
{
	struct arena *arena = import->job->arena;
	struct store *store = import->job->worker->store;
	struct sql *sql = sql_new(arena);
	ProtobufCAllocator allocator = frame_allocator(arena);
	const void *data;
	struct rows *rows;
	size_t bytes;
	enum err err;

	store_read(store);
	sql_add(sql, "SELECT count(*) - 1 FROM import_chunk WHERE job_id = ");
	sql_int(sql, import->job->id);
	store_queue(store, sql, &rows);
	err = store_flush(store, arena);
	if (err == ERR_OK)
		err = source_read_chunk(import, 0, &data, &bytes, arena);
	if (err != ERR_OK)
		return err;
	import->chunks = (uint64_t)rows_int(rows, 0, 0);
	import->request = kehu__import__unpack(&allocator, bytes, data);
	return import->request != NULL ? ERR_OK : ERR_INTERNAL;
}
