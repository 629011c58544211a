/*
 * Any list as a report: a query, columns, a group, sums and a chart, given one by one or as a saved view, become the
 * same as a text of a report is read into; report_file_run.c makes the document of it. What the reader may not see of
 * a view that others share is left out of it; what is asked for by name is refused.
 */
#include "server/report/report_file.h"

#include "common/buf.h"
#include "server/entity/fields.h"
#include "server/record/page.h"

#include <inttypes.h>
#include <string.h>

/* The query is the first: it is the parameter that the head of the report says. */
enum { LIST_QUERY = 1, LIST_OF, LIST_COLUMNS, LIST_GROUP, LIST_SUMS, LIST_SORT, LIST_CHART, LIST_TITLE, LIST_VIEW };

static const struct field list_parameters[] = {
	{ LIST_QUERY, "query", TYPE_TEXT, "条件", "Query", .max_chars = 2000, .help_zh = "如 level:A；空：全部",
	    .help_en = "Such as level:A; empty: all" },
	{ LIST_OF, "of", TYPE_TEXT, "对象", "Of", .max_chars = 40, .help_zh = "如 customer；用视图时不填",
	    .help_en = "Such as customer; not with a view" },
	{ LIST_COLUMNS, "columns", TYPE_TEXT, "列", "Columns", .max_chars = 500,
	    .help_zh = "字段名，逗号分隔；空为默认列", .help_en = "Names of fields, separated by commas; empty: the default ones" },
	{ LIST_GROUP, "group", TYPE_TEXT, "分组", "Group by", .max_chars = 80, .help_zh = "字段名，日期按月",
	    .help_en = "A field; dates by month" },
	{ LIST_SUMS, "sums", TYPE_TEXT, "合计", "Sums", .max_chars = 300, .help_zh = "金额或数字字段，逗号分隔",
	    .help_en = "Fields of money or numbers, separated by commas" },
	{ LIST_SORT, "sort", TYPE_TEXT, "排序", "Sort", .max_chars = 80, .help_zh = "字段名，前加 - 为降序",
	    .help_en = "A field; -FIELD: downwards" },
	{ LIST_CHART, "chart", TYPE_TEXT, "图", "Chart", .max_chars = 10, .help_zh = "bars、pie、line 或 pareto，须有分组",
	    .help_en = "bars, pie, line or pareto, of the groups" },
	{ LIST_TITLE, "title", TYPE_TEXT, "标题", "Title", .max_chars = 80 },
	{ LIST_VIEW, "view", TYPE_REF, "视图", "View", .ref = "saved_view",
	    .help_zh = "已存的视图；其他参数优先于它", .help_en = "A saved view; what else is given goes before it" },
	{ 0 },
};

struct list {
	struct report *report;
	struct call *call;
	struct report_file *file;
	struct file_table *table;
	const struct entity_view *entity; /* as the reader sees it */
	const char *texts[LIST_VIEW];     /* by parameter */
	struct record *view;              /* NULL: none is named */
	struct buf select, reads, currencies;
	const struct field *sums[FILE_VALUES_MAX];
	size_t sum_count;
	bool counted; /* a column says how many there are */
};

/* ---- what is asked for ------------------------------------------------------------------- */

static enum err
list_read_view(struct list *list)
{
	struct call *call = list->call;
	const struct entity_view *views = call_view(call, E_saved_view);
	int64_t id = report_parameter(list->report, LIST_VIEW)->number;
	enum err err;

	call_scope(call, views->def, RIGHT_VIEW);
	report_start(call);
	err = record_read(call, views, id, RIGHT_VIEW, false, false, &list->view);
	if (err == ERR_OK && (list->view == NULL || !record_is_there(list->view)))
		err = report_refuse(list->report, LIST_VIEW, ERR_NO_SUCH_RECORD, NULL);
	return err;
}

/* What is said of a parameter, else by the view. */
static void
list_take_texts(struct list *list)
{
	static const uint32_t of_view[LIST_VIEW] = { [LIST_QUERY] = F_saved_view_query, [LIST_OF] = F_saved_view_entity,
		[LIST_COLUMNS] = F_saved_view_columns, [LIST_GROUP] = F_saved_view_group_by,
		[LIST_SUMS] = F_saved_view_sum_of, [LIST_SORT] = F_saved_view_sort_by, [LIST_TITLE] = F_saved_view_name };

	for (uint32_t i = LIST_QUERY; i < LIST_VIEW; i++) {
		const struct value *value = report_parameter(list->report, i);

		list->texts[i] = "";
		if (value->present && value->text != NULL)
			list->texts[i] = value->text;
		else if (list->view != NULL && of_view[i] != 0)
			list->texts[i] = record_text(list->view, of_view[i]);
	}
}

