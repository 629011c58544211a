/*
 * What is particular to an entity: hooks and named actions, rows of the table rules_<entity>
 * in server/rules/<entity>.c. The list of those files is made by the build.
 */
#ifndef KEHU_RULE_H
#define KEHU_RULE_H

#include "server/record/record.h"

enum hook {
	HOOK_NONE,
	HOOK_DEFAULTS,    /* a new record, before it is checked: fill what is left empty */
	HOOK_BEFORE_SAVE, /* checked and complete, nothing stored yet; queries may run */
	HOOK_AFTER_SAVE,  /* stored, same transaction */
	HOOK_DELETE,      /* does the deleting itself, in place of the general way */
	HOOK_RESTORE,
	HOOK_BEFORE_DELETE, /* may refuse; nothing is done yet */
	HOOK_AFTER_DELETE, /* also after a restore: record->deleted tells */
};

struct rule {
	enum hook hook;
	const char *action; /* of the entity's .def; its run gets the arguments */
	enum err (*run)(struct call *call, struct record *record);
	enum err (*act)(struct call *call, struct record *record, const struct value *arguments);
	/*
	 * Of HOOK_BEFORE_SAVE: the same for many new records at once, NULL: they are saved one by one.
	 * What it refuses gets its failure, by place; those that have one already are passed over.
	 */
	enum err (*many)(
	    struct call *call, struct record *const *records, size_t count, struct failure *refused);
	enum right right;   /* an action's, when not RIGHT_ACT */
	bool reads;         /* the action only reads the record: whoever sees it may, and nothing is locked */
	bool stores;        /* the action changes the row itself and sets record->version */
	bool opens;         /* the action is how a shut record is opened: it works on one that is shut */
	const char *makes;  /* entities the action makes records of, space-separated */
};

/* The rules of an entity, ended by one without run and act; NULL: none. */
const struct rule *rule_table(const struct entity *entity);
bool rule_has_hook(const struct entity *entity, enum hook hook);
/* Whether every hook that a new record passes can take many at once; and running those. */
bool rule_takes_many(const struct entity *entity);
MUST_CHECK enum err rule_run_many(struct call *call, const struct entity *entity,
    struct record *const *records, size_t count, struct failure *refused);
MUST_CHECK enum err rule_run_hooks(struct call *call, enum hook hook, struct record *record);
/* NULL: no such action. */
const struct rule *rule_action(const struct entity *entity, const char *action);
/* Every declared action has a rule and every rule's action is declared; names the first that is not. */
MUST_CHECK enum err rule_check(const char **why);

/*
 * Call a rule function of the database (owned by kehu_rule, past the row policies). sql is the
 * whole "SELECT rule_…(…)". Only server/rules, server/trade and server/record may, and lint holds them to it.
 * A refusal (KH005) becomes the error it names.
 */
MUST_CHECK enum err store_as_rule(struct call *call, const struct sql *sql, struct rows **rows);

/*
 * Of a tree of set-up records: refuses a parent (that field) which is the record or lies below it, with
 * ERR_CIRCLE at the field.
 */
MUST_CHECK enum err rule_refuse_circle(
    struct call *call, const struct record *record, uint32_t parent);

#endif
