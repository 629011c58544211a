/*
 * The outbox: writes journalled before they are sent and dropped when answered, so that what
 * the user saved survives a broken link and a killed program. An entry holds the draft's key
 * (u16 length, bytes) and the packed ClientFrame, whose intention makes a second sending
 * harmless.
 */
#include "client/link/link_private.h"

#include "common/date.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>

void
outbox_open(struct link *link, const void *key, size_t key_bytes)
{
	struct arena *arena;
	const char *why = NULL;

	if (link->journal != NULL || link->options.state_dir == NULL)
		return;
	arena = arena_new(0);
	link->journal = journal_open(arena, link->options.state_dir, link->options.server,
	    link->user.name, key, key_bytes, &why);
	if (link->journal == NULL)
		log_warn("no journal", "why=%s", log_value(arena, why));
	arena_free(arena);
}

void
outbox_put(struct link *link, struct pending *pending, const Kehu__ClientFrame *frame)
{
	struct buf data = BUF_INIT;
	const char *draft = pending->draft_key == NULL ? "" : pending->draft_key;
	size_t draft_bytes = strlen(draft), bytes = kehu__client_frame__get_packed_size(frame);

	/* Without a journal (or with a full disk) it is only in memory: still sent, still kept
	 * over a reconnect; only a killed program would lose it. */
	if (link->journal == NULL || draft_bytes > UINT16_MAX)
		return;
	buf_putc(&data, (char)(draft_bytes >> 8));
	buf_putc(&data, (char)(draft_bytes & 0xff));
	buf_put(&data, draft, draft_bytes);
	kehu__client_frame__pack(frame, (uint8_t *)buf_reserve(&data, bytes));
	buf_wrote(&data, bytes);
	struct journal_entry entry = {
		.kind = JOURNAL_OUTBOX,
		.key = pending->outbox_key,
		.title = pending->title == NULL ? "" : pending->title,
		.note = "",
		.at_us = date_now_us(),
		.data = (const uint8_t *)data.data,
		.bytes = data.bytes,
	};
	if (journal_put(link->journal, &entry) != ERR_OK)
		log_warn("outbox not on disk", "number=%u", pending->number);
	buf_fini(&data);
}

static void
outbox_drop(struct link *link, enum journal_kind kind, const char *key)
{
	if (journal_drop(link->journal, kind, key) != ERR_OK)
		log_warn("journal entry not dropped", "kind=%d", (int)kind);
}

/* A refused write of an earlier run: its draft, or else itself, is kept with the reason. */
static void
outbox_to_draft(
    struct link *link, const struct pending *pending, const Kehu__ServerFrame *answer)
{
	const char *key = pending->draft_key != NULL ? pending->draft_key : pending->outbox_key;
	const struct journal_entry *draft = journal_find(link->journal, JOURNAL_DRAFT, key);
	const struct journal_entry *entry =
	    draft != NULL ? draft
			  : journal_find(link->journal, JOURNAL_OUTBOX, pending->outbox_key);

	if (entry == NULL)
		return;
	struct journal_entry refused = *entry;
	refused.kind = JOURNAL_DRAFT;
	refused.key = key;
	refused.note = answer->error->text != NULL ? answer->error->text : "";
	if (journal_put(link->journal, &refused) != ERR_OK)
		log_warn("refused save not kept as a draft", "number=%u", pending->number);
}

/* Tell what became of a write nobody in this run is waiting for. */
static void
outbox_tell(struct link *link, const struct pending *pending, const Kehu__ServerFrame *answer)
{
	const char *key = pending->draft_key != NULL ? pending->draft_key : pending->outbox_key;
	struct journal_entry entry = {
		.kind = JOURNAL_OUTBOX, .key = key, .title = pending->title, .note = ""
	};

	if (pending->done == NULL && link->options.events.outbox != NULL)
		link->options.events.outbox(link->options.events.context, &entry, answer);
}

void
outbox_done(struct link *link, struct pending *pending, const Kehu__ServerFrame *answer)
{
	enum err err = link_error(answer);

	if (link->journal != NULL) {
		/* Not an outcome: it stays for the next run. */
		if (err == ERR_TIMEOUT || err == ERR_NO_SERVER)
			return;
		if (err != ERR_OK && pending->done == NULL)
			outbox_to_draft(link, pending, answer);
		outbox_drop(link, JOURNAL_OUTBOX, pending->outbox_key);
		if (err == ERR_OK && pending->draft_key != NULL)
			outbox_drop(link, JOURNAL_DRAFT, pending->draft_key);
	}
	outbox_tell(link, pending, answer);
}

static bool
outbox_is_queued(const struct link *link, const char *key)
{
	const struct pending *pending;

	TAILQ_FOREACH(pending, &link->queue, entry)
	if (strcmp(pending->outbox_key, key) == 0)
		return true;
	return false;
}

static bool
outbox_send(struct link *link, struct arena *arena, const struct journal_entry *entry)
{
	size_t draft_bytes =
	    entry->bytes < 2 ? 0 : (size_t)entry->data[0] << 8 | entry->data[1];
	ProtobufCAllocator allocator = frame_allocator(arena);

	if (entry->bytes < 2 + draft_bytes)
		return false;
	Kehu__ClientFrame *frame = kehu__client_frame__unpack(
	    &allocator, entry->bytes - 2 - draft_bytes, entry->data + 2 + draft_bytes);
	if (frame == NULL)
		return false;
	const char *draft = arena_strndup(arena, (const char *)entry->data + 2, draft_bytes);
	link_send(link, &(struct link_request){
			    .frame = frame,
			    .flags = LINK_OUTBOX,
			    .title = arena_strdup(arena, entry->title),
			    .key = draft[0] == '\0' ? NULL : draft,
			});
	return true;
}

/* Entries of earlier runs go out again, oldest first; each keeps its intention. */
void
outbox_replay(struct link *link)
{
	struct arena *arena;
	size_t count;

	if (link->journal == NULL)
		return;
	arena = arena_new(0);
	count = journal_count(link->journal);
	const char **keys = ARENA_ARRAY(arena, const char *, count);
	for (size_t i = 0; i < count; i++) {
		const struct journal_entry *entry = journal_at(link->journal, i);

		keys[i] =
		    entry->kind == JOURNAL_OUTBOX ? arena_strdup(arena, entry->key) : NULL;
	}
	for (size_t i = 0; i < count; i++) {
		const struct journal_entry *entry;

		if (keys[i] == NULL || outbox_is_queued(link, keys[i]))
			continue;
		entry = journal_find(link->journal, JOURNAL_OUTBOX, keys[i]);
		if (entry != NULL && !outbox_send(link, arena, entry))
			outbox_drop(link, JOURNAL_OUTBOX, keys[i]);
	}
	arena_free(arena);
}
