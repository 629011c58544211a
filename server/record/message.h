/*
 * What any record can offer: comments that its followers hear of, and following it. Entities name
 * these in their tables of rules.
 */
#ifndef KEHU_MESSAGE_H
#define KEHU_MESSAGE_H

#include "server/record/rule.h"

/* Arguments: the text. Users named with @ are told, too. */
MUST_CHECK enum err message_act_comment(
    struct call *call, struct record *record, const struct value *arguments);
MUST_CHECK enum err message_act_follow(
    struct call *call, struct record *record, const struct value *arguments);
MUST_CHECK enum err message_act_unfollow(
    struct call *call, struct record *record, const struct value *arguments);
/* The rows of a table of rules for the actions comment, follow, unfollow. */
#define MESSAGE_RULES                                                                          \
	{ .action = "comment", .act = message_act_comment, .right = RIGHT_VIEW, .reads = true,    \
		.stores = true },                                                                  \
	{ .action = "follow", .act = message_act_follow, .right = RIGHT_VIEW, .reads = true,      \
		.stores = true },                                                                  \
	{ .action = "unfollow", .act = message_act_unfollow, .right = RIGHT_VIEW, .reads = true,  \
		.stores = true }

/*
 * To a user, to all of a department and those below it (0: none), and to those the text names; keep:
 * a copy for the sender; thread 0: a new one. ERR_INVALID: nobody to tell.
 */
MUST_CHECK enum err message_send(struct call *call, int64_t to, int64_t department,
    const char *text, int64_t thread, bool keep);
/* The users named in a text with @login or @name, in arena. */
size_t message_mentions(struct call *call, const char *text, int64_t **users);

/* Periodic: followers are told of changes, late approvals called to mind. */
struct worker;
enum err message_follow_tick(struct worker *worker);
enum err approval_remind_tick(struct worker *worker);
/* Unread messages go by mail to those who are away and want that. */
enum err message_mail_tick(struct worker *worker);

#endif
