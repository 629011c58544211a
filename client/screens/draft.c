/* Forms in the journal; see draft.h. */
#include "client/screens/draft.h"

#include "common/date.h"
#include "common/log.h"
#include "proto/frame.h"
#include <inttypes.h>
#include <string.h>

const char *
draft_key(struct app *app, struct arena *arena, const Kehu__Entity *entity, int64_t id)
{
	if (id > 0)
		return arena_printf(arena, "%s:%" PRId64, entity->name, id);
	return arena_printf(
	    arena, "%s:new:%s", entity->name, uuid_format(arena, link_intention(app->link)));
}

bool
draft_put(struct app *app, const char *key, const char *title, const char *note,
    const Kehu__Record *record)
{
	struct journal *journal = link_journal(app->link);
	size_t bytes = kehu__record__get_packed_size(record);
	struct arena *arena;
	uint8_t *data;
	enum err err;

	if (journal == NULL)
		return false;
	arena = arena_new(0);
	data = arena_alloc(arena, bytes);
	kehu__record__pack(record, data);
	err = journal_put(journal, &(struct journal_entry){ .kind = JOURNAL_DRAFT,
				       .key = key,
				       .title = title,
				       .note = note,
				       .at_us = date_now_us(),
				       .data = data,
				       .bytes = bytes });
	arena_free(arena);
	return err == ERR_OK;
}

const struct journal_entry *
draft_find(struct app *app, const char *key)
{
	struct journal *journal = link_journal(app->link);

	return journal == NULL ? NULL : journal_find(journal, JOURNAL_DRAFT, key);
}

void
draft_drop(struct app *app, const char *key)
{
	if (draft_find(app, key) != NULL &&
	    journal_drop(link_journal(app->link), JOURNAL_DRAFT, key) != ERR_OK)
		log_warn("draft not dropped", "key=%s", key);
}

void
draft_refused(struct app *app, const char *key, const char *why)
{
	const struct journal_entry *entry = draft_find(app, key);
	struct journal_entry refused;

	if (entry == NULL)
		return;
	refused = *entry;
	refused.note = why;
	if (journal_put(link_journal(app->link), &refused) != ERR_OK)
		log_warn("draft not marked as refused", "key=%s", key);
}

Kehu__Record *
draft_read(struct arena *arena, const struct journal_entry *entry)
{
	ProtobufCAllocator allocator = frame_allocator(arena);

	return kehu__record__unpack(&allocator, entry->bytes, entry->data);
}

static bool
draft_refers(struct app *app, const struct journal_entry *entry, uint32_t entity, int64_t id)
{
	struct arena *arena = arena_new(0);
	const Kehu__Record *record = draft_read(arena, entry);
	const Kehu__Entity *own =
	    record == NULL ? NULL : cat_entity(app_cat(app), record->entity);
	bool refers = false;

	for (size_t i = 0; own != NULL && i < record->n_values && !refers; i++) {
		const Kehu__Field *field = cat_field(own, record->values[i]->field);

		refers = field != NULL && field->type == CAT_REF &&
			 field->references == entity && record->values[i]->number == id;
	}
	arena_free(arena);
	return refers;
}

size_t
draft_about(struct app *app, uint32_t entity, int64_t id, const struct journal_entry **entries,
    size_t max)
{
	struct journal *journal = link_journal(app->link);
	size_t count = 0;

	for (size_t i = 0; journal != NULL && i < journal_count(journal) && count < max; i++) {
		const struct journal_entry *entry = journal_at(journal, i);

		if (entry->kind == JOURNAL_DRAFT && draft_refers(app, entry, entity, id))
			entries[count++] = entry;
	}
	return count;
}