static enum err
list_take_entity(struct list *list)
{
	struct call *call = list->call;
	const char *name = list->texts[LIST_OF];

	if (name[0] == '\0')
		return report_refuse(list->report, LIST_OF, ERR_REQUIRED, NULL);
	list->entity = call_view_named(call, name);
	if (list->entity == NULL || (access_rights(call->user, list->entity->def) & RIGHT_VIEW) == 0 ||
	    (list->entity->def->kind != ENTITY_ACTIVITY && list->entity->def->kind != ENTITY_SETUP))
		return report_refuse(list->report, LIST_OF, ERR_INVALID,
		    call_say(call, "There is no such kind of record", "没有此类记录"));
	return ERR_OK;
}

/* A field by name. *field is NULL where a view names one that this reader does not see, or that will not do here. */
static enum err
list_field(struct list *list, uint32_t parameter, const char *name, bool (*fits)(const struct field *field),
    const struct field **field)
{
	const struct entity_view *whole = entity_whole(list->entity);
	bool by_view = list->view != NULL && !report_parameter(list->report, parameter)->present;

	*field = entity_field_named(list->entity, name);
	if (*field != NULL && fits != NULL && !fits(*field))
		*field = NULL;
	if (*field != NULL || (by_view && entity_field_named(whole, name) != NULL))
		return ERR_OK;
	return report_refuse(list->report, parameter, ERR_INVALID,
	    arena_printf(list->call->arena,
		call_say(list->call, "There is no such field, or it will not do here: %s", "没有此字段，或不能这样使用：%s"), name));
}

/* ---- columns ----------------------------------------------------------------------------- */

/* A column of an expression; the caller says the rest of it. NULL: there are too many. */
static struct file_column *
list_put(struct list *list, enum file_kind kind, const char *expression)
{
	struct file_column *column = &list->table->columns[list->table->column_count];

	if (list->table->column_count >= DOC_COLUMNS_MAX || list->table->column_count >= FILE_COLUMNS_MAX)
		return NULL;
	buf_printf(&list->select, "%s%s", list->table->column_count > 0 ? ", " : "", expression);
	column->name = arena_printf(list->call->arena, "c%zu", list->table->column_count++);
	column->kind = kind;
	column->decimals = kind == FILE_MONEY ? 2 : 0;
	return column;
}

/* The expression that says a record's name; NULL: it is no reference, or to a set-up record, whose names are known. */
static const char *
list_label(struct list *list, const struct field *field)
{
	const struct entity_view *target =
	    field->type == TYPE_REF ? call_view_named(list->call, field->ref) : NULL;
	const char *label;

	if (target == NULL || target->def->kind == ENTITY_SETUP)
		return NULL;
	label = target->def->label_field;
	report_add_read(&list->reads, target->def->name);
	return arena_printf(list->call->arena, "(SELECT r.%s FROM {%s} r WHERE r.id = l.%s)",
	    label != NULL ? label : "name", target->def->name, field->name);
}

static void
list_set_field(const struct list *list, struct file_column *column, const struct field *field)
{
	column->entity = list->entity->def;
	column->field = field;
	column->decimals = field->type == TYPE_MONEY ? 2 : field->decimals;
}

static bool
list_is_summed(const struct list *list, const struct field *field)
{
	for (size_t i = 0; i < list->sum_count; i++)
		if (list->sums[i] == field)
			return true;
	return false;
}

