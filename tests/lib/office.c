/* See office.h. */
#include "tests/lib/office.h"

#include "common/buf.h"
#include "common/date.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct office office;

static Kehu__Value *
office_value(struct arena *arena, bool has_number, int64_t number, const char *text, uint32_t field)
{
	Kehu__Value *value = ARENA_NEW(arena, Kehu__Value);

	kehu__value__init(value);
	value->has_number = has_number;
	value->number = number;
	value->text = arena_strdup(arena, text);
	value->has_field = field != 0;
	value->field = field;
	return value;
}

static Kehu__Value *
office_cell(struct arena *arena, uint32_t column, int64_t id)
{
	switch (column) {
	case 1:
		return office_value(arena, false, 0, arena_printf(arena, "C%05" PRId64, id), 0);
	case 2:
		return office_value(arena, false, 0,
		    id == 3 ? "=cmd|\033[31m\tred\"" : arena_printf(arena, "客户%" PRId64, id),
		    0);
	case 9:
		return office_value(arena, false, 0, "A", 0);
	case 18:
		return office_value(arena, true, 123450, "CNY", 0);
	case 25:
		return office_value(arena, true, 42, "张三", 0);
	default:
		return office_value(arena, false, 0, NULL, 0);
	}
}

static void
office_answer_list(struct arena *arena, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
	Kehu__Page page = KEHU__PAGE__INIT;
	const Kehu__List *list = frame->list;
	int64_t from = list->has_cursor ? strtoll((char *)list->cursor.data, NULL, 10) : 0;
	uint8_t *cursor;

	snprintf(
	    office.query, sizeof(office.query), "%s", list->query != NULL ? list->query : "");
	page.n_columns = list->n_columns;
	page.columns = list->columns;
	page.rows = ARENA_ARRAY(arena, Kehu__Row *, list->limit);
	while (page.n_rows < list->limit && from + (int64_t)page.n_rows < OFFICE_ROWS) {
		Kehu__Row *row = ARENA_NEW(arena, Kehu__Row);

		kehu__row__init(row);
		row->has_id = row->has_version = true;
		row->id = from + (int64_t)page.n_rows + 1;
		row->version = 4;
		row->n_cells = list->n_columns;
		row->cells = ARENA_ARRAY(arena, Kehu__Value *, list->n_columns);
		for (size_t i = 0; i < list->n_columns; i++)
			row->cells[i] = list->entity == 3
					    ? office_value(arena, false, 0,
						  row->id == 42 ? "张三" : "somebody", 0)
					    : office_cell(arena, list->columns[i], row->id);
		page.rows[page.n_rows++] = row;
	}
	from += (int64_t)page.n_rows;
	if (from < OFFICE_ROWS) {
		cursor = (uint8_t *)arena_printf(arena, "%" PRId64, from);
		page.has_next = true;
		page.next =
		    (ProtobufCBinaryData){ .data = cursor, .len = strlen((char *)cursor) + 1 };
	}
	answer.answer_case = KEHU__SERVER_FRAME__ANSWER_PAGE;
	answer.page = &page;
	fake_answer(fake, frame, &answer);
}

static void
office_answer_get(struct arena *arena, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
	Kehu__GetAnswer get = KEHU__GET_ANSWER__INIT;
	Kehu__Record record = KEHU__RECORD__INIT, line = KEHU__RECORD__INIT,
		     *lines[] = { &line };
	Kehu__Value *values[] = { office_value(arena, false, 0, "C00007", 1),
		office_value(arena, false, 0, "华信科技", 2), office_value(arena, true, 42, "张三", 25),
		office_value(arena, true, 123450, "CNY", 18), office_value(arena, true, 1, NULL, 41) };
	Kehu__Value *line_values[] = { office_value(arena, false, 0, "138****1234", 2) };

	if (frame->get->id == 404) {
		fake_answer_error(fake, frame, ERR_NO_SUCH_RECORD);
		return;
	}
	line_values[0]->has_masked = line_values[0]->masked = true;
	record.has_entity = record.has_id = record.has_version = true;
	record.entity = 10;
	record.id = frame->get->id;
	record.version = 3;
	record.n_values = 5;
	record.values = values;
	line.has_entity = line.has_id = true;
	line.entity = 11;
	line.id = 900;
	line.n_values = 1;
	line.values = line_values;
	record.n_lines = 1;
	record.lines = lines;
	get.record = &record;
	answer.answer_case = KEHU__SERVER_FRAME__ANSWER_GET;
	answer.get = &get;
	fake_answer(fake, frame, &answer);
}

