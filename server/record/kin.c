/*
 * The Tree request: the customers that belong together by their relations parent and subsidiary, read from
 * either side, with what they owe and ordered summed upwards. From the one asked about it climbs as far as
 * the reader sees, and comes down again: a customer out of sight ends the branch, and is not told of.
 */
#include "server/record/record.h"
#include "server/record/team.h"

#include "server/entity/fields.h"
#include "server/gate/gate.h"


#define KIN_MAX 500
#define KIN_NONE SIZE_MAX

enum { KIN_ID, KIN_NUMBER, KIN_NAME, KIN_LEVEL, KIN_OWNER, KIN_OWED, KIN_ORDERS, KIN_ABOVE };

struct kin_node {
	int64_t id;
	size_t row, parent, first, next; /* indexes; children in the order of their names */
	Kehu__TreeNode *wire;
};

struct kin {
	struct call *call;
	const struct entity_view *customer;
	struct arms arms;
	bool orders, owed;
	struct rows *rows;
	struct kin_node *nodes;
	size_t count;
	Kehu__TreeAnswer *answer;
};

/* " customer t that is there and the reader's". */
static void
kin_add_seen(struct kin *kin, struct sql *sql)
{
	sql_add(sql, " t.deleted_at IS NULL AND ");
	record_arms_where(kin->call, sql, kin->customer, "t", &kin->arms);
}

/* Each customer once, however many ways lead to it. */
static void
kin_queue(struct kin *kin)
{
	struct sql *sql = sql_new(kin->call->arena);

	sql_add(sql, "WITH RECURSIVE up (id) AS (SELECT t.id FROM customer t WHERE t.id = ");
	sql_int(sql, kin->call->request->tree->id);
	sql_add(sql, " AND");
	kin_add_seen(kin, sql);
	sql_add(sql, " UNION SELECT t.id FROM up u CROSS JOIN LATERAL kehu_customer_kin(u.id, true, NULL) k (id)"
		     " JOIN customer t ON t.id = k.id WHERE");
	kin_add_seen(kin, sql);
	sql_add(sql, "), down (id) AS (SELECT u.id FROM up u UNION SELECT t.id FROM down d"
		     " CROSS JOIN LATERAL kehu_customer_kin(d.id, false, NULL) k (id) JOIN customer t ON t.id = k.id WHERE");
	kin_add_seen(kin, sql);
	sql_addf(sql, ") SELECT t.id, t.number, t.name, t.level, t.owner_id, coalesce(f.owed, 0), (SELECT"
		      " coalesce(sum(o.total_base - coalesce(g.dropped, 0)), 0)::bigint FROM sales_order o"
		      " LEFT JOIN sales_order_figures g ON g.id = o.id WHERE o.customer_id = t.id AND o.deleted_at IS NULL"
		      " AND o.state IN ('confirmed', 'part_delivered', 'delivered', 'closed') AND o.ordered_on > ");
	sql_date(sql, call_today(kin->call) - 365);
	sql_addf(sql, "), ARRAY(SELECT k.id FROM kehu_customer_kin(t.id, true, NULL) k (id) ORDER BY k.id)"
		      " FROM (SELECT d.id FROM down d LIMIT %d) d JOIN customer t ON t.id = d.id"
		      " LEFT JOIN customer_figures f ON f.id = t.id ORDER BY t.name_key, t.id", KIN_MAX + 1);
	store_queue(kin->call->store, sql, &kin->rows);
}

static size_t
kin_find(const struct kin *kin, int64_t id)
{
	for (size_t i = 0; i < kin->count; i++)
		if (kin->nodes[i].id == id)
			return i;
	return KIN_NONE;
}

/* What the reader may not see as it is, is not told. */
static char *
kin_text(const struct kin *kin, uint32_t number, const char *text)
{
	const struct field *field = entity_field(kin->customer, number);

	return field == NULL || (field->flags & FIELD_MASKED) != 0 || text == NULL ?
		   NULL :
		   arena_strdup(kin->call->arena, text);
}

static Kehu__TreeNode *
kin_wire(const struct kin *kin, size_t row)
{
	Kehu__TreeNode *wire = ARENA_NEW(kin->call->arena, Kehu__TreeNode);
	const struct rows *rows = kin->rows;
	const struct setup_record *owner =
	    rows_null(rows, row, KIN_OWNER) ? NULL :
					      access_setup(kin->call->access, E_user, rows_int(rows, row, KIN_OWNER));

	kehu__tree_node__init(wire);
	wire->has_id = wire->has_depth = wire->has_last = wire->has_below = true;
	wire->id = rows_int(rows, row, KIN_ID);
	wire->number = kin_text(kin, F_customer_number, rows_text(rows, row, KIN_NUMBER));
	wire->label = kin_text(kin, F_customer_name, rows_text(rows, row, KIN_NAME));
	wire->level = kin_text(kin, F_customer_level, rows_text(rows, row, KIN_LEVEL));
	wire->owner = kin_text(kin, F_customer_owner_id, owner != NULL ? owner->label : NULL);
	wire->has_orders = wire->has_orders_all = kin->orders;
	wire->has_owed = wire->has_owed_all = kin->owed;
	if (kin->orders)
		wire->orders = wire->orders_all = rows_int(rows, row, KIN_ORDERS);
	if (kin->owed)
		wire->owed = wire->owed_all = rows_int(rows, row, KIN_OWED);
	return wire;
}

