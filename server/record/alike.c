/*
 * See alike.h. A match that the caller may not see is told of without its name: that it is there, with
 * whom, and in which month somebody last met it. Which field matched is told where the caller may
 * read that field.
 */
#include "server/record/alike.h"

#include "common/date.h"
#include "common/name.h"
#include "common/text.h"
#include "server/entity/fields.h"
#include "server/gate/gate.h"
#include "server/record/reveal.h"
#include "server/record/rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ALIKE_PHONES	 50
#define ALIKE_SHOWN	 3 /* in a refusal */
#define PHONE_DIGITS_MIN 5
#define QUESTION_CHARS	 200

struct alike_keys {
	int64_t self;
	bool hold, person, contacts;
	const char *name, *sound, *tax;
	const char *digits[ALIKE_PHONES];
	size_t digit_count;
};

/* Columns of kehu_customer_alike(). */
enum { ALIKE_ID, ALIKE_SAME, ALIKE_WORDS, ALIKE_PLACE, ALIKE_POOL, ALIKE_MET };

static void
alike_add_phone(struct call *call, struct alike_keys *keys, const char *phone)
{
	const char *digits = text_digits(call->arena, phone);

	if (strlen(digits) >= PHONE_DIGITS_MIN && keys->digit_count < ALIKE_PHONES)
		keys->digits[keys->digit_count++] = digits;
}

static void
alike_set_name(struct call *call, struct alike_keys *keys, const char *name)
{
	keys->name = name_alike(call->arena, name);
	keys->sound = keys->person ? NULL : name_sound(call->arena, keys->name);
}