static void
office_note_values(struct buf *out, Kehu__Value *const *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, " %u=%s/%" PRId64, values[i]->field,
		    values[i]->text != NULL ? values[i]->text : "", values[i]->number);
}

static void
office_note_save(const Kehu__ClientFrame *frame)
{
	struct buf out = BUF_INIT;

	if (frame->request_case == KEHU__CLIENT_FRAME__REQUEST_SAVE) {
		const Kehu__Record *record = frame->save->record;

		buf_printf(&out, "save %u %" PRId64 " v%u:", record->entity, record->id,
		    record->version);
		office_note_values(&out, record->values, record->n_values);
		for (size_t i = 0; i < record->n_lines; i++) {
			buf_printf(&out, " line %u %" PRId64 ":", record->lines[i]->entity,
			    record->lines[i]->id);
			office_note_values(&out, record->lines[i]->values, record->lines[i]->n_values);
		}
	} else if (frame->request_case == KEHU__CLIENT_FRAME__REQUEST_ACT) {
		buf_printf(&out, "act %u %" PRId64 " %s:", frame->act->entity, frame->act->id,
		    frame->act->action);
		office_note_values(&out, frame->act->arguments, frame->act->n_arguments);
	} else {
		buf_printf(&out, "delete %" PRId64 " v%u", frame->delete_->id,
		    frame->delete_->version);
	}
	free(office.saved);
	office.saved = buf_take(&out);
}

static void
office_answer_write(struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
	Kehu__Written written = KEHU__WRITTEN__INIT;

	office_note_save(frame);
	if (office.refuse != ERR_OK) {
		Kehu__Error error = KEHU__ERROR__INIT, more = KEHU__ERROR__INIT,
			    *mores[] = { &more };
		Kehu__Difference difference = KEHU__DIFFERENCE__INIT,
				 *differences[] = { &difference };
		Kehu__Value theirs = KEHU__VALUE__INIT, yours = KEHU__VALUE__INIT;
		char text[] = "不能为空";

		error.has_code = error.has_field = more.has_code = more.has_field = true;
		error.code = more.code = (uint32_t)office.refuse;
		error.field = 2;
		more.field = 9;
		more.text = error.text = text;
		if (office.refuse == ERR_CONFLICT) {
			static char theirs_text[] = "他们的", yours_text[] = "x";

			difference.has_field = true;
			difference.field = 2;
			difference.theirs = &theirs;
			difference.yours = &yours;
			theirs.text = theirs_text;
			yours.text = yours_text;
			error.n_differences = 1;
			error.differences = differences;
		} else {
			error.n_more = 1;
			error.more = mores;
		}
		answer.answer_case = KEHU__SERVER_FRAME__ANSWER_ERROR;
		answer.error = &error;
		fake_answer(fake, frame, &answer);
		return;
	}
	written.has_id = written.has_version = true;
	written.id = 77;
	written.version = 1;
	answer.answer_case = KEHU__SERVER_FRAME__ANSWER_WRITTEN;
	answer.written = &written;
	fake_answer(fake, frame, &answer);
}

