/*
 * 自定义字段: what may be defined and changed. Values are kept for ever, so what they are
 * (kind, decimals, list, reference) stays once there is a column; labels, checks and where a
 * field shows change at any time, and it is retired rather than deleted.
 */
#include "server/entity/custom.h"
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <inttypes.h>
#include <string.h>

#define DECIMALS_MAX 6
#define TEXT_MAX     4000

static enum err
custom_refuse(struct call *call, uint32_t field, const char *text)
{
	return CALL_FAIL(
	    call, ERR_INVALID, .entity = E_custom_field, .field = field, .text = text);
}

/* Small letters, digits and _, beginning with a letter; x_1 would look like a column. */
static bool
custom_code_fits(const char *code)
{
	size_t bytes = strlen(code);

	return bytes > 0 && bytes <= CUSTOM_NAME_CHARS && code[0] >= 'a' && code[0] <= 'z' &&
	       strncmp(code, "x_", 2) != 0 &&
	       strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_") == bytes;
}

static enum err
custom_check_name(struct call *call, const struct record *record)
{
	/* What every record has, and what the query language says of all of them. */
	static const char *const reserved[] = { "id", "version", "created_at", "created_by",
		"updated_at", "updated_by", "deleted_at", "delete_id", "position", "sort", "is",
		"has", "not", "or", "and" };
	const char *name = record_text(record, F_custom_field_name), *code = "";
	const struct entity_view *view = custom_entity(call->catalog, name, &code);
	bool taken = false;

	if (view == NULL)
		return custom_refuse(call, F_custom_field_name,
		    call_say(call,
			"It begins with a kind of record and a dot: customer.parking",
			"须以对象代码和点开头，如 customer.parking"));
	if (!custom_code_fits(code))
		return custom_refuse(call, F_custom_field_name,
		    call_say(call,
			"Behind the dot: small letters, digits and _, a letter first, at most "
			"40",
			"点后为小写字母、数字和下划线，以字母开头，最多 40 个字符"));
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		taken |= strcmp(reserved[i], code) == 0;
	if (taken || entity_field_called(view, code) != NULL)
		return custom_refuse(call, F_custom_field_name,
		    call_say(call, "This kind of record has a field of that name",
			"该对象已有此名称的字段"));
	return ERR_OK;
}

/* A label that another field of the kind of record has would find the wrong one. */
static enum err
custom_check_label(struct call *call, const struct record *record, uint32_t label)
{
	const char *code = "";
	const struct entity_view *view =
	    custom_entity(call->catalog, record_text(record, F_custom_field_name), &code);
	const struct field *other = view != NULL && record_changed(record, label)
					? entity_field_called(view, record_text(record, label))
					: NULL;

	if (other == NULL ||
	    (int64_t)other->number == record_number(record, F_custom_field_number))
		return ERR_OK;
	return custom_refuse(call, label,
	    arena_printf(call->arena,
		call_say(call, "The field %s is called so", "字段 %s 已用此名称"),
		field_word(other)));
}

/* ---- what it holds ------------------------------------------------------------------------
 */

static enum err
custom_check_value(struct call *call, const struct record *record, enum field_type type)
{
	const struct entity_view *target =
	    catalog_entity_named(call->catalog, record_text(record, F_custom_field_target));
	int64_t decimals = record_number(record, F_custom_field_decimals);
	int64_t chars = record_number(record, F_custom_field_max_chars);

	if ((type == TYPE_CHOICE) !=
	    record_value(record, F_custom_field_dictionary_id)->present)
		return custom_refuse(call, F_custom_field_dictionary_id,
		    call_say(call, "A choice has a list, and nothing else has",
			"选项须有字典，其他种类没有"));
	if ((type == TYPE_REF) != record_value(record, F_custom_field_target)->present ||
	    (type == TYPE_REF && (target == NULL || (target->def->kind != ENTITY_ACTIVITY &&
							target->def->kind != ENTITY_SETUP))))
		return custom_refuse(call, F_custom_field_target,
		    call_say(call,
			"A reference names a kind of record, such as user or customer; nothing "
			"else does",
			"引用须指明对象，如 user、customer；其他种类没有"));
	if (decimals < 0 || decimals > DECIMALS_MAX ||
	    (decimals > 0 && strcmp(record_text(record, F_custom_field_kind), "number") != 0))
		return custom_refuse(call, F_custom_field_decimals,
		    call_say(call, "Numbers have 0 to 6", "仅数字可设，0 到 6"));
	if (chars < 0 || chars > TEXT_MAX)
		return custom_refuse(call, F_custom_field_max_chars,
		    call_say(call, "At most 4000", "最多 4000"));
	return ERR_OK;
}

