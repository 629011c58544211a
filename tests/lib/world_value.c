/*
 * The values of a world's rows: those that rules insist on, references that fit, and else what follows
 * from the type.
 */
#include "tests/lib/world_private.h"

#include "common/date.h"
#include "common/log.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *
world_choice(const struct world *world, const char *dictionary, size_t nth)
{
	static char kept[200][1000];
	static char names[200][60];
	size_t d = 0, bytes;
	char *at, *code;

	while (names[d][0] != '\0' && strcmp(names[d], dictionary) != 0)
		d++;
	if (names[d][0] == '\0') {
		snprintf(names[d], sizeof(names[d]), "%s", dictionary);
		snprintf(kept[d], sizeof(kept[d]), "%s",
		    pg_exec(world->database,
			"SELECT string_agg(i.code, ' ' ORDER BY i.position, i.id) FROM "
			"dictionary_item i "
			"JOIN dictionary d ON d.id = i.dictionary_id WHERE d.name = '%s'",
			dictionary));
	}
	for (at = kept[d]; nth > 0 && at != NULL; nth--) {
		at = strchr(at, ' ');
		at = at != NULL ? at + 1 : NULL;
	}
	if (at == NULL || *at == '\0')
		return NULL;
	bytes = strcspn(at, " ");
	code = arena_strndup(world->arena, at, bytes);
	return code;
}

const struct entity *
world_entity(const struct world *world, const char *name)
{
	const struct entity_view *view = catalog_entity_named(world->catalog, name);

	if (view == NULL)
		fatal("no entity is called %s", name);
	return view->def;
}

int64_t
world_reference(const struct world *world, const char *name, size_t reader)
{
	const struct entity *entity = world_entity(world, name);
	struct world_row *row;

	switch (entity->number) {
	case E_user:
		return NOBODY;
	case E_branch:
		return BRANCH;
	case E_department:
		return DEPARTMENT;
	case E_pool:
		return POOL;
	default:
		row = world_find(world, entity,
		    entity->kind == ENTITY_SETUP ? PLACE_COMMON : PLACE_OWN, reader);
		return row != NULL ? row->row.id : 0;
	}
}

struct world_row *
world_target(const struct world *world, const struct world_row *row, const struct field *field)
{
	const struct entity *target =
	    field->type == TYPE_REF ? world_entity(world, field->ref) : NULL;
	enum world_place place = row->place;

	if (target == NULL || target->kind != ENTITY_ACTIVITY || target == row->row.entity ||
	    target->number < E_customer)
		return NULL;
	if (row->parent == NULL && place == PLACE_STRANGER)
		/* Through one way only, so that it is clear which. */
		place = target->number == E_customer ? PLACE_OWN : PLACE_STRANGER;
	if (place == PLACE_STATE || place == PLACE_OWN_DELETED)
		place = PLACE_OWN;
	if (place == PLACE_DEPARTMENT_DELETED)
		place = PLACE_DEPARTMENT;
	if (place == PLACE_OTHER_BRANCH_DELETED)
		place = PLACE_OTHER_BRANCH;
	if (place == PLACE_POOL || place == PLACE_OTHER_POOL)
		place = target->pooled ? place : PLACE_OTHER_BRANCH;
	/* Only what was inserted before: by number, customers first. */
	if (target->number > row->row.entity->number && row->parent == NULL)
		return NULL;
	if (place == PLACE_SHUT && !world_find(world, target, place, row->reader))
		place = PLACE_DEPARTMENT;
	return world_find(world, target, place, row->reader);
}

struct world_row *
world_anchor(const struct world *world, const struct world_row *row)
{
	const struct field anchor = { .type = TYPE_REF, .ref = "customer" };

	return row->row.entity->number > E_customer ? world_target(world, row, &anchor) : NULL;
}

static bool
world_access_value(
    const struct world_row *row, const struct field *field, struct world_value *value)
{
	const struct eval_row *of = &row->row;

	if (of->entity->kind != ENTITY_ACTIVITY)
		return false;
	if (strcmp(field->name, "owner_id") == 0)
		value->number = of->owner;
	else if (strcmp(field->name, "department_id") == 0)
		value->number = of->department;
	else if (strcmp(field->name, "branch_id") == 0)
		value->number = of->branch;
	else if (strcmp(field->name, "pool_id") == 0)
		value->number = of->pool;
	else
		return false;
	value->present = value->number != 0;
	return true;
}

