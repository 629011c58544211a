/*
 * What the reader sees of a report that is a text: a column whose field is hidden, or masked
 * and a number, goes with its groups, totals and charts; and what cells show of the rows.
 */
#include "server/report/report_file_run.h"

#include "common/date.h"
#include "common/money.h"
#include "server/entity/dictionary.h"
#include "server/store/ddl.h"

#include <string.h>

/* ---- what this reader sees of it --------------------------------------------------------- */

/* Masked numbers are not summed, nor worked with; masked texts show as such. */
static bool
run_sees(const struct call *call, const struct entity *entity, const struct field *field,
    bool worked)
{
	enum field_right right = access_field(call->user, entity, field);

	return right != FIELD_SHOW_HIDDEN &&
	       (right != FIELD_SHOW_MASKED ||
		   (!worked && strcmp(ddl_type(field->type), "text") == 0));
}

static bool
run_sees_needs(const struct file_run *run, const char *needs)
{
	const struct call *call = run->report->call;

	while (needs != NULL && *needs != '\0') {
		size_t bytes = strcspn(needs, " ");
		char *word = arena_strndup(run->arena, needs, bytes), *dot = strchr(word, '.');
		const struct entity_view *entity;

		*dot = '\0';
		entity = catalog_entity_named(call->catalog, word);
		if (!run_sees(call, entity->def, entity_field_named(entity, dot + 1), true))
			return false;
		needs += bytes + (needs[bytes] == ' ');
	}
	return true;
}

bool
run_is_worked(const struct file_column *column)
{
	return column->kind == FILE_SHARE || column->kind == FILE_AVERAGE;
}

/* Columns with the field that a parameter chose, where each stands in the SQL, and which are
 * seen. */
void
run_look(struct file_run *run)
{
	const struct call *call = run->report->call;
	size_t source = 0;

	for (size_t i = 0; i < run->table->column_count; i++) {
		struct file_column *column = &run->columns[i];

		*column = run->table->columns[i];
		run->source[i] = source;
		source += !run_is_worked(column);
		if (column->by != 0) {
			column->field = report_file_choice(call, run->file, column->by - 1,
			    run->report->parameters[column->by - 1].text, &column->entity);
			column->kind =
			    column->field->type == TYPE_REF ? FILE_SETUP : FILE_CHOICE;
			if (column->title.zh == NULL)
				column->title =
				    (struct file_words){ column->field->zh, column->field->en };
		}
		run->seen[i] =
		    (column->field == NULL || run_sees(call, column->entity, column->field,
						  column->sum == DOC_SUM)) &&
		    run_sees_needs(run, column->needs);
		if (run_is_worked(column))
			run->seen[i] = run->seen[column->over] && run->seen[column->under];
	}
	for (size_t i = 0; i < run->table->group_count; i++)
		if (run->seen[run->table->groups[i].column] &&
		    run->seen[run->table->groups[i].label])
			run->groups[run->group_count++] = i;
	for (size_t i = 0; i < run->table->column_count; i++)
		if (run->seen[i] && !run->columns[i].hidden)
			run->shown[run->shown_count++] = i;
}

const char *
run_words(const struct file_run *run, const struct file_words *words)
{
	return words->zh != NULL ? call_say(run->report->call, words->en, words->zh) : NULL;
}

/* ---- cells ------------------------------------------------------------------------------- */

static const char *
run_word(const struct file_run *run, const char *code)
{
	for (size_t i = 0; i < run->file->word_count; i++)
		if (strcmp(run->file->words[i].code, code) == 0)
			return run_words(run, &run->file->words[i].title);
	return code;
}

