/*
 * View as another user. ViewAs opens a session of that user which belongs to its viewer; on it
 * every request passes the one access core with that user's rows and what the viewer may see of
 * their values (access_through), and nothing but looking is answered.
 */
#include "server/gate/session.h"

#include "common/date.h"
#include "common/text.h"
#include "server/entity/fields.h"

#include <string.h>

#define VIEWING_MINUTES     30
#define VIEWING_MINUTES_MAX 480

/* ---- who may ------------------------------------------------------------------------------ */

/* Those whom looking through would be looking up: superiors, and who gives rights or views. */
static bool
viewing_is_higher(
    const struct call *call, const struct access_user *viewer, const struct access_user *user)
{
	static const uint32_t kept[] = { E_role, E_user };
	const struct entity *viewing = catalog_entity(call->catalog, E_viewing)->def;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (access_rights(user, catalog_entity(call->catalog, kept[i])->def) &
		    (RIGHT_CREATE | RIGHT_EDIT))
			return true;
	return (access_rights(user, viewing) & RIGHT_ACT) != 0 ||
	       access_leads(call->access, access_user_id(user), access_user_id(viewer));
}

static bool
viewing_allowed(
    const struct call *call, const struct access_user *viewer, const struct access_user *user)
{
	const struct access_row row = { .owner = access_user_id(user),
		.department = access_user_department(user),
		.branch = access_user_branch(user) };

	return access_allows(viewer, catalog_entity(call->catalog, E_viewing)->def, RIGHT_ACT,
	    NULL, &row);
}

/* ---- looking ------------------------------------------------------------------------------ */

/*
 * What is answered: reading of records, by views alone. Reports, files and jobs are not, nor what
 * looks after the account.
 */
static bool
viewing_answers(int request)
{
	switch (request) {
	case KEHU__CLIENT_FRAME__REQUEST_CATALOG:
	case KEHU__CLIENT_FRAME__REQUEST_LIST:
	case KEHU__CLIENT_FRAME__REQUEST_GET:
	case KEHU__CLIENT_FRAME__REQUEST_SEARCH:
	case KEHU__CLIENT_FRAME__REQUEST_RELATED:
	case KEHU__CLIENT_FRAME__REQUEST_HISTORY:
	case KEHU__CLIENT_FRAME__REQUEST_BOARD:
	case KEHU__CLIENT_FRAME__REQUEST_TODAY:
	case KEHU__CLIENT_FRAME__REQUEST_DISPATCH:
	case KEHU__CLIENT_FRAME__REQUEST_LOCK:
	case KEHU__CLIENT_FRAME__REQUEST_LOGOUT:
		return true;
	default:
		return false;
	}
}

enum err
viewing_enter(struct call *call)
{
	const struct access_user *viewer =
	    access_user(call->access, call->session.viewer, call_today(call));

	if (viewer == NULL || !viewing_allowed(call, viewer, call->user) ||
	    viewing_is_higher(call, viewer, call->user))
		return CALL_FAIL(call, ERR_VIEW_OVER);
	if (!viewing_answers((int)call->request->request_case))
		return CALL_FAIL(call, ERR_VIEW_ONLY);
	call->user = access_through(call->arena, call->user, viewer);
	return ERR_OK;
}

/* ---- ViewAs ------------------------------------------------------------------------------- */

struct viewing_wish {
	const struct access_user *user;
	const char *reason;
	int64_t minutes;
};

static enum err
viewing_check(struct call *call, struct viewing_wish *wish)
{
	const Kehu__ViewAs *request = call->request->view_as;
	const struct entity_view *viewing;
	enum err err = call_entity(call, E_viewing, RIGHT_ACT, &viewing);

	if (err != ERR_OK)
		return err;
	if (request->user == call->session.user)
		return CALL_FAIL(call, ERR_VIEW_HIGHER);
	wish->user = access_user(call->access, request->user, call_today(call));
	if (wish->user == NULL)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_user);
	if (!viewing_allowed(call, call->user, wish->user))
		return CALL_FAIL(call, ERR_FORBIDDEN, .entity = E_viewing);
	if (viewing_is_higher(call, call->user, wish->user))
		return CALL_FAIL(call, ERR_VIEW_HIGHER);
	wish->reason = request->reason != NULL ? request->reason : "";
	if (wish->reason[0] == '\0')
		return CALL_FAIL(call, ERR_REASON_NEEDED);
	if (!text_valid(wish->reason, strlen(wish->reason)) || text_chars(wish->reason) > 200)
		return CALL_FAIL(call, ERR_BAD_TEXT);
	wish->reason = text_print(call->arena, wish->reason, TEXT_LINE);
	wish->minutes = request->minutes != 0 ? request->minutes : VIEWING_MINUTES;
	if (wish->minutes > VIEWING_MINUTES_MAX)
		return CALL_FAIL(call, ERR_INVALID,
		    .text = call_say(call, "At most eight hours", "最长八小时"));
	return ERR_OK;
}

static void
viewing_queue(struct call *call, const struct viewing_wish *wish,
    const uint8_t token[TOKEN_BYTES], struct rows **rows)
{
	struct sql *sql = sql_new(call->arena);
	uint8_t hash[32], key[32];

	random_bytes(key, sizeof(key));
	hash_sha256(token, TOKEN_BYTES, hash);
	sql_add(sql, "SELECT until_at, name, label FROM session_view_as(");
	sql_int(sql, access_user_id(wish->user));
	sql_add(sql, ", ");
	sql_text(sql, wish->reason);
	sql_add(sql, ", ");
	sql_int(sql, wish->minutes);
	sql_add(sql, ", ");
	sql_bytes(sql, hash, sizeof(hash));
	sql_add(sql, ", ");
	sql_bytes(sql, key, sizeof(key));
	sql_add(sql, ", ");
	sql_text(sql, call->session.peer);
	sql_add(sql, ", ");
	sql_text(sql, call->session.client);
	sql_add(sql, ", ");
	session_sql_key(call, sql);
	sql_add(sql, ", ");
	sql_text(sql, call->session.key.given ? call->session.key.serial : NULL);
	sql_add(sql, ", ");
	sql_int(sql, (int64_t)call->reference);
	sql_add(sql, ")");
	store_queue(call->store, sql, rows);
}

enum err
handle_view_as(struct call *call)
{
	struct viewing_wish wish = { 0 };
	uint8_t token[TOKEN_BYTES];
	Kehu__ViewAsAnswer *answer;
	struct rows *rows;
	enum err err = viewing_check(call, &wish);

	if (err != ERR_OK)
		return err;
	call_begin(call, true);
	random_bytes(token, sizeof(token));
	viewing_queue(call, &wish, token, &rows);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	answer = ARENA_NEW(call->arena, Kehu__ViewAsAnswer);
	kehu__view_as_answer__init(answer);
	answer->has_token = answer->has_until_us = true;
	answer->token.data = arena_memdup(call->arena, token, TOKEN_BYTES);
	answer->token.len = TOKEN_BYTES;
	answer->until_us = rows_moment(rows, 0, 0);
	answer->name = arena_strdup(call->arena, rows_text(rows, 0, 1));
	answer->label = arena_strdup(call->arena, rows_text(rows, 0, 2));
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_VIEW_AS;
	call->answer.view_as = answer;
	return ERR_OK;
}