static enum err
alike_find(struct call *call, const struct alike_keys *keys, struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT id, same, matched, place, pool, met FROM kehu_customer_alike(");
	sql_int(sql, keys->self);
	sql_add(sql, ", ");
	sql_bool(sql, keys->hold);
	sql_add(sql, ", ");
	sql_bool(sql, keys->person);
	sql_add(sql, ", ");
	sql_text(sql, keys->name);
	sql_add(sql, ", ");
	sql_text(sql, keys->sound);
	sql_add(sql, ", ");
	sql_texts(sql, keys->digits, keys->digit_count);
	sql_add(sql, ", ");
	sql_text(sql, keys->tax);
	sql_add(sql, ", ");
	sql_bool(sql, keys->contacts);
	sql_add(sql, ")");
	sql_named(sql);
	return store_as_rule(call, sql, rows);
}

/* ---- in words ---------------------------------------------------------------------------- */

/* What a word of the answer compares; a contact's phone counts as the contact's. */
static const struct {
	const char *word, *zh, *en;
	uint32_t entity, field;
} alike_words[] = {
	{ "name", "名称相同", "same name", E_customer, F_customer_name },
	{ "sound", "名称同音", "name sounds the same", E_customer, F_customer_name },
	{ "phone", "电话相同", "same phone", E_customer, F_customer_phone },
	{ "contact", "联系人电话相同", "a contact has this phone", E_contact, F_contact_mobile },
	{ "tax_number", "税号相同", "same tax number", E_customer, F_customer_tax_number },
};

static bool
alike_clear(const struct call *call, uint32_t entity, uint32_t number)
{
	const struct entity_view *view = call_view(call, entity);
	const struct field *field = view != NULL ? entity_field(view, number) : NULL;

	return field != NULL && (field->flags & FIELD_MASKED) == 0;
}

static const char *
alike_why(struct call *call, const char *matched)
{
	const char *why = "";

	for (size_t i = 0; i < sizeof(alike_words) / sizeof(alike_words[0]); i++)
		if (text_has_word(matched, alike_words[i].word) &&
		    alike_clear(call, alike_words[i].entity, alike_words[i].field))
			why = arena_printf(call->arena, "%s%s%s", why,
			    why[0] != '\0' ? call_say(call, ", ", "、") : "",
			    call_say(call, alike_words[i].en, alike_words[i].zh));
	return why[0] != '\0' ? why : call_say(call, "alike", "相似");
}

static const char *
alike_met(struct call *call, const struct rows *rows, size_t row)
{
	static const char *const months[] = { "January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December" };
	struct ymd met;

	if (rows_null(rows, row, ALIKE_MET))
		return call_say(call, "never met", "尚未联系过");
	met = date_to_ymd(rows_date(rows, row, ALIKE_MET));
	return call->session.lang == LANG_ZH
		   ? arena_printf(call->arena, "最近联系在 %d年%d月", met.year, met.month)
		   : arena_printf(call->arena, "last contact in %s %d", months[met.month - 1], met.year);
}

/* Of one the caller may not see: no name, no number, no owner. */
static const char *
alike_say_hidden(struct call *call, const struct rows *rows, size_t row)
{
	const char *place = rows_text(rows, row, ALIKE_PLACE);
	const char *with;

	if (strcmp(place, "pool") == 0)
		with = arena_printf(call->arena, call_say(call, "in the pool %s", "在公海“%s”中"),
		    rows_text(rows, row, ALIKE_POOL));
	else if (strcmp(place, "colleague") == 0)
		with = call_say(call, "with a colleague", "由同事负责");
	else
		with = call_say(call, "with nobody", "无人负责");
	return arena_printf(call->arena, call_say(call, "exists %s; %s (%s)", "已存在，%s，%s（%s）"), with,
	    alike_met(call, rows, row), alike_why(call, rows_text(rows, row, ALIKE_WORDS)));
}

static const char *
alike_value(struct call *call, const struct record *record, uint32_t number)
{
	const struct field *field = entity_field(record->entity, number);

	return value_show(call, record->entity->def, field, record_value(record, number));
}

static enum err
alike_say(struct call *call, const struct rows *rows, size_t row, const char **text)
{
	struct record *record = NULL;
	enum err err;

	*text = alike_say_hidden(call, rows, row);
	if (rows_null(rows, row, ALIKE_ID))
		return ERR_OK;
	err = record_read(call, catalog_entity(call->catalog, E_customer), rows_int(rows, row, ALIKE_ID),
	    RIGHT_VIEW, false, false, &record);
	if (err != ERR_OK || record == NULL)
		return err;
	*text = arena_printf(call->arena, "%s %s (%s%s%s)", alike_value(call, record, F_customer_number),
	    alike_value(call, record, F_customer_name),
	    record->owner != 0 ? alike_value(call, record, F_customer_owner_id)
			       : alike_value(call, record, F_customer_pool_id),
	    call_say(call, "; ", "；"), alike_why(call, rows_text(rows, row, ALIKE_WORDS)));
	return ERR_OK;
}

/* ---- saving ------------------------------------------------------------------------------ */

static bool
alike_is_asked(const struct record *customer)
{
	static const uint32_t fields[] = { F_customer_name, F_customer_type, F_customer_phone,
		F_customer_tax_number };

	if (customer->is_new)
		return true;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (record_changed(customer, fields[i]))
			return true;
	for (size_t i = 0; i < customer->line_count; i++) {
		const struct record *line = customer->lines[i];

		if (line->entity->def->number == E_customer_phone && !line->removed &&
		    (line->is_new || record_changed(line, F_customer_phone_number)))
			return true;
	}
	return false;
}

static void
alike_take_record(struct call *call, const struct record *customer, struct alike_keys *keys)
{
	*keys = (struct alike_keys){ .self = customer->is_new ? 0 : customer->id, .hold = true };
	keys->person = strcmp(record_text(customer, F_customer_type), "person") == 0;
	alike_set_name(call, keys, record_text(customer, F_customer_name));
	keys->tax = name_alike(call->arena, record_text(customer, F_customer_tax_number));
	alike_add_phone(call, keys, record_text(customer, F_customer_phone));
	for (size_t i = 0; i < customer->line_count; i++)
		if (customer->lines[i]->entity->def->number == E_customer_phone &&
		    !customer->lines[i]->removed)
			alike_add_phone(
			    call, keys, record_text(customer->lines[i], F_customer_phone_number));
}

/* Who may approve customers may also say that two of one name are two. */
static bool
alike_may_decide(const struct call *call, const struct record *customer)
{
	return (access_rights(call->user, customer->entity->def) & RIGHT_APPROVE) != 0;
}

static enum err
alike_refuse(struct call *call, const struct rows *rows, bool decides)
{
	bool same = rows_bool(rows, 0, ALIKE_SAME);
	const char *text = same ? call_say(call, "This customer exists: ", "客户已存在：")
				: call_say(call, "Customers like this exist: ", "已有相似客户：");

	for (size_t i = 0; i < rows->count && i < ALIKE_SHOWN; i++) {
		const char *one;
		enum err err = alike_say(call, rows, i, &one);

		if (err != ERR_OK)
			return err;
		text = arena_printf(call->arena, "%s%s%s", text, i > 0 ? call_say(call, "; ", "；") : "", one);
	}
	if (rows->count > ALIKE_SHOWN)
		text = arena_printf(call->arena, call_say(call, "%s; and %zu more", "%s；另有 %zu 个"), text,
		    rows->count - ALIKE_SHOWN);
	return CALL_FAIL(call, same && !decides ? ERR_DUPLICATE : ERR_ALIKE, .entity = E_customer,
	    .text = text);
}

static enum err
alike_keep_reason(struct call *call, const struct record *customer, const struct rows *rows)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_audit(");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, call->session.id);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ", 'save', 'duplicate', ");
	sql_int(sql, E_customer);
	sql_add(sql, ", ");
	sql_int(sql, customer->stored_id);
	sql_add(sql, ", ");
	sql_text(sql, arena_printf(call->arena, "%zu alike (%s): %s", rows->count,
			  rows_text(rows, 0, ALIKE_WORDS), customer->in_spite));
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
	return ERR_OK;
}

enum err
alike_check_save(struct call *call, const struct record *customer)
{
	bool decides = alike_may_decide(call, customer);
	struct alike_keys keys;
	struct rows *rows;
	enum err err;

	if (!alike_is_asked(customer))
		return ERR_OK;
	alike_take_record(call, customer, &keys);
	err = alike_find(call, &keys, &rows);
	if (err != ERR_OK || rows->count == 0)
		return err;
	if (customer->in_spite == NULL || (rows_bool(rows, 0, ALIKE_SAME) && !decides))
		return alike_refuse(call, rows, decides);
	return alike_keep_reason(call, customer, rows);
}

/* ---- the question ------------------------------------------------------------------------ */

static const char *
alike_clean(struct call *call, const char *text)
{
	const char *clean = "";

	if (text != NULL && (text_clean(call->arena, text, strlen(text), TEXT_LINE, &clean) != ERR_OK ||
				text_chars(clean) > QUESTION_CHARS))
		return "";
	return clean;
}

/* What the asker may not read in clear is not asked by either. */
static void
alike_take_question(struct call *call, const Kehu__Check *check, struct alike_keys *keys)
{
	*keys = (struct alike_keys){ .self = check->self, .person = check->person, .contacts = !check->typing };
	if (alike_clear(call, E_customer, F_customer_name))
		alike_set_name(call, keys, alike_clean(call, check->name));
	else
		alike_set_name(call, keys, "");
	if (alike_clear(call, E_customer, F_customer_tax_number))
		keys->tax = name_alike(call->arena, alike_clean(call, check->tax_number));
	if (alike_clear(call, E_customer, F_customer_phone))
		alike_add_phone(call, keys, alike_clean(call, check->phone));
	keys->contacts &= alike_clear(call, E_contact, F_contact_mobile);
}

/* Names of companies are told in clear, what names or reaches a person by its pseudonym. */
static void
alike_queue_audit(struct call *call, const struct alike_keys *keys, const struct rows *rows, size_t hidden)
{
	struct sql *sql = sql_new(call->arena);

	sql_add(sql, "SELECT kehu_audit(");
	sql_int(sql, call->session.user);
	sql_add(sql, ", ");
	sql_int(sql, call->session.id);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ", 'check', 'check', ");
	sql_int(sql, E_customer);
	sql_add(sql, ", 0, 'found=' || ");
	sql_int(sql, (int64_t)rows->count);
	sql_add(sql, "::text || ' hidden=' || ");
	sql_int(sql, (int64_t)hidden);
	sql_add(sql, "::text || ' name=' || ");
	if (keys->person)
		sql_add(sql, "kehu_pseudonym(");
	sql_text(sql, keys->name);
	sql_add(sql, keys->person ? ")" : "::text");
	if (keys->digit_count > 0) {
		sql_add(sql, " || ' phone=' || kehu_pseudonym(");
		sql_text(sql, keys->digits[0]);
		sql_add(sql, ")");
	}
	sql_add(sql, ")");
	store_queue(call->store, sql, NULL);
}

