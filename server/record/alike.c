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

/* ---- many -------------------------------------------------------------------------------- */

/* A key and the first of the many that has it. */
struct alike_slot {
	const char *key; /* its kind, then itself; NULL: free */
	size_t at;
};

struct alike_many {
	struct alike_slot *slots;
	size_t room; /* a power of two */
};

static struct alike_slot *
alike_slot(const struct alike_many *many, const char *key)
{
	uint64_t hash = 14695981039346656037U;

	for (const char *c = key; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211U;
	for (size_t at = hash & (many->room - 1);; at = (at + 1) & (many->room - 1))
		if (many->slots[at].key == NULL || strcmp(many->slots[at].key, key) == 0)
			return &many->slots[at];
}

#define ALIKE_KEYS (ALIKE_PHONES + 3)

/* What of a customer may not be another's in the same transaction. */
static size_t
alike_list_keys(struct call *call, const struct alike_keys *keys, const char *list[ALIKE_KEYS])
{
	size_t count = 0;

	if (keys->name != NULL && keys->name[0] != '\0')
		list[count++] = arena_printf(call->arena, "=%s", keys->name);
	if (keys->tax != NULL && keys->tax[0] != '\0')
		list[count++] = arena_printf(call->arena, "#%s", keys->tax);
	if (keys->sound != NULL && keys->sound[0] != '\0')
		list[count++] = arena_printf(call->arena, "~%s", keys->sound);
	for (size_t i = 0; i < keys->digit_count; i++)
		list[count++] = arena_printf(call->arena, "+%s", keys->digits[i]);
	return count;
}

static enum err
alike_refuse_second(struct call *call, const struct record *first)
{
	return CALL_FAIL(call, ERR_DUPLICATE, .entity = E_customer,
	    .text = arena_printf(call->arena,
		call_say(call, "This customer comes twice: %s is among those before it", "重复的客户：前面已有 %s"),
		alike_value(call, first, F_customer_name)));
}

static enum err
alike_refuse_doubles(struct call *call, struct record *const *customers, const struct alike_keys *keys,
    size_t count, struct failure *refused)
{
	struct alike_many many = { .room = 1024 };
	size_t wanted = 0;

	for (size_t i = 0; i < count; i++)
		wanted += 3 + keys[i].digit_count;
	while (many.room < wanted * 2)
		many.room *= 2;
	many.slots = ARENA_ARRAY(call->arena, struct alike_slot, many.room);
	for (size_t i = 0; i < count; i++) {
		const char *list[ALIKE_KEYS];
		size_t listed = refused[i].err == ERR_OK ? alike_list_keys(call, &keys[i], list) : 0;
		const struct alike_slot *taken = NULL;

		for (size_t k = 0; k < listed && taken == NULL; k++)
			taken = alike_slot(&many, list[k])->key != NULL ? alike_slot(&many, list[k]) : NULL;
		if (taken != NULL && alike_refuse_second(call, customers[taken->at]) != ERR_OK) {
			call_refused(call, &refused[i]);
			continue;
		}
		for (size_t k = 0; k < listed; k++)
			*alike_slot(&many, list[k]) = (struct alike_slot){ list[k], i };
	}
	return ERR_OK;
}

static struct sql *
alike_ask_many(struct call *call, const struct alike_keys *keys, size_t count, const struct failure *refused)
{
	struct sql *sql = sql_new(call->arena);
	size_t phones = 0, n = 0, p = 0;

	for (size_t i = 0; i < count; i++)
		phones += keys[i].digit_count;
	const char **texts[3] = { ARENA_ARRAY(call->arena, const char *, count + 1),
		ARENA_ARRAY(call->arena, const char *, count + 1),
		ARENA_ARRAY(call->arena, const char *, count + 1) };
	int64_t *at = ARENA_ARRAY(call->arena, int64_t, count + 1);
	int64_t *person = ARENA_ARRAY(call->arena, int64_t, count + 1);
	int64_t *phone_at = ARENA_ARRAY(call->arena, int64_t, phones + 1);
	const char **phone = ARENA_ARRAY(call->arena, const char *, phones + 1);

	for (size_t i = 0; i < count; i++) {
		if (refused[i].err != ERR_OK)
			continue;
		at[n] = (int64_t)i;
		texts[0][n] = keys[i].name;
		texts[1][n] = keys[i].sound;
		texts[2][n] = keys[i].tax;
		person[n++] = keys[i].person;
		for (size_t k = 0; k < keys[i].digit_count; k++, p++) {
			phone_at[p] = (int64_t)i;
			phone[p] = keys[i].digits[k];
		}
	}
	sql_add(sql, "SELECT n, id, matched FROM kehu_customers_alike(");
	sql_ints(sql, at, n);
	for (size_t i = 0; i < 3; i++) {
		sql_add(sql, ", ");
		sql_texts(sql, texts[i], n);
	}
	sql_add(sql, ", ");
	sql_ints(sql, person, n);
	sql_add(sql, "::integer[]::boolean[], ");
	sql_ints(sql, phone_at, p);
	sql_add(sql, ", ");
	sql_texts(sql, phone, p);
	sql_add(sql, ")");
	sql_named(sql);
	return sql;
}

/* Columns of kehu_customers_alike(). */
enum { MANY_N, MANY_ID, MANY_WORDS };

/* Those of the found that the caller may see: id, number, name. */
static enum err
alike_see_many(struct call *call, const struct rows *found, struct rows **seen)
{
	const struct entity_view *entity = catalog_entity(call->catalog, E_customer);
	struct arms arms = access_arms(call->user, entity->def, RIGHT_VIEW);
	int64_t *ids = ARENA_ARRAY(call->arena, int64_t, found->count);
	struct sql *sql = sql_new(call->arena);

	for (size_t i = 0; i < found->count; i++)
		ids[i] = rows_int(found, i, MANY_ID);
	sql_add(sql, "SELECT t.id, t.number, t.name FROM customer t WHERE t.id = ANY (");
	sql_ints(sql, ids, found->count);
	sql_add(sql, ") AND ");
	record_arms_where(call, sql, entity, "t", &arms);
	sql_add(sql, " ORDER BY t.id");
	return store_run(call->store, call->arena, sql, seen);
}

/* "C000123 Name"; of one out of sight only that it is there. */
static const char *
alike_name_of_many(struct call *call, const struct rows *seen, int64_t id)
{
	size_t low = 0, high = seen->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rows_int(seen, middle, 0) < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == seen->count || rows_int(seen, low, 0) != id)
		return call_say(call, "out of your sight", "不在您的可见范围内");
	return alike_clear(call, E_customer, F_customer_name)
		   ? arena_printf(call->arena, "%s %s", rows_text(seen, low, 1), rows_text(seen, low, 2))
		   : rows_text(seen, low, 1);
}

