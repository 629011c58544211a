/*
 * The search language bound to an entity. Each term becomes one condition over alias t; values
 * are parameters, names come from the catalogue. Text comparison uses equality, position() and the
 * stored keys: nothing that row policies would keep from an index.
 */
#include "server/record/filter.h"

#include "common/date.h"
#include "common/money.h"
#include "common/query.h"
#include "common/text.h"
#include "server/entity/dictionary.h"
#include "server/entity/fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct binding {
	struct call *call;
	const struct entity_view *entity;
	struct sql *sql;
	struct filter *filter;
	struct buf words;
};

static enum err
filter_fail(struct binding *binding, struct query_span at, const char *text)
{
	return CALL_FAIL(binding->call, ERR_QUERY, .entity = binding->entity->def->number,
	    .position = (uint32_t)at.at_bytes, .text = text);
}

/* ---- names ------------------------------------------------------------------------------- */

/* Levenshtein distance, small words only. */
static size_t
filter_distance(const char *a, const char *b)
{
	size_t n = strlen(b), row[64];

	if (n >= 64)
		return 64;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[n];
}

static bool
filter_may_use(const struct field *field)
{
	return field != NULL && (field->flags & FIELD_FILTER) != 0;
}

static enum err
filter_unknown_field(struct binding *binding, const struct query_term *term)
{
	const struct field *nearest = NULL;
	size_t best = 4;

	for (size_t i = 0; i < binding->entity->field_count; i++) {
		const struct field *field = binding->entity->fields[i];
		size_t distance;

		if (!filter_may_use(field))
			continue;
		distance = filter_distance(field_word(field), term->field);
		if (distance < best) {
			best = distance;
			nearest = field;
		}
	}
	if (nearest != NULL)
		return filter_fail(binding, term->field_at,
		    arena_printf(binding->call->arena,
			call_say(binding->call, "There is no field \"%s\"; did you mean \"%s\"?",
			    "没有字段“%s”，是否指“%s”？"),
			text_print(binding->call->arena, term->field, TEXT_LINE),
			call_say(binding->call, field_word(nearest), nearest->zh)));
	return filter_fail(binding, term->field_at,
	    arena_printf(binding->call->arena,
		binding->call->session.viewer != 0 ?
		    call_say(binding->call,
			"There is no field \"%s\" to filter by; values you may not see yourself are none",
			"没有可筛选的字段“%s”；本人无权查看的字段，代看时不能用于筛选") :
		    call_say(binding->call, "There is no field \"%s\" to filter by", "没有可筛选的字段“%s”"),
		text_print(binding->call->arena, term->field, TEXT_LINE)));
}

/* ---- values ------------------------------------------------------------------------------ */

/* The column, or for figures the row beside it. */
static const char *
filter_column(const struct binding *binding, const struct field *field)
{
	if (field->flags & FIELD_FIGURE)
		return arena_printf(binding->call->arena,
		    "(SELECT f.%s FROM %s_figures f WHERE f.id = t.id)", field->name,
		    entity_table(binding->entity->def));
	return arena_printf(binding->call->arena, "t.%s", field->name);
}

static const char *
filter_compare(enum query_op op)
{
	static const char *const signs[] = { "=", "<", "<=", ">", ">=", "=" };

	return signs[op];
}

/* "30d", "2w", "3m", "1y": a span around today; sign says which way, none leaves it to the field. */
static bool
filter_span(const struct binding *binding, const char *text, int64_t *other_day, bool *past)
{
	const char *digits = text[0] == '+' || text[0] == '-' ? text + 1 : text;
	size_t length = strlen(digits);
	char relative[32];

	if (length < 2 || length > 8 || strchr("dwmy", digits[length - 1]) == NULL ||
	    strspn(digits, "0123456789") != length - 1)
		return false;
	if (text[0] == '+' || text[0] == '-')
		*past = text[0] == '-';
	snprintf(relative, sizeof(relative), "%c%s", *past ? '-' : '+', digits);
	return date_parse(relative, call_today(binding->call), *past, other_day) == ERR_OK;
}

static int64_t
filter_day_start(const struct binding *binding, int64_t day)
{
	return day * US_PER_DAY - (int64_t)binding->call->session.offset_min * 60 * US_PER_SECOND;
}