static enum err
list_add_column(struct list *list, const struct field *field)
{
	const char *own = list->entity->def->label_field, *label;
	struct file_column *column;

	if (field->type == TYPE_REFS || (field->flags & FIELD_HIDDEN) != 0)
		return ERR_OK;
	label = list_label(list, field);
	column = list_put(list, label != NULL ? FILE_TEXT : report_file_kind(field),
	    label != NULL ? label : arena_printf(list->call->arena, "l.%s", field->name));
	if (column == NULL)
		return CALL_FAIL(list->call, ERR_TOO_MANY, .field = LIST_COLUMNS);
	if (label == NULL)
		list_set_field(list, column, field);
	column->title = (struct file_words){ field->zh, field->en };
	column->sum = list_is_summed(list, field) ? DOC_SUM : DOC_SUM_NONE;
	if (column->kind == FILE_TEXT) {
		bool names = strcmp(field->name, own != NULL ? own : "name") == 0;

		column->weight = names ? 3 : 2;
		column->width = 8;
		column->sum = names ? DOC_COUNT : DOC_SUM_NONE;
		list->counted |= names;
	}
	if (field->type != TYPE_MONEY)
		return ERR_OK;
	column = list_put(list, FILE_TEXT, arena_printf(list->call->arena, "l.%s_currency", field->name));
	if (column == NULL)
		return CALL_FAIL(list->call, ERR_TOO_MANY, .field = LIST_COLUMNS);
	column->title = (struct file_words){ "币种", "Cur." };
	column->width = 4;
	return ERR_OK;
}

/* Each of the names that a parameter lists. */
static enum err
list_each(struct list *list, uint32_t parameter, bool (*fits)(const struct field *field),
    enum err (*add)(struct list *list, const struct field *field))
{
	char *copy = arena_strdup(list->call->arena, list->texts[parameter]), *save = NULL;
	enum err err = ERR_OK;

	for (char *name = strtok_r(copy, ", ", &save); err == ERR_OK && name != NULL;
	     name = strtok_r(NULL, ", ", &save)) {
		const struct field *field;

		err = list_field(list, parameter, name, fits, &field);
		if (err == ERR_OK && field != NULL)
			err = add(list, field);
	}
	return err;
}

static enum err
list_add_sum(struct list *list, const struct field *field)
{
	if (list->sum_count == FILE_VALUES_MAX)
		return CALL_FAIL(list->call, ERR_TOO_MANY, .field = LIST_SUMS);
	if (field->type == TYPE_MONEY)
		buf_printf(&list->currencies, ", l.%s_currency", field->name);
	list->sums[list->sum_count++] = field;
	return ERR_OK;
}

/* Sums stand in columns, asked for or not. */
static enum err
list_add_columns(struct list *list)
{
	const uint32_t *numbers;
	size_t count = page_default_columns(list->call->arena, list->entity, &numbers);
	enum err err = list_each(list, LIST_COLUMNS, NULL, list_add_column);

	for (size_t i = 0; err == ERR_OK && list->texts[LIST_COLUMNS][0] == '\0' && i < count; i++)
		err = list_add_column(list, entity_field(list->entity, numbers[i]));
	for (size_t i = 0; err == ERR_OK && i < list->sum_count; i++) {
		bool there = false;

		for (size_t k = 0; k < list->table->column_count; k++)
			there |= list->table->columns[k].field == list->sums[i];
		if (!there)
			err = list_add_column(list, list->sums[i]);
	}
	if (err == ERR_OK && list->table->column_count == 0)
		err = report_refuse(list->report, LIST_COLUMNS, ERR_REQUIRED, NULL);
	return err;
}

/* ---- groups, order, chart ---------------------------------------------------------------- */

static enum err
list_add_level(struct list *list, size_t key, size_t label)
{
	struct file_group *group = &list->table->groups[list->table->group_count++];

	group->column = key;
	group->label = label;
	/* what holds amounts of several currencies has no sum */
	group->subtotal = true;
	if (list->table->group_count > 1)
		list->table->groups[0].subtotal = false;
	return ERR_OK;
}

static enum err
list_add_group(struct list *list, const struct field *field)
{
	const char *column = arena_printf(list->call->arena, "l.%s", field->name);
	const char *label = list_label(list, field);
	bool month = field->type == TYPE_DATE || field->type == TYPE_MOMENT;
	struct file_column *key;
	size_t at = list->table->column_count;

	if (list->table->group_count > 0)
		return report_refuse(list->report, LIST_GROUP, ERR_INVALID,
		    call_say(list->call, "A list is grouped by one field", "列表只能按一个字段分组"));
	if (month)
		column = arena_printf(list->call->arena, "to_char(%s, 'YYYY-MM')",
		    field->type == TYPE_DATE ? column : arena_printf(list->call->arena, "{local l.%s}", field->name));
	key = list_put(list, month ? FILE_TEXT : label != NULL ? FILE_INTEGER : report_file_kind(field),
	    column);
	if (key == NULL)
		return CALL_FAIL(list->call, ERR_TOO_MANY, .field = LIST_COLUMNS);
	if (!month && label == NULL)
		list_set_field(list, key, field);
	key->title = (struct file_words){ field->zh, field->en };
	key->hidden = true;
	if (label == NULL)
		return list_add_level(list, at, at);
	key = list_put(list, FILE_TEXT, label);
	if (key == NULL)
		return CALL_FAIL(list->call, ERR_TOO_MANY, .field = LIST_COLUMNS);
	key->hidden = true;
	return list_add_level(list, at, at + 1);
}