static void
office_answer_search(struct arena *arena, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
	Kehu__SearchAnswer search = KEHU__SEARCH_ANSWER__INIT;
	Kehu__Hit first = KEHU__HIT__INIT, second = KEHU__HIT__INIT,
		  *hits[] = { &first, &second };
	static uint8_t cursor[] = "c";

	if (strcmp(frame->search->text, "bad:") == 0) {
		fake_answer_error(fake, frame, ERR_QUERY);
		return;
	}
	first.has_entity = second.has_entity = first.has_id = second.has_id = true;
	first.entity = second.entity = 10;
	first.id = frame->search->has_cursor ? 3 : 1;
	second.id = 2;
	first.label = second.label = arena_printf(arena, "%s公司", frame->search->text);
	first.matched = arena_strdup(arena, frame->search->text);
	search.hits = hits;
	search.n_hits = frame->search->has_cursor || frame->search->limit == 1 ? 1 : 2;
	search.has_next = !frame->search->has_cursor;
	search.next = (ProtobufCBinaryData){ .data = cursor, .len = 1 };
	answer.answer_case = KEHU__SERVER_FRAME__ANSWER_SEARCH;
	answer.search = &search;
	fake_answer(fake, frame, &answer);
}

static void
office_answer_import(struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
	Kehu__ImportAnswer import = KEHU__IMPORT_ANSWER__INIT;

	import.has_id = true;
	import.id = 5;
	if (frame->import->step == 1) {
		struct buf map = BUF_INIT;

		office.imports++;
		office.import_bytes = office.chunks = 0;
		for (size_t i = 0; i < frame->import->n_map; i++)
			buf_printf(&map, "%s<-%s%s%s;", frame->import->map[i]->field,
			    frame->import->map[i]->column != NULL
				? frame->import->map[i]->column
				: "",
			    frame->import->map[i]->value != NULL ? "=" : "",
			    frame->import->map[i]->value != NULL ? frame->import->map[i]->value
								 : "");
		free(office.saved);
		office.saved = buf_take(&map);
	}
	if (frame->import->step == 2) {
		assert_true(frame->import->chunk <= office.chunks);
		if (frame->import->chunk == office.chunks) {
			office.chunks++;
			office.import_bytes += frame->import->data.len;
		}
		if (office.cut_import > 0 && --office.cut_import == 0) {
			fake_cut(fake);
			return;
		}
	}
	import.has_job = frame->import->step == 3;
	import.job = 8;
	answer.answer_case = KEHU__SERVER_FRAME__ANSWER_IMPORT;
	answer.import = &import;
	fake_answer(fake, frame, &answer);
}

static void
office_answer_job(struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	static int looks;
	Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
	Kehu__JobAnswer job = KEHU__JOB_ANSWER__INIT;
	char running[] = "running", done[] = "done", text[] = "读取 3，新建 2，更新 0，拒绝 1";
	uint8_t chunk[] = "line 2: no name\n";

	job.has_id = true;
	job.id = 8;
	job.state = looks++ % 2 == 0 ? running : done;
	job.text = text;
	job.has_chunks = true;
	job.chunks = 1;
	if (frame->job->step == 4) {
		job.has_data = true;
		job.data = (ProtobufCBinaryData){ .data = chunk, .len = sizeof(chunk) - 1 };
	}
	answer.answer_case = KEHU__SERVER_FRAME__ANSWER_JOB;
	answer.job = &job;
	fake_answer(fake, frame, &answer);
}

bool
office_answer(void *context, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	struct arena *arena = arena_new(0);
	bool answered = true;

	(void)context;
	switch (frame->request_case) {
	case KEHU__CLIENT_FRAME__REQUEST_LIST:
		office_answer_list(arena, fake, frame);
		break;
	case KEHU__CLIENT_FRAME__REQUEST_GET:
		office_answer_get(arena, fake, frame);
		break;
	case KEHU__CLIENT_FRAME__REQUEST_SAVE:
	case KEHU__CLIENT_FRAME__REQUEST_ACT:
	case KEHU__CLIENT_FRAME__REQUEST_DELETE:
		office_answer_write(fake, frame);
		break;
	case KEHU__CLIENT_FRAME__REQUEST_SEARCH:
		office_answer_search(arena, fake, frame);
		break;
	case KEHU__CLIENT_FRAME__REQUEST_IMPORT:
		office_answer_import(fake, frame);
		break;
	case KEHU__CLIENT_FRAME__REQUEST_JOB:
		office_answer_job(fake, frame);
		break;
	default:
		answered = false;
	}
	arena_free(arena);
	return answered;
}