static void
filter_bind_day(const struct binding *binding, const struct field *field, int64_t day)
{
	if (field->type == TYPE_DATE)
		sql_date(binding->sql, day);
	else
		sql_moment(binding->sql, filter_day_start(binding, day));
}

/* column >= from AND column < after (days; INT64_MIN and INT64_MAX leave a side open). */
static void
filter_between_days(const struct binding *binding, const struct field *field, const char *column,
    int64_t from, int64_t after)
{
	struct sql *sql = binding->sql;

	sql_add(sql, "(");
	if (from != INT64_MIN) {
		sql_addf(sql, "%s >= ", column);
		filter_bind_day(binding, field, from);
	}
	if (from != INT64_MIN && after != INT64_MAX)
		sql_add(sql, " AND ");
	if (after != INT64_MAX) {
		sql_addf(sql, "%s < ", column);
		filter_bind_day(binding, field, after);
	}
	sql_add(sql, ")");
}

static enum err
filter_date_value(struct binding *binding, const struct field *field, const char *column,
    const struct query_value *value)
{
	int64_t today = call_today(binding->call), low = INT64_MIN, high = INT64_MAX, day;
	bool past = field->type == TYPE_MOMENT;
	enum err err = ERR_OK;

	if (value->op == QUERY_EQ && filter_span(binding, value->text, &day, &past)) {
		filter_between_days(binding, field, column, past ? day : today, past ? today + 1 : day + 1);
		return ERR_OK;
	}
	if (value->op == QUERY_RANGE) {
		if (value->text[0] != '\0')
			err = date_parse(value->text, today, past, &low);
		if (err == ERR_OK && value->high[0] != '\0') {
			err = date_parse(value->high, today, past, &high);
			high++;
		}
	} else {
		err = date_parse(value->text, today, past, &day);
		if (value->op == QUERY_EQ || value->op == QUERY_GE)
			low = day;
		if (value->op == QUERY_EQ || value->op == QUERY_LE)
			high = day + 1;
		if (value->op == QUERY_GT)
			low = day + 1;
		if (value->op == QUERY_LT)
			high = day;
	}
	if (err != ERR_OK)
		return filter_fail(binding, value->at, call_say(binding->call,
			"This is not a date; try 2026-11-23, +7d, next fri or 30d",
			"不是有效日期，可写 2026-11-23、+7d、下周五 或 30d"));
	filter_between_days(binding, field, column, low, high);
	return ERR_OK;
}

static enum err
filter_parse_number(const struct field *field, const char *text, int64_t *number)
{
	int decimals = field->type == TYPE_MONEY ? 2 :
	    field->type == TYPE_QUANTITY	 ? (int)field->decimals :
						   0;

	return money_parse(text, decimals, number);
}

static enum err
filter_number_value(struct binding *binding, const struct field *field, const char *column,
    const struct query_value *value)
{
	int64_t low = 0, high = 0;
	bool has_low = value->op != QUERY_RANGE || value->text[0] != '\0';
	bool has_high = value->op == QUERY_RANGE && value->high[0] != '\0';

	if ((has_low && filter_parse_number(field, value->text, &low) != ERR_OK) ||
	    (has_high && filter_parse_number(field, value->high, &high) != ERR_OK))
		return filter_fail(binding, value->at,
		    call_say(binding->call, "This is not a number; try 320000, 32w or 1..9",
			"不是有效数字，可写 320000、32万 或 1..9"));
	sql_add(binding->sql, "(");
	if (has_low) {
		sql_addf(binding->sql, "%s %s ", column,
		    value->op == QUERY_RANGE ? ">=" : filter_compare(value->op));
		sql_int(binding->sql, low);
	}
	if (has_high) {
		sql_addf(binding->sql, "%s%s <= ", has_low ? " AND " : "", column);
		sql_int(binding->sql, high);
	}
	sql_add(binding->sql, ")");
	return ERR_OK;
}

static enum err
filter_choice_value(struct binding *binding, const struct field *field, const char *column,
    const struct query_value *value)
{
	const struct dictionary_item *item = dictionary_item_called(
	    catalog_dictionary(binding->call->catalog, field->dict), value->text);

	if (item == NULL || value->op != QUERY_EQ)
		return filter_fail(binding, value->at,
		    arena_printf(binding->call->arena,
			call_say(binding->call, "\"%s\" has no such value", "“%s”没有这个值"),
			call_say(binding->call, field->en, field->zh)));
	sql_addf(binding->sql, "%s = ", column);
	sql_text(binding->sql, item->code);
	return ERR_OK;
}