/* Many may be like one there is (a file imported again): all are answered together, and shorter. */
static enum err
alike_refuse_found(struct call *call, const struct rows *found, struct failure *refused)
{
	struct rows *seen;
	enum err err = found->count > 0 ? alike_see_many(call, found, &seen) : ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < found->count; i++) {
		const char *words = rows_text(found, i, MANY_WORDS);
		bool same = text_has_word(words, "name") || text_has_word(words, "tax_number");

		refused[rows_int(found, i, MANY_N)] = (struct failure){
			.err = same ? ERR_DUPLICATE : ERR_ALIKE,
			.entity = E_customer,
			.text = arena_printf(call->arena, "%s%s (%s)",
			    same ? call_say(call, "This customer exists: ", "客户已存在：")
				 : call_say(call, "Customers like this exist: ", "已有相似客户："),
			    alike_name_of_many(call, seen, rows_int(found, i, MANY_ID)), alike_why(call, words)),
		};
	}
	return err;
}

enum err
alike_check_many(
    struct call *call, struct record *const *customers, size_t count, struct failure *refused)
{
	struct alike_keys *keys = ARENA_ARRAY(call->arena, struct alike_keys, count);
	struct rows *rows;
	enum err err;

	for (size_t i = 0; i < count; i++)
		if (refused[i].err == ERR_OK)
			alike_take_record(call, customers[i], &keys[i]);
	err = store_as_rule(call, alike_ask_many(call, keys, count, refused), &rows);
	if (err == ERR_OK)
		err = alike_refuse_found(call, rows, refused);
	return err == ERR_OK ? alike_refuse_doubles(call, customers, keys, count, refused) : err;
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
