/* The records in an answer or a page of an export, before they are sent: counted, or refused past the budget. */
#include "server/audit/readings_private.h"

#include "server/entity/fields.h"

/* Business records count; branches, dictionaries and the like are only labels. */
static const struct entity_view *
readings_counted(const struct call *call, uint32_t number)
{
	const struct entity_view *entity = call_view(call, number);

	return entity != NULL && entity->def->kind == ENTITY_ACTIVITY && number != E_reading
		   ? entity
		   : NULL;
}

static enum err
readings_charge_page(struct call *call, uint32_t number, const Kehu__Page *page)
{
	const struct entity_view *entity = readings_counted(call, number);
	int64_t *ids = ARENA_ARRAY(call->arena, int64_t, page->n_rows + 1);
	enum err err;

	if (entity == NULL)
		return ERR_OK;
	for (size_t i = 0; i < page->n_rows; i++)
		ids[i] = page->rows[i]->id;
	err = readings_charge(call, READ_LIST, ids, page->n_rows);
	if (err == ERR_OK)
		readings_note_view(call, entity, 0, page->n_rows);
	return err;
}

static enum err
readings_charge_record(struct call *call, uint32_t number, int64_t id)
{
	const struct entity_view *entity = readings_counted(call, number);
	enum err err;

	if (entity == NULL)
		return ERR_OK;
	err = readings_charge(call, READ_OPEN, &id, 1);
	if (err == ERR_OK)
		readings_note_view(call, entity, id, 1);
	return err;
}

static enum err
readings_charge_get(struct call *call)
{
	const Kehu__GetAnswer *get = call->answer.get;
	enum err err =
	    readings_charge_record(call, call->request->get->entity, call->request->get->id);

	for (size_t i = 0; err == ERR_OK && i < get->n_related; i++)
		err =
		    readings_charge_page(call, get->related[i]->entity, get->related[i]->page);
	return err;
}

static enum err
readings_charge_search(struct call *call)
{
	const Kehu__SearchAnswer *search = call->answer.search;
	int64_t *ids = ARENA_ARRAY(call->arena, int64_t, search->n_hits + 1);
	size_t count = 0;

	for (size_t i = 0; i < search->n_hits; i++)
		if (readings_counted(call, search->hits[i]->entity) != NULL)
			ids[count++] = search->hits[i]->id;
	return readings_charge(call, READ_SEARCH, ids, count);
}

static enum err
readings_charge_board(struct call *call)
{
	const Kehu__BoardAnswer *board = call->answer.board;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < board->n_stages; i++)
		if (board->stages[i]->page != NULL)
			err = readings_charge_page(call, E_opportunity, board->stages[i]->page);
	return err;
}

/* The day's work stays in sight without the rows that the budget no longer covers. */
static enum err
readings_charge_today(struct call *call)
{
	const Kehu__TodayAnswer *today = call->answer.today;

	for (size_t i = 0; i < today->n_sections; i++) {
		Kehu__TodaySection *section = today->sections[i];
		enum err err = section->page != NULL
				   ? readings_charge_page(call, section->entity, section->page)
				   : ERR_OK;

		if (err != ERR_OK && err != ERR_BUDGET)
			return err;
		if (err == ERR_BUDGET) {
			section->page->n_rows = 0;
			call->failure = (struct failure){ 0 };
		}
	}
	return ERR_OK;
}

enum err
readings_charge_answer(struct call *call)
{
	const Kehu__ClientFrame *request = call->request;

	switch (call->answer.answer_case) {
	case KEHU__SERVER_FRAME__ANSWER_PAGE:
		return readings_charge_page(call,
		    request->request_case == KEHU__CLIENT_FRAME__REQUEST_LIST
			? request->list->entity
			: request->related->related,
		    call->answer.page);
	case KEHU__SERVER_FRAME__ANSWER_GET:
		return readings_charge_get(call);
	case KEHU__SERVER_FRAME__ANSWER_SEARCH:
		return readings_charge_search(call);
	case KEHU__SERVER_FRAME__ANSWER_HISTORY:
		/* What somebody proposes is theirs to show; who may decide sees it whole. */
		if (request->request_case != KEHU__CLIENT_FRAME__REQUEST_HISTORY)
			return ERR_OK;
		return readings_charge_record(
		    call, request->history->entity, request->history->id);
	case KEHU__SERVER_FRAME__ANSWER_BOARD:
		return readings_charge_board(call);
	case KEHU__SERVER_FRAME__ANSWER_DISPATCH:
		return call->answer.dispatch->open != NULL
			   ? readings_charge_page(call, E_job_visit, call->answer.dispatch->open)
			   : ERR_OK;
	case KEHU__SERVER_FRAME__ANSWER_TODAY:
		return readings_charge_today(call);
	case KEHU__SERVER_FRAME__ANSWER_ATTACH:
		return call->answer.attach->has_data
			   ? readings_charge_record(
				 call, request->attach->entity, request->attach->record)
			   : ERR_OK;
	default:
		return ERR_OK;
	}
}

enum err
readings_charge_export(
    struct call *call, const struct entity_view *entity, const int64_t *ids, size_t count)
{
	enum err err = readings_counted(call, entity->def->number) != NULL
			   ? readings_charge(call, READ_EXPORT, ids, count)
			   : ERR_OK;

	if (err == ERR_OK)
		readings_note_view(call, entity, 0, count);
	return err;
}