/* Amounts of several currencies are not added: each currency is a group of its own, and there is no sum of all. */
static enum err
list_add_currencies(struct list *list)
{
	size_t at = list->table->column_count;
	struct file_column *key;

	list->table->totals =
	    list->currencies.bytes == 0 && (list->sum_count > 0 || list->counted);
	if (list->currencies.bytes == 0)
		return ERR_OK;
	key = list_put(list, FILE_TEXT,
	    arena_printf(list->call->arena, "nullif(concat_ws(' / '%s), '')", buf_text(&list->currencies)));
	if (key == NULL)
		return CALL_FAIL(list->call, ERR_TOO_MANY, .field = LIST_COLUMNS);
	key->title = (struct file_words){ "币种", "Currency" };
	key->hidden = true;
	return list_add_level(list, at, at);
}

/* The amounts of the first sum by currency, or how many there are. */
static enum err
list_add_chart(struct list *list)
{
	static const struct {
		const char *name;
		enum doc_chart_kind kind;
		bool one; /* series */
	} kinds[] = { { "bars", DOC_BARS, false }, { "line", DOC_LINE, false }, { "pie", DOC_PIE, true },
		{ "pareto", DOC_PARETO, true } };
	const size_t count = sizeof(kinds) / sizeof(kinds[0]);
	struct file_table *table = list->table;
	struct file_chart *chart = &table->charts[0];
	struct file_column *column;
	bool summed = list->sum_count > 0, money = list->currencies.bytes > 0;
	size_t at = 0;

	if (list->texts[LIST_CHART][0] == '\0')
		return ERR_OK;
	while (at < count && strcmp(kinds[at].name, list->texts[LIST_CHART]) != 0)
		at++;
	if (at == count || list->texts[LIST_GROUP][0] == '\0')
		return report_refuse(list->report, LIST_CHART, ERR_INVALID,
		    call_say(list->call, "Charts are bars, line, pie and pareto, of a list that is grouped",
			"图为 bars、line、pie 或 pareto，且列表须分组"));
	if (table->group_count == (size_t)money) /* the group is not for this reader */
		return ERR_OK;
	if (summed && list->sums[0]->type == TYPE_MONEY && kinds[at].one)
		summed = false;
	chart->kind = kinds[at].kind;
	chart->label = table->groups[0].label;
	chart->value_count = 1;
	chart->by_group = true;
	for (size_t i = 0; summed && i < table->column_count; i++)
		if (table->columns[i].field == list->sums[0] && table->columns[i].sum == DOC_SUM)
			chart->values[0] = i;
	if (summed && list->sums[0]->type == TYPE_MONEY)
		chart->across = table->groups[table->group_count - 1].column + 1;
	if (!summed) {
		chart->values[0] = table->column_count;
		column = list_put(list, FILE_INTEGER, "1");
		if (column == NULL)
			return CALL_FAIL(list->call, ERR_TOO_MANY, .field = LIST_COLUMNS);
		column->hidden = true;
		column->title = (struct file_words){ "数量", "Count" };
	}
	chart->title = table->columns[chart->values[0]].title;
	table->chart_count = 1;
	return ERR_OK;
}

static bool
list_may_sort(const struct field *field)
{
	return field->type != TYPE_REFS && (field->flags & (FIELD_MASKED | FIELD_HIDDEN)) == 0;
}

