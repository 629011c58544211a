/*
 * Board: opportunities by stage, each stage a page of cards with the count and sums of all of
 * it. One trip to the database, unless words have to be looked for first.
 *
 * Won and lost ones are many after some years: those closed in the last thirty days stand on
 * it.
 */
#include "server/record/page.h"

#include "common/date.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/arms.h"
#include "server/rules/opportunity_stage.h"

#include <inttypes.h>
#include <string.h>

#define BOARD_CARDS       50
#define BOARD_CARDS_MAX   200
#define BOARD_CLOSED_DAYS 30
#define BOARD_STAGES_MAX  32

struct board {
	const struct entity_view *entity;
	struct arms arms;
	const char *query;
	const struct dictionary *dictionary;
	struct page_reading *pages[BOARD_STAGES_MAX]; /* by place in the dictionary */
	size_t count;
	const int64_t *ids; /* of the query's words; NULL: it has none */
	size_t id_count;
	struct rows *stages, *sums;
};

/* "level:A stage:won closed_on:2026-10-23.." */
static const char *
board_stage_query(struct call *call, const struct board *board, const char *stage)
{
	return arena_printf(call->arena, "%s stage:%s%s", board->query, stage,
	    strcmp(stage, "won") == 0 || strcmp(stage, "lost") == 0
		? arena_printf(call->arena, " closed_on:%s..",
		      date_format(call->arena, call_today(call) - BOARD_CLOSED_DAYS))
		: "");
}

static enum err
board_prepare(struct call *call, struct board *board)
{
	const Kehu__Board *request = call->request->board;
	size_t limit = request->limit == 0 ? BOARD_CARDS : request->limit;
	enum err err = ERR_OK;

	if (limit > BOARD_CARDS_MAX)
		limit = BOARD_CARDS_MAX;
	board->count = board->dictionary->count < BOARD_STAGES_MAX ? board->dictionary->count
								   : BOARD_STAGES_MAX;
	for (size_t i = 0; err == ERR_OK && i < board->count; i++)
		err = page_prepare(call,
		    &(struct page_request){ .entity = board->entity,
			.arms = &board->arms,
			.query =
			    board_stage_query(call, board, board->dictionary->items[i].code),
			.columns = request->columns,
			.column_count = request->n_columns,
			.limit = limit },
		    &board->pages[i]);
	return err;
}

static bool
board_shows(const struct board *board, uint32_t number)
{
	const struct field *field = entity_field(board->entity, number);

	return field != NULL && (field->flags & FIELD_MASKED) == 0;
}

/* "stage, currency, count, amount, weighted" of all the reader reaches. */
static enum err
board_queue_sums(struct call *call, struct board *board)
{
	bool money = board_shows(board, F_opportunity_amount);
	bool weighted = money && board_shows(board, F_opportunity_weighted);
	struct sql *sql = sql_new(call->arena);
	struct filter filter;
	enum err err;

	sql_addf(sql,
	    "SELECT t.stage, %s, count(*), %s, %s FROM opportunity t "
	    "WHERE t.deleted_at IS NULL AND ",
	    money ? "t.amount_currency" : "NULL::text",
	    money ? "sum(t.amount)::bigint" : "NULL::bigint",
	    weighted ? "sum(t.weighted)::bigint" : "NULL::bigint");
	record_arms_where(call, sql, board->entity, "t", &board->arms);
	sql_add(sql, " AND (t.state = 'open' OR t.closed_on >= ");
	sql_date(sql, call_today(call) - BOARD_CLOSED_DAYS);
	sql_add(sql, ")");
	if (board->ids != NULL) {
		sql_add(sql, " AND t.id = ANY(");
		sql_ints(sql, board->ids, board->id_count);
		sql_add(sql, ")");
	}
	err = filter_bind(call, board->entity, board->query, sql, &filter);
	if (err != ERR_OK)
		return err;
	if (filter.where[0] != '\0')
		sql_addf(sql, " AND %s", filter.where);
	sql_add(sql, " GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2");
	store_queue(call->store, sql, &board->sums);
	return ERR_OK;
}