struct doc_cell
run_cell(const struct file_run *run, const struct rows *rows, size_t row, size_t at)
{
	const struct file_column *column = &run->columns[at];
	const struct call *call = run->report->call;
	size_t source = run->source[at];

	if (rows_null(rows, row, source))
		return column->named ? doc_text(call_unseen(call)) : doc_empty();
	switch (column->kind) {
	case FILE_INTEGER:
	case FILE_NUMBER:
	case FILE_MONEY:
		return doc_value(rows_int(rows, row, source));
	case FILE_DATE:
		return doc_value(rows_date(rows, row, source));
	case FILE_MOMENT:
		return doc_value(rows_moment(rows, row, source));
	case FILE_BOOL:
		return doc_text(rows_bool(rows, row, source) ? call_say(call, "Yes", "是")
							     : call_say(call, "No", "否"));
	case FILE_WORD:
		return doc_text(run_word(run, rows_text(rows, row, source)));
	case FILE_CHOICE:
		return doc_text(dictionary_label(call->catalog, column->field,
		    rows_text(rows, row, source), call->session.lang));
	case FILE_SETUP:
		return doc_text(report_setup(run->report,
		    catalog_entity_named(call->catalog, column->field->ref)->def->number,
		    rows_int(rows, row, source)));
	default:
		return doc_text(rows_text(rows, row, source));
	}
}

/* As a heading or a label. */
const char *
run_cell_text(const struct file_run *run, struct arena *arena, const struct rows *rows,
    size_t row, size_t at)
{
	struct doc_cell cell = run_cell(run, rows, row, at);
	const struct file_column *column = &run->columns[at];

	if (cell.has == DOC_CELL_EMPTY)
		return call_say(run->report->call, "(none)", "（未填）");
	if (cell.has == DOC_CELL_TEXT)
		return cell.text;
	if (column->kind == FILE_DATE)
		return date_format(arena, cell.value);
	if (column->kind == FILE_MOMENT)
		return date_format_us(arena, cell.value, run->report->call->session.offset_min);
	return report_scaled(arena, cell.value, (int)column->decimals, (int)column->decimals);
}

static int64_t
run_power(int decimals)
{
	int64_t power = 1;

	while (decimals-- > 0)
		power *= 10;
	return power;
}

/* a in percent of b, or a by b, rounded; empty where there is nothing to divide by. */
static struct doc_cell
run_ratio(const struct file_run *run, const struct file_column *column,
    const struct doc_cell *over, const struct doc_cell *under)
{
	int shift = (int)column->decimals + (int)run->columns[column->under].decimals -
		    (int)run->columns[column->over].decimals +
		    (column->kind == FILE_SHARE ? 2 : 0);
	int64_t divisor, result;

	if (over->has != DOC_CELL_VALUE || under->has != DOC_CELL_VALUE || under->value == 0 ||
	    __builtin_mul_overflow(under->value, run_power(-shift), &divisor) ||
	    money_scale(over->value, run_power(shift), divisor, &result) != ERR_OK)
		return doc_empty();
	return doc_value(result);
}

/* The cell of a column: in the row or total itself, or, of one that is not shown, as it came
 * last. */
static const struct doc_cell *
run_operand(const struct file_run *run, const struct doc_cell *cells, size_t column)
{
	for (size_t i = 0; i < run->shown_count; i++)
		if (run->shown[i] == column)
			return &cells[i];
	return &run->last[column];
}

/* Columns worked out of others, which stand in cells already. */
void
run_work_out(const struct file_run *run, struct doc_cell *cells)
{
	for (size_t i = 0; i < run->shown_count; i++) {
		const struct file_column *column = &run->columns[run->shown[i]];

		if (run_is_worked(column))
			cells[i] = run_ratio(run, column, run_operand(run, cells, column->over),
			    run_operand(run, cells, column->under));
	}
}

struct doc_column
run_column(const struct file_run *run, size_t at)
{
	static const enum doc_kind kinds[] = { [FILE_INTEGER] = DOC_INTEGER,
		[FILE_NUMBER] = DOC_MONEY,
		[FILE_MONEY] = DOC_MONEY,
		[FILE_DATE] = DOC_DATE,
		[FILE_MOMENT] = DOC_MOMENT,
		[FILE_SHARE] = DOC_MONEY,
		[FILE_AVERAGE] = DOC_MONEY };
	const struct file_column *column = &run->columns[at];
	bool text = column->kind >= sizeof(kinds) / sizeof(kinds[0]);

	return (struct doc_column){
		.title = run_words(run, &column->title),
		.kind = text ? DOC_TEXT : kinds[column->kind],
		.decimals = (uint8_t)column->decimals,
		.sum = column->sum,
		.min_cols = column->width,
		.weight = column->weight,
		.wrap = column->wrap,
	};
}