/* A bound or a default is written as people write values; it has to be one. */
static enum err
custom_check_text(struct call *call, const struct record *record, const struct field *like,
    uint32_t field, bool bounded)
{
	const char *text = record_text(record, field);
	struct value value;

	if (text[0] == '\0')
		return ERR_OK;
	if (bounded && like->type != TYPE_INT && like->type != TYPE_QUANTITY &&
	    like->type != TYPE_MONEY && like->type != TYPE_DATE && like->type != TYPE_MOMENT)
		return custom_refuse(call, field,
		    call_say(call, "Numbers, money and dates have bounds",
			"仅数字、金额、日期可设上下限"));
	if (!bounded &&
	    (strcmp(text, "today") == 0 || strcmp(text, "now") == 0 || strcmp(text, "me") == 0))
		return like->type == (text[0] == 't'      ? TYPE_DATE
					 : text[0] == 'n' ? TYPE_MOMENT
							  : TYPE_REF) &&
			       (text[0] != 'm' || strcmp(like->ref, "user") == 0)
			   ? ERR_OK
			   : custom_refuse(call, field,
				 call_say(call, "Not a value of this kind", "不是该种类的值"));
	/* A choice of a list that is being made in the same step cannot be known yet. */
	if (like->type == TYPE_CHOICE && like->dict == NULL)
		return ERR_OK;
	return value_from_text(call, like, text, &value) == ERR_OK && value.present
		   ? ERR_OK
		   : custom_refuse(call, field,
			 call_say(call, "Not a value of this kind", "不是该种类的值"));
}

static enum err
custom_check_texts(struct call *call, const struct record *record, enum field_type type)
{
	const struct setup_record *list = access_setup(
	    call->access, E_dictionary, record_number(record, F_custom_field_dictionary_id));
	struct field like = { .type = type,
		.decimals = (uint32_t)record_number(record, F_custom_field_decimals),
		.max_chars = (uint32_t)record_number(record, F_custom_field_max_chars),
		.dict = list != NULL ? list->label : NULL,
		.ref = type == TYPE_REF ? record_text(record, F_custom_field_target) : NULL };
	enum err err = custom_check_text(call, record, &like, F_custom_field_lowest, true);

	if (err == ERR_OK)
		err = custom_check_text(call, record, &like, F_custom_field_highest, true);
	if (err == ERR_OK)
		err = custom_check_text(call, record, &like, F_custom_field_initial, false);
	return err;
}

/* ---- where it shows ------------------------------------------------------------------------
 */

static enum err
custom_check_search(struct call *call, const struct record *record, enum field_type type)
{
	const char *code;
	const struct entity_view *view =
	    custom_entity(call->catalog, record_text(record, F_custom_field_name), &code);
	const struct entity *top = view == NULL ? NULL : view->def;

	if (top != NULL && top->kind == ENTITY_LINE)
		top = catalog_entity_named(call->catalog, top->parent)->def;
	if (record_number(record, F_custom_field_searched) != 0 &&
	    ((type != TYPE_TEXT && type != TYPE_BLOCK && type != TYPE_PHONE &&
		 type != TYPE_MAIL && type != TYPE_LINK) ||
		top == NULL || !top->searched))
		return custom_refuse(call, F_custom_field_searched,
		    call_say(call,
			"The search box looks for texts of customers and other searched "
			"records only",
			"仅可搜索对象（如客户）的文本类字段可设"));
	if (record_number(record, F_custom_field_indexed) != 0 && type == TYPE_BLOCK)
		return custom_refuse(call, F_custom_field_indexed,
		    call_say(call, "Texts of several lines have no index", "多行文本不建索引"));
	return ERR_OK;
}

/* ---- what stays ----------------------------------------------------------------------------
 */