/* Set-up records a word may mean: by name exactly, else by what their name begins with. */
static size_t
filter_setup_ids(struct binding *binding, uint32_t entity, const char *word, int64_t **result)
{
	const struct access *access = binding->call->access;
	struct arena *arena = binding->call->arena;
	const char *folded = text_fold(arena, word);
	size_t count = access_setup_count(access, entity), exact = 0, prefix = 0;
	int64_t *ids = ARENA_ARRAY(arena, int64_t, 2 * count + 1);
	const struct field *label = entity_label(call_view(binding->call, entity));

	if (entity == E_user && (strcmp(word, "me") == 0 || strcmp(word, "我") == 0)) {
		ids[0] = binding->call->session.user;
		*result = ids;
		return 1;
	}
	*result = ids;
	if (label == NULL || (label->flags & FIELD_MASKED) != 0)
		return 0; /* names that are not shown are not for comparing either */
	for (size_t i = 0; i < count; i++) {
		const struct setup_record *record = access_setup_at(access, entity, i);

		if (strcmp(record->folded, folded) == 0 || strcmp(record->folded_key, folded) == 0 ||
		    strcmp(record->pinyin, folded) == 0)
			ids[exact++] = record->id;
		else if (strncmp(record->folded, folded, strlen(folded)) == 0)
			ids[count + prefix++] = record->id;
	}
	if (exact == 0)
		memmove(ids, ids + count, prefix * sizeof(*ids));
	return exact > 0 ? exact : prefix;
}

/* A region, branch or department means everything below it too. */
static size_t
filter_with_below(struct binding *binding, uint32_t entity, int64_t *ids, size_t count,
    int64_t **result)
{
	struct arena *arena = binding->call->arena;
	int64_t *all = ARENA_ARRAY(arena, int64_t, access_setup_count(binding->call->access, entity) + count);
	size_t total = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t *below;
		size_t found = access_setup_below(binding->call->access, arena, entity, ids[i], &below);

		for (size_t b = 0; b < found; b++) {
			bool known = false;

			for (size_t k = 0; k < total && !known; k++)
				known = all[k] == below[b];
			if (!known)
				all[total++] = below[b];
		}
	}
	*result = all;
	return total;
}

static void
filter_ids(struct binding *binding, const char *column, const int64_t *ids, size_t count)
{
	sql_addf(binding->sql, "%s = ", column);
	if (count == 1) {
		sql_int(binding->sql, ids[0]);
		return;
	}
	sql_add(binding->sql, "ANY(");
	sql_ints(binding->sql, ids, count);
	sql_add(binding->sql, ")");
}

static bool
filter_plain_id(const char *text, int64_t *id)
{
	const char *digits = text[0] == '#' ? text + 1 : text;
	char *end;

	*id = strtoll(digits, &end, 10);
	return *end == '\0' && end != digits && *id > 0;
}

static enum err
filter_ref_value(struct binding *binding, const struct field *field, const char *column,
    const struct query_value *value)
{
	struct call *call = binding->call;
	const struct entity_view *target = call_view_named(call, field->ref);
	uint32_t entity = target->def->number;
	int64_t id, *ids;
	size_t count;

	if (value->op != QUERY_EQ)
		return filter_fail(binding, value->at,
		    call_say(call, "A name or number is needed here", "此处应填名称或编号"));
	if (target->def->kind != ENTITY_SETUP) {
		struct arms arms = access_arms(call->user, target->def, RIGHT_VIEW);
		const struct field *number = entity_field_named(target, "number"),
				   *by = entity_label(target);

		if (filter_plain_id(value->text, &id)) {
			filter_ids(binding, column, &id, 1);
			return ERR_OK;
		}
		/* By number or exact name, among those the reader sees and where it shows clear. */
		if (number != NULL && value->text[0] != '\0' &&
		    strspn(value->text + 1, "0123456789-") == strlen(value->text) - 1)
			by = number;
		if (by == NULL || (by->flags & FIELD_MASKED) != 0)
			return filter_fail(binding, value->at,
			    call_say(call, "Name the record by its id here, such as #1024",
				"此处请用记录号，如 #1024"));
		sql_addf(binding->sql, "%s IN (SELECT r.id FROM %s r WHERE ", column,
		    entity_table(target->def));
		record_arms_where(call, binding->sql, target, "r", &arms);
		sql_addf(binding->sql, " AND r.%s = ", by->name);
		sql_text(binding->sql, value->text);
		sql_add(binding->sql, ")");
		return ERR_OK;
	}
	if (value->text[0] == '#' && filter_plain_id(value->text, &id)) {
		ids = &id;
		count = 1;
	} else {
		count = filter_setup_ids(binding, entity, value->text, &ids);
	}
	if (count == 0)
		return filter_fail(binding, value->at,
		    arena_printf(call->arena, call_say(call, "No %s is called that", "没有这个%s"),
			call_say(call, target->def->en, target->def->zh)));
	if (entity == E_region || entity == E_branch || entity == E_department)
		count = filter_with_below(binding, entity, ids, count, &ids);
	filter_ids(binding, column, ids, count);
	return ERR_OK;
}