/* "ORDER BY …": groups first, then as asked for or as lists of it are. */
static enum err
list_put_order(struct list *list)
{
	const struct entity *def = list->entity->def;
	const char *name = list->texts[LIST_SORT];
	bool down = name[0] == '-';
	const struct field *field = NULL;
	enum err err = ERR_OK;

	if (name[0] != '\0')
		err = list_field(list, LIST_SORT, name + down, list_may_sort, &field);
	if (err != ERR_OK)
		return err;
	if (field == NULL && def->sort_field != NULL && name[0] == '\0') {
		field = entity_field_named(list->entity, def->sort_field);
		if (field != NULL && !list_may_sort(field))
			field = NULL;
		down = def->sort_down;
	}
	buf_printf(&list->select, " FROM {matching} l ORDER BY ");
	for (size_t i = 0; i < list->table->group_count; i++)
		buf_printf(&list->select, "%zu, ", list->table->groups[i].column + 1);
	if (field != NULL)
		buf_printf(&list->select, "l.%s%s%s, ", field->name,
		    field->type == TYPE_TEXT && (field->flags & FIELD_SORT) != 0 ? "_key" : "",
		    down ? " DESC NULLS LAST" : "");
	buf_puts(&list->select, "l.id");
	return ERR_OK;
}

/* ---- the report -------------------------------------------------------------------------- */

static enum err
list_take_query(struct list *list)
{
	struct report_matching *matching = ARENA_NEW(list->call->arena, struct report_matching);
	struct filter filter;
	enum err err = filter_bind(list->call, list->entity, list->texts[LIST_QUERY], sql_new(list->call->arena), &filter);

	*matching = (struct report_matching){ .entity = list->entity, .query = list->texts[LIST_QUERY] };
	if (err == ERR_OK)
		matching->has_words = filter.words[0] != '\0';
	list->report->matching = matching;
	return err;
}

static enum err
list_build(struct list *list)
{
	enum err err = list_take_entity(list);

	if (err == ERR_OK)
		err = list_take_query(list);
	if (err != ERR_OK)
		return err;
	report_add_read(&list->reads, list->entity->def->name);
	err = list_each(list, LIST_SUMS, page_may_sum, list_add_sum);
	if (err == ERR_OK)
		err = list_add_columns(list);
	if (err == ERR_OK)
		err = list_each(list, LIST_GROUP, page_may_group, list_add_group);
	if (err == ERR_OK)
		err = list_add_currencies(list);
	if (err == ERR_OK)
		err = list_add_chart(list);
	return err == ERR_OK ? list_put_order(list) : err;
}

/* What it is called, and that it says its query. */
static void
list_set_info(struct list *list)
{
	struct call *call = list->call;
	struct value *query = report_parameter(list->report, LIST_QUERY);
	const struct entity *def = list->entity->def;
	const char *title = list->texts[LIST_TITLE];

	list->file->info = (struct report_info){ .name = "list",
		.zh = title[0] != '\0' ? title : arena_printf(call->arena, "%s一览表", def->zh),
		.en = title[0] != '\0' ? title : arena_printf(call->arena, "List: %s", def->en),
		.parameters = list->file->parameters,
		.reads = arena_strdup(call->arena, buf_text(&list->reads)),
		.make = report_file_make };
	list->file->parameters[0] = list_parameters[0];
	list->file->parameter_count = 1;
	*query = (struct value){ .present = list->texts[LIST_QUERY][0] != '\0', .text = list->texts[LIST_QUERY] };
	list->table->sql = arena_printf(call->arena, "SELECT %s", buf_text(&list->select));
	list->report->info = &list->file->info;
}

static enum err
list_check(struct report *report)
{
	struct list list = { .report = report, .call = report->call, .select = BUF_INIT, .reads = BUF_INIT,
		.currencies = BUF_INIT };
	enum err err = ERR_OK;

	list.file = ARENA_NEW(report->call->arena, struct report_file);
	list.table = &list.file->tables[0];
	list.file->table_count = 1;
	if (report_parameter(report, LIST_VIEW)->present)
		err = list_read_view(&list);
	if (err == ERR_OK) {
		list_take_texts(&list);
		err = list_build(&list);
	}
	if (err == ERR_OK)
		list_set_info(&list);
	buf_fini(&list.select);
	buf_fini(&list.reads);
	buf_fini(&list.currencies);
	return err;
}

/* What it becomes makes the document. */
static enum err
list_make(struct report *report)
{
	return report_refuse(report, LIST_OF, ERR_REQUIRED, NULL);
}

const struct report_info report_list_of = {
	.name = "list",
	.zh = "列表报表",
	.en = "A list as a report",
	.parameters = list_parameters,
	.reads = "saved_view",
	.check = list_check,
	.make = list_make,
};