static enum err
alike_fill_match(struct call *call, const struct rows *rows, size_t row, Kehu__CheckMatch *match)
{
	const char *text;
	enum err err = alike_say(call, rows, row, &text);

	kehu__check_match__init(match);
	match->text = arena_strdup(call->arena, text);
	match->has_same = true;
	match->same = rows_bool(rows, row, ALIKE_SAME);
	match->matched = arena_strdup(call->arena, rows_text(rows, row, ALIKE_WORDS));
	match->has_id = !rows_null(rows, row, ALIKE_ID);
	if (match->has_id) {
		match->id = rows_int(rows, row, ALIKE_ID);
		return err;
	}
	match->place = arena_strdup(call->arena, rows_text(rows, row, ALIKE_PLACE));
	if (!rows_null(rows, row, ALIKE_POOL))
		match->pool = arena_strdup(call->arena, rows_text(rows, row, ALIKE_POOL));
	if (!rows_null(rows, row, ALIKE_MET)) {
		struct ymd met = date_to_ymd(rows_date(rows, row, ALIKE_MET));

		match->has_met_month = true;
		match->met_month = met.year * 100 + met.month;
	}
	return err;
}

static enum err
alike_answer(struct call *call, const struct rows *rows, int64_t left)
{
	Kehu__CheckAnswer *answer = ARENA_NEW(call->arena, Kehu__CheckAnswer);
	enum err err = ERR_OK;

	kehu__check_answer__init(answer);
	answer->matches = ARENA_ARRAY(call->arena, Kehu__CheckMatch *, rows->count + 1);
	for (size_t i = 0; err == ERR_OK && i < rows->count; i++) {
		answer->matches[i] = ARENA_NEW(call->arena, Kehu__CheckMatch);
		err = alike_fill_match(call, rows, i, answer->matches[i]);
		answer->n_matches++;
	}
	answer->has_left = left >= 0;
	answer->left = (uint32_t)left;
	call->rows = rows->count;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_CHECK;
	call->answer.check = answer;
	return err;
}

enum err
handle_check(struct call *call)
{
	const Kehu__Check *check = call->request->check;
	const struct entity_view *entity;
	struct alike_keys keys;
	int64_t left = -1;
	struct rows *rows;
	size_t hidden = 0;
	enum err err = call_entity(call, E_customer, RIGHT_CREATE, &entity);

	if (err != ERR_OK)
		return err;
	alike_take_question(call, check, &keys);
	if (keys.name[0] == '\0' && keys.digit_count == 0 && (keys.tax == NULL || keys.tax[0] == '\0'))
		return CALL_FAIL(call, ERR_EMPTY, .entity = E_customer);
	call_scope_references(call, entity);
	call_scope(call, entity->def, RIGHT_VIEW);
	call_begin(call, true);
	err = alike_find(call, &keys, &rows);
	for (size_t i = 0; err == ERR_OK && i < rows->count; i++)
		hidden += rows_null(rows, i, ALIKE_ID);
	if (err == ERR_OK && (!check->typing || hidden > 0)) {
		err = reveal_count_use(call, "check", call->server->settings.access_checks, &left);
		if (err == ERR_OK)
			alike_queue_audit(call, &keys, rows, hidden);
	}
	return err != ERR_OK ? err : alike_answer(call, rows, left);
}
