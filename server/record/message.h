/*
 * What any record can offer: comments that its followers hear of, and following it: the same for
 * every entity whose .def says TALKING.
 */
#ifndef KEHU_MESSAGE_H
#define KEHU_MESSAGE_H

#include "server/record/rule.h"

/* What the action comment does; arguments: the text. For actions that take a comment along. */
MUST_CHECK enum err message_act_comment(
    struct call *call, struct record *record, const struct value *arguments);
/* The rule of the actions comment (whom its text names with @ is told, too), follow and unfollow; NULL: another action. */
const struct rule *message_rule(const char *action);

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