static enum err
filter_text_value(struct binding *binding, const struct field *field, const char *column,
    const struct query_value *value)
{
	struct call *call = binding->call;
	bool masked = (field->flags & FIELD_MASKED) != 0;

	if (value->op != QUERY_EQ) {
		if (masked)
			return filter_fail(binding, value->at,
			    call_say(call, "This field can only be matched whole", "此项只能整体匹配"));
		sql_addf(binding->sql, "(%s %s ", column,
		    value->op == QUERY_RANGE ? ">=" : filter_compare(value->op));
		sql_text(binding->sql, value->text);
		if (value->op == QUERY_RANGE && value->high[0] != '\0') {
			sql_addf(binding->sql, " AND %s <= ", column);
			sql_text(binding->sql, value->high);
		}
		sql_add(binding->sql, ")");
		return ERR_OK;
	}
	call->matched_whole |= masked;
	if (masked || (field->flags & (FIELD_UNIQUE | FIELD_NUMBERED)) != 0) {
		sql_addf(binding->sql, "%s = ", column);
		sql_text(binding->sql, value->text);
		return ERR_OK;
	}
	sql_add(binding->sql, "position(");
	sql_text(binding->sql, value->text);
	sql_addf(binding->sql, " in %s) > 0", column);
	return ERR_OK;
}

static enum err
filter_bool_value(struct binding *binding, const struct field *field, const char *column,
    const struct query_value *value)
{
	struct value parsed;

	if (value_from_text(binding->call, field, value->text, &parsed) != ERR_OK || !parsed.present)
		return filter_fail(binding, value->at,
		    call_say(binding->call, "yes or no is needed here", "此处应填 是 或 否"));
	sql_addf(binding->sql, "coalesce(%s, false) = ", column);
	sql_bool(binding->sql, parsed.number != 0);
	return ERR_OK;
}

static enum err
filter_value(struct binding *binding, const struct field *field, const struct query_value *value)
{
	const char *column = filter_column(binding, field);

	switch (field->type) {
	case TYPE_DATE:
	case TYPE_MOMENT:
		return filter_date_value(binding, field, column, value);
	case TYPE_INT:
	case TYPE_QUANTITY:
	case TYPE_MONEY:
		return filter_number_value(binding, field, column, value);
	case TYPE_BOOL:
		return filter_bool_value(binding, field, column, value);
	case TYPE_CHOICE:
		return filter_choice_value(binding, field, column, value);
	case TYPE_REF:
		return filter_ref_value(binding, field, column, value);
	default:
		return filter_text_value(binding, field, column, value);
	}
}

/* ---- terms ------------------------------------------------------------------------------- */

static enum err
filter_field_term(struct binding *binding, const struct query_term *term, const struct field *field)
{
	struct sql *sql = binding->sql;

	sql_add(sql, "((");
	for (size_t i = 0; i < term->count; i++) {
		enum err err;

		if (i > 0)
			sql_add(sql, " OR ");
		err = filter_value(binding, field, &term->values[i]);
		if (err != ERR_OK)
			return err;
	}
	/* "not" means "not known to be": rows without a value stay. */
	sql_add(sql, term->negated ? ") IS NOT TRUE)" : "))");
	return ERR_OK;
}

/* What a word names of a line's target: set-up records by name, others by their id alone. */
static size_t
filter_line_ids(struct binding *binding, const struct entity_view *target, const char *word, int64_t **ids)
{
	if (target->def->kind == ENTITY_SETUP)
		return filter_setup_ids(binding, target->def->number, word, ids);
	*ids = ARENA_ARRAY(binding->call->arena, int64_t, 1);
	return filter_plain_id(word, *ids) ? 1 : 0;
}

