/*
 * What is expected of an answer, and telling where it is otherwise: by the evaluator, by what rules
 * refuse besides (matrix.def), and by texts that nobody else may read.
 */
#include "tests/lib/matrix.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

/* Whose records a refusal is about. */
enum matrix_whose {
	ALL,
	SHARED, /* shared with the reader, who has no role that reaches them */
	OTHERS,
	OWN,
};

static const struct {
	const char *entity, *request;
	enum err err;
	enum matrix_whose whose;
	const char *role; /* only for roles that begin so */
} matrix_refusals[] = {
#define REFUSED(...) { __VA_ARGS__ },
#include "tests/lib/matrix.def"
#undef REFUSED
};

struct matrix matrix;

void __attribute__((format(printf, 3, 4)))
matrix_wrong(size_t reader, const struct ask *ask, const char *format, ...)
{
	static const char *const places[] = { "own", "team", "shared to read",
		"shared to write", "a stranger's", "own, deleted", "own, further state",
		"department", "below", "other department", "branch below", "other branch",
		"pool", "other pool", "company", "shut", "department, deleted", "other branch, deleted",
		"common", "common, deleted" };
	static struct told {
		const char *what, *format;
		const struct entity *entity;
		const struct field *field;
	} told[TELL_MAX];
	const struct told now = { ask->what, format, ask->entity, ask->field };
	size_t at = 0;
	char text[400];
	va_list args;

	matrix.failures++;
	/* The first of each sort is enough. */
	while (
	    at < TELL_MAX && told[at].what != NULL && memcmp(&told[at], &now, sizeof(now)) != 0)
		at++;
	if (at == TELL_MAX || told[at].what != NULL)
		return;
	told[at] = now;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_message("# %s: %s %s%s%s (%s%s%s%s%s): %s\n", matrix.world->readers[reader].role,
	    ask->what, ask->entity != NULL ? ask->entity->name : "",
	    ask->tab != NULL ? " to " : "", ask->tab != NULL ? ask->tab->entity : "",
	    ask->row != NULL ? places[ask->row->place] : "",
	    ask->row != NULL && ask->row->row.state != NULL ? ", " : "",
	    ask->row != NULL && ask->row->row.state != NULL ? ask->row->row.state : "",
	    ask->field != NULL ? ", " : "", ask->field != NULL ? ask->field->name : "", text);
	if (getenv("KEHU_FIRST_FAILURE") != NULL) /* tests/tools/mutate wants no more */
		exit(1);
}

static bool
matrix_is_whose(size_t reader, const struct world_row *row, enum matrix_whose whose)
{
	bool own = row != NULL && row->row.owner == matrix.world->readers[reader].id;

	switch (whose) {
	case SHARED:
		return row != NULL && row->place == PLACE_SHARED_WRITE;
	case OTHERS:
		return row != NULL && !own;
	case OWN:
		return own;
	default:
		return true;
	}
}

bool
matrix_may_refuse(size_t reader, const struct ask *ask, enum err err)
{
	switch (err) {
	case ERR_OK:
	case ERR_NO_SUCH_ENTITY:
	case ERR_NO_SUCH_RECORD:
	case ERR_NO_SUCH_FIELD:
	case ERR_NO_SUCH_ACTION:
	case ERR_FORBIDDEN:
	case ERR_WRONG_STATE:
	case ERR_BAD_REQUEST:
	case ERR_STALE:
	case ERR_INTERNAL:
		break;
	default:
		return ask->check == matrix_check_write && err_name(err)[0] != '?';
	}
	for (size_t i = 0; i < sizeof(matrix_refusals) / sizeof(matrix_refusals[0]); i++)
		if (strcmp(matrix_refusals[i].entity, ask->entity->name) == 0 &&
		    strcmp(matrix_refusals[i].request, ask->what) == 0 &&
		    matrix_refusals[i].err == err &&
		    matrix_is_whose(reader, ask->row, matrix_refusals[i].whose) &&
		    (matrix_refusals[i].role == NULL ||
			strncmp(matrix_refusals[i].role, matrix.world->readers[reader].role,
			    strlen(matrix_refusals[i].role)) == 0))
			return true;
	return false;
}