/* Under the first of those it belongs to; nobody is above himself, so that old circles end somewhere. */
static size_t
kin_parent(const struct kin *kin, size_t node)
{
	int64_t *above;
	size_t count = rows_ints(kin->call->arena, kin->rows, kin->nodes[node].row, KIN_ABOVE, &above);

	for (size_t i = 0; i < count; i++) {
		size_t parent = kin_find(kin, above[i]), at = parent;

		while (at != KIN_NONE && at != node)
			at = kin->nodes[at].parent;
		if (parent != KIN_NONE && at == KIN_NONE)
			return parent;
	}
	return KIN_NONE;
}

static void
kin_build(struct kin *kin)
{
	size_t count = kin->rows->count < KIN_MAX ? kin->rows->count : KIN_MAX;

	kin->nodes = ARENA_ARRAY(kin->call->arena, struct kin_node, count + 1);
	for (size_t i = 0; i < count; i++)
		kin->nodes[kin->count++] = (struct kin_node){ .id = rows_int(kin->rows, i, KIN_ID),
			.row = i, .parent = KIN_NONE, .first = KIN_NONE, .next = KIN_NONE, .wire = kin_wire(kin, i) };
	for (size_t i = 0; i < count; i++)
		kin->nodes[i].parent = kin_parent(kin, i);
	for (size_t i = count; i-- > 0;) {
		size_t parent = kin->nodes[i].parent;

		if (parent == KIN_NONE)
			continue;
		kin->nodes[i].next = kin->nodes[parent].first;
		kin->nodes[parent].first = i;
	}
}

/* The branch of a node, itself first: answers with its sums. */
static void
kin_place(struct kin *kin, size_t index, uint32_t depth)
{
	struct kin_node *node = &kin->nodes[index];
	Kehu__TreeNode *wire = node->wire;

	wire->depth = depth;
	wire->has_parent = node->parent != KIN_NONE;
	if (wire->has_parent)
		wire->parent = kin->nodes[node->parent].id;
	wire->last = node->parent == KIN_NONE || node->next == KIN_NONE;
	kin->answer->nodes[kin->answer->n_nodes++] = wire;
	for (size_t i = node->first; i != KIN_NONE; i = kin->nodes[i].next) {
		const Kehu__TreeNode *child = kin->nodes[i].wire;

		kin_place(kin, i, depth + 1);
		wire->below += child->below + 1;
		wire->orders_all += child->orders_all;
		wire->owed_all += child->owed_all;
	}
}

enum err
handle_tree(struct call *call)
{
	Kehu__TreeAnswer *answer = ARENA_NEW(call->arena, Kehu__TreeAnswer);
	struct kin kin = { .call = call, .answer = answer };
	const struct entity_view *relation;
	const struct entity *order = catalog_entity(call->catalog, E_order)->def;
	const struct field *owed;
	enum err err = call_entity(call, E_customer, RIGHT_VIEW, &kin.customer);

	if (err == ERR_OK)
		err = call_entity(call, E_customer_relation, RIGHT_VIEW, &relation);
	if (err != ERR_OK)
		return err;
	owed = entity_field(kin.customer, F_customer_owed);
	kin.owed = owed != NULL && (owed->flags & FIELD_MASKED) == 0;
	kin.orders = (access_rights(call->user, order) & RIGHT_VIEW) != 0 && team_shows(call, "orders");
	call_scope(call, order, RIGHT_VIEW);
	kin.arms = call_scope(call, kin.customer->def, RIGHT_VIEW);
	call_begin(call, false);
	kin_queue(&kin);
	err = store_flush(call->store, call->arena);
	if (err != ERR_OK)
		return err;
	if (kin.rows->count == 0)
		return CALL_FAIL(call, ERR_NO_SUCH_RECORD, .entity = E_customer);
	kin_build(&kin);
	kehu__tree_answer__init(answer);
	answer->has_more = answer->has_orders = answer->has_owed = true;
	answer->more = kin.rows->count > KIN_MAX;
	answer->orders = kin.orders;
	answer->owed = kin.owed;
	answer->nodes = ARENA_ARRAY(call->arena, Kehu__TreeNode *, kin.count + 1);
	for (size_t i = 0; i < kin.count; i++)
		if (kin.nodes[i].parent == KIN_NONE)
			kin_place(&kin, i, 0);
	call->rows += answer->n_nodes;
	call->answer.answer_case = KEHU__SERVER_FRAME__ANSWER_TREE;
	call->answer.tree = answer;
	return ERR_OK;
}