/* tag:a,b – a line of kind customer_tag with one of these tags. */
static enum err
filter_line_term(struct binding *binding, const struct query_term *term,
    const struct entity_view *line)
{
	struct call *call = binding->call;
	const struct field *field = entity_field_named(line, line->def->label_field);
	const struct entity_view *target =
	    field != NULL ? catalog_entity_named(call->catalog, field->ref) : NULL;

	if (target == NULL || !line->def->filtered)
		return filter_unknown_field(binding, term);
	/* Lines are shut until their parent is open: a rule function says which parents have one. */
	sql_addf(binding->sql, "(t.id %sIN (SELECT kehu_%s_of(", term->negated ? "NOT " : "",
	    entity_table(line->def));
	int64_t *all = ARENA_ARRAY(call->arena, int64_t, 1), *ids;
	size_t total = 0;

	for (size_t i = 0; i < term->count; i++) {
		size_t count = filter_line_ids(binding, target, term->values[i].text, &ids);
		int64_t *more = ARENA_ARRAY(call->arena, int64_t, total + count + 1);

		if (count == 0)
			return filter_fail(binding, term->values[i].at,
			    arena_printf(call->arena, call_say(call, "No %s is called that", "没有这个%s"),
				call_say(call, target->def->en, target->def->zh)));
		memcpy(more, all, total * sizeof(*all));
		memcpy(more + total, ids, count * sizeof(*ids));
		all = more;
		total += count;
	}
	sql_ints(binding->sql, all, total);
	sql_add(binding->sql, ")))");
	return ERR_OK;
}

/* has:mail – the field is filled in. */
static enum err
filter_has_term(struct binding *binding, const struct query_term *term)
{
	sql_add(binding->sql, "(");
	for (size_t i = 0; i < term->count; i++) {
		const struct field *field = entity_field_called(binding->entity, term->values[i].text);

		if (field == NULL)
			return filter_fail(binding, term->values[i].at,
			    call_say(binding->call, "There is no such field", "没有此字段"));
		sql_addf(binding->sql, "%s%s IS %sNULL", i > 0 ? " OR " : "",
		    filter_column(binding, field), term->negated ? "" : "NOT ");
	}
	sql_add(binding->sql, ")");
	return ERR_OK;
}

static enum err
filter_sort_term(struct binding *binding, const struct query_term *term)
{
	const char *word = term->values[0].text;
	bool down = word[0] == '-';
	const struct field *field = entity_field_called(binding->entity, down ? word + 1 : word);

	if (field == NULL || term->count != 1 || (field->flags & FIELD_MASKED) != 0)
		return filter_fail(binding, term->values[0].at,
		    call_say(binding->call, "There is no such field to sort by", "没有可排序的字段"));
	binding->filter->sort = field;
	binding->filter->sort_down = down;
	return ERR_OK;
}

static const struct entity_view *
filter_line_kind(struct binding *binding, const char *word)
{
	const struct entity_view *kinds[16];
	size_t count = call_lines(binding->call, binding->entity->def, kinds, 16);

	for (size_t i = 0; i < count; i++) {
		const char *alias = kinds[i]->def->alias;
		size_t bytes = strlen(word);

		/* "tag" as well as "tags", 标签 */
		if ((alias != NULL && strncmp(alias, word, bytes) == 0 && strlen(alias) <= bytes + 1) ||
		    strcmp(kinds[i]->def->zh, word) == 0)
			return kinds[i];
	}
	return NULL;
}

static void
filter_add_word(struct binding *binding, const char *word)
{
	if (binding->words.bytes > 0)
		buf_putc(&binding->words, ' ');
	buf_puts(&binding->words, word);
}

/* The choices of a list are looked through with it. */
static bool
filter_list_has(const struct binding *binding, const struct setup_record *record, const char *folded)
{
	const struct dictionary *list = binding->entity->def->number == E_dictionary ?
	    catalog_dictionary(binding->call->catalog, record->label) : NULL;

	for (size_t i = 0; list != NULL && i < list->count; i++)
		if (strstr(list->items[i].pinyin, folded) == list->items[i].pinyin ||
		    strstr(text_fold(binding->call->arena, list->items[i].zh), folded) != NULL ||
		    strstr(text_fold(binding->call->arena, list->items[i].en), folded) != NULL)
			return true;
	return false;
}