static enum err
custom_check_kept(struct call *call, const struct record *record)
{
	static const uint32_t kept[] = { F_custom_field_kind, F_custom_field_decimals,
		F_custom_field_dictionary_id, F_custom_field_target };

	if (record->is_new)
		return ERR_OK;
	if (record_changed(record, F_custom_field_name))
		return CALL_FAIL(call, ERR_READ_ONLY, .entity = E_custom_field,
		    .field = F_custom_field_name,
		    .text = call_say(call,
			"Views, imports and scripts know it by this name: change its labels "
			"instead",
			"视图、导入和脚本以此代码引用该字段；请改标签"));
	for (size_t i = 0; record_number(record, F_custom_field_ready) != 0 &&
			   i < sizeof(kept) / sizeof(kept[0]);
	     i++)
		if (record_changed(record, kept[i]))
			return CALL_FAIL(call, ERR_READ_ONLY, .entity = E_custom_field,
			    .field = kept[i],
			    .text = call_say(call,
				"Its values are stored as they are: define another field and "
				"retire this one",
				"已有数据按此存储；请另建字段并停用本字段"));
	return ERR_OK;
}

/* The next number of its kind of record, deleted ones counted; who defines at the same time
 * waits. */
static enum err
custom_take_number(struct call *call, struct record *record)
{
	const char *name = record_text(record, F_custom_field_name);
	const char *prefix = arena_strndup(call->arena, name, strcspn(name, "."));
	struct sql *lock = sql_new(call->arena), *sql = sql_new(call->arena);
	struct rows *rows;
	enum err err;

	sql_add(lock, "SELECT pg_advisory_xact_lock(hashtext('custom_field'))");
	store_queue(call->store, lock, NULL);
	sql_addf(sql,
	    "SELECT coalesce(max(number), %d) + 1, count(*) FROM field WHERE split_part(name, "
	    "'.', 1) = ",
	    CUSTOM_NUMBER_MIN - 1);
	sql_text(sql, prefix);
	err = store_run(call->store, call->arena, sql, &rows);
	if (err != ERR_OK)
		return err;
	if (rows_int(rows, 0, 1) >= CUSTOM_PER_ENTITY)
		return custom_refuse(call, F_custom_field_name,
		    arena_printf(call->arena,
			call_say(call, "A kind of record has at most %d, retired ones too",
			    "每个对象最多 %d 个，停用的也计入"),
			CUSTOM_PER_ENTITY));
	record_set_number(record, F_custom_field_number, rows_int(rows, 0, 0));
	return ERR_OK;
}

static enum err
custom_field_before_save(struct call *call, struct record *record)
{
	enum field_type type;
	enum err err = custom_check_kept(call, record);

	if (err == ERR_OK &&
	    !custom_type(record_text(record, F_custom_field_kind),
		(uint32_t)record_number(record, F_custom_field_decimals), &type))
		err = CALL_FAIL(call, ERR_NOT_IN_LIST, .entity = E_custom_field,
		    .field = F_custom_field_kind);
	if (err == ERR_OK && record->is_new)
		err = custom_check_name(call, record);
	if (err == ERR_OK)
		err = custom_check_label(call, record, F_custom_field_zh);
	if (err == ERR_OK)
		err = custom_check_label(call, record, F_custom_field_en);
	if (err == ERR_OK)
		err = custom_check_value(call, record, type);
	if (err == ERR_OK)
		err = custom_check_texts(call, record, type);
	if (err == ERR_OK)
		err = custom_check_search(call, record, type);
	if (err == ERR_OK && record->is_new)
		err = custom_take_number(call, record);
	return err;
}

static enum err
custom_field_before_delete(struct call *call, struct record *record)
{
	if (record_number(record, F_custom_field_ready) == 0)
		return ERR_OK;
	return CALL_FAIL(call, ERR_WRONG_STATE, .entity = E_custom_field,
	    .text = call_say(call,
		"It has values: retire it instead (retired), they stay and it can come back",
		"该字段已有数据列：请改为停用，数据保留并可恢复"));
}

const struct rule rules_custom_field[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = custom_field_before_save },
	{ .hook = HOOK_BEFORE_DELETE, .run = custom_field_before_delete },
	{ 0 },
};
