/*
 * A second opinion about rights. It works out from plain facts (users, trees, pools, shares,
 * one row) and from the roles as they are written down what a request must be answered, and
 * shares no code with server/access: where the two disagree, one of them is wrong.
 */
#ifndef KEHU_TEST_EVALUATOR_H
#define KEHU_TEST_EVALUATOR_H

#include "server/entity/entity.h"

enum eval_right {
	EVAL_VIEW = 1,
	EVAL_CREATE = 2,
	EVAL_EDIT = 4,
	EVAL_DELETE = 8,
	EVAL_RESTORE = 16,
	EVAL_EXPORT = 32,
	EVAL_APPROVE = 64,
	EVAL_ASSIGN = 128,
	EVAL_ACT = 256,
};

/* How a field shows. */
enum eval_show { EVAL_CLEAR, EVAL_READONLY, EVAL_MASKED, EVAL_HIDDEN };

struct eval_node {
	int64_t id, parent; /* of branches or departments; parent 0: none */
};
struct eval_member {
	int64_t pool, user, department; /* one of the two is 0 */
};
struct eval_share {
	const struct entity *entity;
	int64_t record, user;
	bool write;
};
struct eval_user {
	int64_t id, branch, department, superior, company;
	const char *role;
};

/* A role of the test's own, beside the shipped ones. */
struct eval_grant {
	const char *role, *entity;
	uint32_t rights;
	const char *scope, *states, *actions; /* the latter NULL: any */
};
struct eval_field_rule {
	const char *role, *entity, *field; /* "*": the sensitive ones */
	enum eval_show show;
};

struct eval_facts {
	const struct eval_user *users;
	const struct eval_node *branches, *departments;
	const struct eval_member *members;
	const struct eval_share *shares;
	const struct eval_grant *grants;
	const struct eval_field_rule *rules;
	size_t user_count, branch_count, department_count, member_count, share_count,
	    grant_count, rule_count;
};

struct eval_row {
	const struct entity *entity;
	int64_t id, owner, department, branch, pool, company;
	const char *state; /* NULL: the entity has none */
	bool deleted;
	bool shut; /* or belongs to a customer that is: opens for a stated purpose only, but for its owner */
};

/* Shipped roles, in the order they are written down. */
extern const char *const eval_roles[];
extern const size_t eval_role_count;

/* The sum of rights a user has on an entity, whatever the record; a line's are its parent's. */
uint32_t eval_rights(
    const struct eval_facts *facts, const struct eval_user *user, const struct entity *entity);
/* Does the user see the row itself, on its own (not through a record it belongs to)? */
bool eval_sees(
    const struct eval_facts *facts, const struct eval_user *user, const struct eval_row *row);

/* Is it shut to the user, who has stated no purpose? What goes with a customer is then not there; the customer says so. */
bool eval_is_shut(const struct eval_user *user, const struct eval_row *row);
/* Would the user see it once a purpose is stated? */
bool eval_knows(
    const struct eval_facts *facts, const struct eval_user *user, const struct eval_row *row);

enum eval_answer {
	EVAL_OK,
	EVAL_NO_ENTITY,
	EVAL_NO_RECORD,
	EVAL_NO_ACTION,
	EVAL_FORBIDDEN,
	EVAL_WRONG_STATE,
	EVAL_BAD_REQUEST,
	EVAL_PURPOSE
};
const char *eval_answer_name(enum eval_answer answer);

/* The right that a named action needs. */
enum eval_right eval_action_right(const struct entity *entity, const char *action);

/* Opening a record, or its history. */
enum eval_answer eval_open(
    const struct eval_facts *facts, const struct eval_user *user, const struct eval_row *row);
/* EVAL_EDIT, EVAL_DELETE, EVAL_RESTORE, or what action needs. */
enum eval_answer eval_change(const struct eval_facts *facts, const struct eval_user *user,
    const struct eval_row *row, enum eval_right right, const struct action *action);
/* Making a record with this owner; row has what it would be. */
enum eval_answer eval_create(
    const struct eval_facts *facts, const struct eval_user *user, const struct eval_row *row);
/* Listing and making records; EVAL_VIEW, EVAL_CREATE. */
enum eval_answer eval_entity(const struct eval_facts *facts, const struct eval_user *user,
    const struct entity *entity, enum eval_right right);

enum eval_show eval_field(const struct eval_facts *facts, const struct eval_user *user,
    const struct entity *entity, const struct field *field);

#endif