static enum err
board_read(struct call *call, struct board *board)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < board->count; i++) {
		if (board->ids != NULL)
			page_only(board->pages[i], board->ids, board->id_count);
		page_queue(call, board->pages[i]);
	}
	stages_queue(call, &board->stages);
	err = board_queue_sums(call, board);
	return err != ERR_OK ? err : store_flush(call->store, call->arena);
}

/* ---- the answer -------------------------------------------------------------------------- */

static Kehu__Value *
board_money(struct call *call, int64_t minor, const char *currency)
{
	Kehu__Value *value = ARENA_NEW(call->arena, Kehu__Value);

	kehu__value__init(value);
	value->has_number = true;
	value->number = minor;
	value->text = arena_strdup(call->arena, currency);
	return value;
}

static void
board_take_sums(struct call *call, const struct board *board, Kehu__BoardStage *stage)
{
	const struct rows *rows = board->sums;

	stage->amounts = ARENA_ARRAY(call->arena, Kehu__Value *, rows->count + 1);
	stage->weighted = ARENA_ARRAY(call->arena, Kehu__Value *, rows->count + 1);
	for (size_t i = 0; i < rows->count; i++) {
		if (strcmp(rows_text(rows, i, 0), stage->stage) != 0)
			continue;
		stage->count += rows_int(rows, i, 2);
		if (rows_null(rows, i, 3))
			continue;
		stage->amounts[stage->n_amounts++] =
		    board_money(call, rows_int(rows, i, 3), rows_text(rows, i, 1));
		if (!rows_null(rows, i, 4))
			stage->weighted[stage->n_weighted++] =
			    board_money(call, rows_int(rows, i, 4), rows_text(rows, i, 1));
	}
}

static Kehu__BoardStage *
board_take_stage(struct call *call, const struct board *board, const struct stage *rules)
{
	Kehu__BoardStage *stage = ARENA_NEW(call->arena, Kehu__BoardStage);

	kehu__board_stage__init(stage);
	stage->stage = arena_strdup(call->arena, rules->code);
	stage->state = arena_strdup(call->arena, rules->state);
	stage->has_probability = stage->has_count = true;
	stage->probability = (uint32_t)rules->probability;
	board_take_sums(call, board, stage);
	for (size_t i = 0; i < board->count; i++)
		if (strcmp(board->dictionary->items[i].code, rules->code) == 0)
			stage->page = page_take(call, board->pages[i]);
	return stage;
}

static void
board_answer(struct call *call, const struct board *board)
{
	struct stages stages = stages_take(call, board->stages);
	Kehu__BoardAnswer *answer = ARENA_NEW(call->arena, Kehu__BoardAnswer);

	kehu__board_answer__init(answer);
	answer->stages = ARENA_ARRAY(call->arena, Kehu__BoardStage *, stages.count + 1);
	for (size_t i = 0; i < stages.count; i++)
		answer->stages[answer->n_stages++] =
		    board_take_stage(call, board, &stages.list[i]);
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_BOARD;
	call->answer.board = answer;
}

enum err
handle_board(struct call *call)
{
	const Kehu__Board *request = call->request->board;
	struct board board = { .query = request->query != NULL ? request->query : "" };
	bool words;
	enum err err;

	err = call_entity(call, E_opportunity, RIGHT_VIEW, &board.entity);
	if (err != ERR_OK)
		return err;
	board.dictionary = catalog_dictionary(call->catalog, "opportunity_stage");
	call_scope_references(call, board.entity);
	board.arms = call_scope(call, board.entity->def, RIGHT_VIEW);
	if (entity_field(board.entity, F_opportunity_stage) == NULL || board.dictionary == NULL)
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_opportunity);
	err = board_prepare(call, &board);
	if (err != ERR_OK)
		return err;
	words = board.count > 0 && page_words(board.pages[0])[0] != '\0';
	call_begin(call, words);
	if (words) {
		int64_t *ids;

		err = lists_find_words(call, board.entity, board.query, &ids, &board.id_count);
		if (err != ERR_OK)
			return err;
		board.ids = ids;
	}
	err = board_read(call, &board);
	if (err == ERR_OK)
		board_answer(call, &board);
	return err;
}