void
matrix_check_error(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	static const enum err errors[] = { [EVAL_OK] = ERR_OK,
		[EVAL_NO_ENTITY] = ERR_NO_SUCH_ENTITY,
		[EVAL_NO_RECORD] = ERR_NO_SUCH_RECORD,
		[EVAL_NO_ACTION] = ERR_NO_SUCH_ACTION,
		[EVAL_PURPOSE] = ERR_PURPOSE_NEEDED,
		[EVAL_FORBIDDEN] = ERR_FORBIDDEN,
		[EVAL_WRONG_STATE] = ERR_WRONG_STATE,
		[EVAL_BAD_REQUEST] = ERR_BAD_REQUEST };
	enum err expected = errors[ask->expected];

	if (answer->err == expected ||
	    (expected == ERR_OK && matrix_may_refuse(reader, ask, answer->err)))
		return;
	matrix_wrong(reader, ask, "%s expected, answered %s %s (field %u)",
	    eval_answer_name(ask->expected), err_name(answer->err),
	    answer->err != ERR_OK ? answer->frame->error->text : "",
	    answer->err != ERR_OK ? answer->frame->error->field : 0);
}

static bool
matrix_shown(size_t reader, const struct world_row *row)
{
	uint8_t *kept = &matrix.shown[reader * matrix.world->count + (size_t)(row->row.id - WORLD_FIRST_ID)];

	if (*kept == 0)
		*kept = (uint8_t)(1 + world_shows(matrix.world, &matrix.world->readers[reader], row));
	return *kept == 2;
}

enum eval_show
matrix_show(size_t reader, const struct entity *entity, const struct field *field)
{
	uint8_t *kept =
	    &matrix.shows[(reader * 256 + matrix.index_of[entity->number]) * 256 + field->number % 256];

	if (*kept == 0)
		*kept = (uint8_t)(1 + eval_field(&matrix.world->facts, &matrix.world->readers[reader], entity,
					  field));
	return (enum eval_show)(*kept - 1);
}

struct scan {
	size_t reader;
	const struct ask *ask;
	const uint8_t *sent;
	size_t sent_bytes;
};

const struct field *
matrix_field(const struct world_row *row, uint32_t number)
{
	return entity_field(catalog_entity(matrix.world->catalog, row->row.entity->number), number);
}

static void
matrix_found(void *to, const struct world_row *row, uint32_t number)
{
	struct scan *scan = to;
	const struct field *field = matrix_field(row, number);
	struct world_value value;
	enum eval_show show;

	if (field == NULL)
		return;
	show = matrix_show(scan->reader, row->row.entity, field);
	if (show <= EVAL_READONLY && matrix_shown(scan->reader, row))
		return;
	value = world_value(matrix.world, row, field);
	/* What the reader said himself comes back in messages. */
	if (value.text != NULL && scan->sent_bytes > 0 &&
	    memmem(scan->sent, scan->sent_bytes, value.text, strlen(value.text)) != NULL)
		return;
	matrix_wrong(scan->reader, scan->ask,
	    "tells %s.%s of record %" PRId64 " (place %d, reader %zu)", row->row.entity->name,
	    field->name, row->row.id, (int)row->place, row->reader);
}

void
matrix_scan(size_t reader, const struct ask *ask, const struct wire_answer *answer)
{
	struct buf sent = BUF_INIT;
	struct scan scan = { .reader = reader, .ask = ask };

	if (frame_pack_client(&sent, ask->frame) == ERR_OK) {
		scan.sent = (const uint8_t *)sent.data;
		scan.sent_bytes = sent.bytes;
	}
	world_scan(matrix.world, answer->data, answer->bytes, matrix_found, &scan);
	buf_fini(&sent);
}
