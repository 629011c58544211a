/* 编号规则: a prefix that can be made, and long enough numbers. Kinds of documents are the catalogue's. */
#include "server/entity/fields.h"
#include "server/record/rule.h"

#include <string.h>

#define DIGITS_MIN 3
#define DIGITS_MAX 12

/* Letters, digits, - _ / . and the parts that the date and the branch fill. */
static bool
numbering_pattern_fits(const char *pattern)
{
	if (pattern[0] == '\0')
		return false;
	for (const char *at = pattern; *at != '\0'; at++) {
		if (*at == '%') {
			if (at[1] == '\0' || strchr("Yymdb", at[1]) == NULL)
				return false;
			at++;
		} else if (strchr("-_/.", *at) == NULL && !(*at >= '0' && *at <= '9') &&
			   !(*at >= 'A' && *at <= 'Z') && !(*at >= 'a' && *at <= 'z'))
			return false;
	}
	return true;
}

static enum err
numbering_before_save(struct call *call, struct record *numbering)
{
	int64_t digits = record_number(numbering, F_numbering_digits);

	if (numbering->is_new || record_changed(numbering, F_numbering_name))
		return CALL_FAIL(call, numbering->is_new ? ERR_INVALID : ERR_READ_ONLY,
		    .field = F_numbering_name,
		    .text = call_say(call, "Which documents have numbers is not set up here",
			"哪些单据有编号不在此设置"));
	if (!numbering_pattern_fits(record_text(numbering, F_numbering_pattern)))
		return CALL_FAIL(call, ERR_INVALID, .field = F_numbering_pattern,
		    .text = call_say(call,
			"Letters, digits, - _ / . and %Y %y %m %d %b only",
			"只可用字母、数字、- _ / . 以及 %Y %y %m %d %b"));
	if (digits < DIGITS_MIN || digits > DIGITS_MAX)
		return CALL_FAIL(call, ERR_INVALID, .field = F_numbering_digits,
		    .text = call_say(call, "From 3 to 12", "应在 3 到 12 之间"));
	return ERR_OK;
}

const struct rule rules_numbering[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = numbering_before_save },
	{ 0 },
};
