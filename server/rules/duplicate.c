/* 疑似重复: a pair that the scan of all found is merged, or said to be two. */
#include "common/date.h"
#include "server/entity/fields.h"
#include "server/record/merge.h"

#include <string.h>

/* Who merges a pair does what the customer's own action does, with the rights that needs. */
static enum err
duplicate_merge(struct call *call, struct record *pair, const struct value *arguments)
{
	bool second = arguments[0].present && strcmp(arguments[0].text, "second") == 0;
	int64_t first_id = record_number(pair, F_duplicate_first_id);
	int64_t second_id = record_number(pair, F_duplicate_second_id);
	struct record *now;
	enum err err = merge_pair(call, catalog_entity(call->catalog, E_customer), second ? second_id : first_id,
	    second ? first_id : second_id, &arguments[1], &arguments[2], &now);

	if (err == ERR_OK)
		pair->version++;
	return err;
}

static enum err
duplicate_dismiss(struct call *call, struct record *pair, const struct value *arguments)
{
	record_set_text(pair, F_duplicate_reason, arguments[0].present ? arguments[0].text : NULL);
	record_set_number(pair, F_duplicate_decided_id, call->session.user);
	record_set_number(pair, F_duplicate_decided_at, date_now_us());
	return ERR_OK;
}

static enum err
duplicate_reopen(struct call *call, struct record *pair, const struct value *arguments)
{
	(void)call;
	(void)arguments;
	record_set_null(pair, F_duplicate_decided_id);
	record_set_null(pair, F_duplicate_decided_at);
	return ERR_OK;
}

const struct rule rules_duplicate[] = {
	{ .action = "merge", .act = duplicate_merge, .stores = true, .makes = "customer" },
	{ .action = "dismiss", .act = duplicate_dismiss },
	{ .action = "reopen", .act = duplicate_reopen },
	{ 0 },
};