/* Set-up records are few and in the snapshot: a word is in a name, or begins its initials. */
static enum err
filter_setup_word(struct binding *binding, const char *word)
{
	const struct access *access = binding->call->access;
	uint32_t entity = binding->entity->def->number;
	const char *folded = text_fold(binding->call->arena, word);
	const struct field *key =
	    entity_field_named(binding->entity, access_setup_key(entity_whole(binding->entity)));
	bool keys = key != NULL && (key->flags & FIELD_MASKED) == 0;
	size_t count = access_setup_count(access, entity), found = 0;
	int64_t *ids = ARENA_ARRAY(binding->call->arena, int64_t, count + 1);

	for (size_t i = 0; i < count; i++) {
		const struct setup_record *record = access_setup_at(access, entity, i);

		if (strstr(record->folded, folded) != NULL || strstr(record->pinyin, folded) == record->pinyin ||
		    (keys && (strstr(record->folded_key, folded) != NULL ||
				 strstr(record->key_pinyin, folded) == record->key_pinyin)) ||
		    filter_list_has(binding, record, folded))
			ids[found++] = record->id;
	}
	sql_add(binding->sql, "t.id = ANY (");
	sql_ints(binding->sql, ids, found);
	sql_add(binding->sql, ")");
	return ERR_OK;
}

/* Names that the reader does not see in clear are not for finding by either. */
static bool
filter_takes_words(const struct binding *binding)
{
	const struct field *label = entity_label(binding->entity);

	return binding->entity->def->kind == ENTITY_SETUP && label != NULL && (label->flags & FIELD_MASKED) == 0;
}

static enum err
filter_term(struct binding *binding, const struct query_term *term, bool *first)
{
	const struct field *field;
	const struct entity_view *line;

	if (term->field == NULL) {
		if (!term->negated && !binding->entity->def->searched && filter_takes_words(binding)) {
			if (!*first)
				sql_add(binding->sql, " AND ");
			*first = false;
			binding->filter->user_filter = true;
			return filter_setup_word(binding, term->values[0].text);
		}
		if (term->negated || !binding->entity->def->searched)
			return filter_fail(binding, term->at, term->negated ?
				call_say(binding->call, "A word cannot be excluded; use a field, such as -level:D",
				    "单词不能排除，请用字段，如 -级别:D") :
				call_say(binding->call, "Name a field here, such as state:planned",
				    "请指定字段，如 状态:planned"));
		filter_add_word(binding, term->values[0].text);
		return ERR_OK;
	}
	if (strcmp(term->field, "sort") == 0 || strcmp(term->field, "排序") == 0)
		return filter_sort_term(binding, term);
	if (!*first)
		sql_add(binding->sql, " AND ");
	*first = false;
	binding->filter->user_filter = true;
	if (strcmp(term->field, "has") == 0 || strcmp(term->field, "有") == 0)
		return filter_has_term(binding, term);
	field = entity_field_called(binding->entity, term->field);
	if (filter_may_use(field))
		return filter_field_term(binding, term, field);
	line = filter_line_kind(binding, term->field);
	if (line != NULL)
		return filter_line_term(binding, term, line);
	return filter_unknown_field(binding, term);
}

enum err
filter_bind(struct call *call, const struct entity_view *entity, const char *text, struct sql *sql,
    struct filter *filter)
{
	struct binding binding = { .call = call, .entity = entity, .sql = sql, .filter = filter };
	struct query *query;
	struct query_error error;
	size_t from = sql_length(sql);
	bool first = true;
	enum err err = ERR_OK;

	*filter = (struct filter){ .where = "", .words = "" };
	if (text == NULL || text[0] == '\0')
		return ERR_OK;
	if (query_parse(call->arena, text, &query, &error) != ERR_OK)
		return CALL_FAIL(call, ERR_QUERY, .entity = entity->def->number,
		    .position = (uint32_t)error.at.at_bytes,
		    .text = query_fault_text(error.fault, call->session.lang));
	for (size_t i = 0; err == ERR_OK && i < query->count; i++)
		err = filter_term(&binding, &query->terms[i], &first);
	if (err == ERR_OK) {
		filter->where = sql_cut(sql, from);
		filter->words = arena_strdup(call->arena, buf_text(&binding.words));
	}
	buf_fini(&binding.words);
	return err;
}