static const char *
world_text(struct arena *arena, const struct field *field, int64_t id)
{
	uint32_t max = field->max_chars != 0 ? field->max_chars : 200;

	switch (field->type) {
	case TYPE_PHONE:
		return arena_printf(
		    arena, "199%06" PRId64 "%02u", id - 5000000, field->number % 100);
	case TYPE_MAIL:
		return arena_printf(
		    arena, "zq%07" PRIx64 "f%02x@example.com", (uint64_t)id, field->number);
	case TYPE_LINK:
		return arena_printf(
		    arena, "https://zq%07" PRIx64 "f%02x.example", (uint64_t)id, field->number);
	default:
		if (max < 12)
			return "Q";
		return arena_printf(arena, "Zq%07" PRIx64 "f%02x", (uint64_t)id, field->number);
	}
}

static struct world_value
world_type_value(
    const struct world *world, const struct field *field, int64_t id, size_t reader)
{
	struct world_value value = { .present = true };

	switch (field->type) {
	case TYPE_INT:
	case TYPE_QUANTITY:
		value.number = 1 + id % 90;
		break;
	case TYPE_BOOL:
		value.number = 0;
		break;
	case TYPE_DATE:
		value.number = 6000 + id % 14000;
		break;
	case TYPE_MOMENT:
		value.number = (INT64_C(20500) * 86400 + id % 100000) * US_PER_SECOND;
		break;
	case TYPE_MONEY:
		value.number = 100 * (id % 100000);
		value.text = "CNY";
		break;
	case TYPE_CHOICE:
		value.text = world_choice(world, field->dict, 0);
		value.present = value.text != NULL;
		break;
	case TYPE_REF:
		value.number = world_reference(world, field->ref, reader);
		value.present = value.number != 0;
		break;
	case TYPE_REFS:
		value.present = false;
		break;
	default:
		value.text = world_text(world->arena, field, id);
		break;
	}
	return value;
}

struct world_value
world_value(const struct world *world, const struct world_row *row, const struct field *field)
{
	const struct entity *entity = row->row.entity;
	struct world_value value = { .present = true };
	const struct world_row *target;
	bool hinted;
	const char *hint = world_hint(entity, field, &hinted);

	if (world_access_value(row, field, &value))
		return value;
	if (entity->state_field != NULL && strcmp(entity->state_field, field->name) == 0) {
		value.text = row->row.state;
		return value;
	}
	if (entity->number == E_customer && strcmp(field->name, "shut") == 0) {
		value.number = row->row.shut;
		return value;
	}
	if (strncmp(field->name, "anchor_", 7) == 0) {
		target = world_anchor(world, row);
		value.present = target != NULL;
		value.number = target == NULL                              ? 0
			       : strcmp(field->name, "anchor_entity") == 0 ? E_customer
									   : target->row.id;
		return value;
	}
	if (hinted) {
		value.present = hint != NULL;
		value.text =
		    hint != NULL && strcmp(hint, "#hex") == 0
			? arena_printf(world->arena, "0a%06" PRIx64, (uint64_t)row->row.id)
			: hint;
		value.number = hint == NULL                  ? 0
			       : strcmp(hint, "#owner") == 0 ? row->row.owner
							     : strtoll(hint, NULL, 10);
		return value;
	}
	if (field->type == TYPE_REF &&
	    world_entity(world, field->ref)->kind == ENTITY_ACTIVITY) {
		target = world_target(world, row, field);
		value.present = target != NULL;
		value.number = target != NULL ? target->row.id : 0;
		return value;
	}
	/* Nobody reads a message yet, no mail has failed yet … */
	return world_type_value(world, field, row->row.id, row->reader);
}

struct world_value
world_new_value(
    const struct world *world, const struct field *field, size_t reader, uint32_t salt)
{
	return world_type_value(world, field, 6000000 + (int64_t)salt, reader);
}
