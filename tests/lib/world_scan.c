/*
 * Whether an answer holds one of the texts that the rows of a world are made of; whether its rows stay as
 * they are.
 */
#include "tests/lib/world_private.h"

#include "common/buf.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"

#include <ctype.h>
#include <string.h>

static bool
world_hex(const uint8_t *data, size_t digits, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < digits; i++) {
		if (!isxdigit(data[i]))
			return false;
		*number =
		    *number * 16 +
		    (uint64_t)(isdigit(data[i]) ? data[i] - '0' : tolower(data[i]) - 'a' + 10);
	}
	return true;
}

static bool
world_digits(const uint8_t *data, size_t digits, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < digits; i++) {
		if (!isdigit(data[i]))
			return false;
		*number = *number * 10 + (uint64_t)(data[i] - '0');
	}
	return true;
}

void
world_scan(const struct world *world, const uint8_t *data, size_t bytes,
    void (*found)(void *to, const struct world_row *row, uint32_t field), void *to)
{
	for (size_t at = 0; at + 11 <= bytes; at++) {
		const struct world_row *row = NULL;
		uint64_t id, field = 0;

		if ((data[at] == 'Z' || data[at] == 'z') && data[at + 1] == 'q' &&
		    at + 12 <= bytes && world_hex(data + at + 2, 7, &id) &&
		    data[at + 9] == 'f' && world_hex(data + at + 10, 2, &field))
			row = world_row(world, (int64_t)id);
		else if (memcmp(data + at, "199", 3) == 0 &&
			 world_digits(data + at + 3, 6, &id) &&
			 world_digits(data + at + 9, 2, &field))
			row = world_row(world, (int64_t)id + 5000000);
		if (row != NULL && row->made)
			found(to, row, (uint32_t)field);
	}
}

bool
world_shows(
    const struct world *world, const struct eval_user *user, const struct world_row *row)
{
	const struct entity_view *view =
	    catalog_entity(world->catalog, row->row.entity->number);
	const struct world_row *anchor;

	if (row->parent != NULL)
		return world_shows(world, user, row->parent);
	if ((eval_rights(&world->facts, user, row->row.entity) & EVAL_VIEW) != 0 &&
	    row->row.entity->kind != ENTITY_ANCHORED &&
	    eval_sees(&world->facts, user, &row->row))
		return true;
	if ((eval_rights(&world->facts, user, row->row.entity) & EVAL_VIEW) == 0 &&
	    row->row.entity->kind != ENTITY_ANCHORED)
		return false;
	/* Through a record it names, while that is open. */
	for (size_t i = 0; i < view->field_count; i++) {
		const struct field *field = view->fields[i];
		const struct world_row *target =
		    field->type == TYPE_REF ? world_target(world, row, field) : NULL;

		if (target != NULL && world_value(world, row, field).present &&
		    eval_sees(&world->facts, user, &target->row))
			return true;
	}
	anchor = row->row.entity->anchored || row->row.entity->kind == ENTITY_ANCHORED
		     ? world_anchor(world, row)
		     : NULL;
	return anchor != NULL && eval_sees(&world->facts, user, &anchor->row);
}

const char *
world_sums(const struct world *world, struct arena *arena)
{
	struct buf sql = BUF_INIT;
	const char *sums;

	buf_puts(&sql, "SELECT string_agg(x, E'\\n' ORDER BY x) FROM (");
	/* What a user has read is counted all the time. */
	for (size_t e = 0; entity_shipped[e] != NULL; e++)
		if (entity_shipped[e]->number != E_reading)
			buf_printf(&sql,
			    "%sSELECT '%s ' || count(*) || ' ' || "
			    "coalesce(sum(hashtextextended(t::text, 0)), 0) AS x FROM %s t",
			    e > 0 ? " UNION ALL " : "", entity_table(entity_shipped[e]),
			    entity_table(entity_shipped[e]));
	buf_printf(&sql,
	    " UNION ALL SELECT 'share ' || coalesce(sum(hashtextextended(t::text, 0)), 0) "
	    "FROM record_share t"
	    " UNION ALL SELECT 'history ' || count(*) FROM history WHERE entity <> %d"
	    " UNION ALL SELECT 'outcome ' || count(*) FROM outcome) s",
	    E_reading);
	sums = arena_strdup(arena, pg_exec(world->database, "%s", buf_text(&sql)));
	buf_fini(&sql);
	return sums;
}
