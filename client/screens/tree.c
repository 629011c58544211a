/*
 * The customer tree: each customer under the one it belongs to, with what was ordered and what is owed
 * summed upwards. Enter opens one of them; the one it was opened for stands out.
 */
#include "client/screens/tree.h"

#include "client/screens/ask.h"
#include "client/ui/list.h"
#include "common/log.h"
#include "common/money.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TREE_COLUMNS = 6, TREE_DEEP = 20 };

struct tree {
	struct screen screen;
	struct app *app;
	struct list list;
	struct list_column columns[TREE_COLUMNS];
	struct list_row row;
	const char *cells[TREE_COLUMNS];
	struct arena *arena; /* of the answer */
	const Kehu__TreeAnswer *answer;
	enum lang lang; /* of the columns' titles */
	uint32_t number;
	int64_t customer;
	bool placed; /* the cursor, on that one */
};

static const Kehu__TreeNode *
tree_current(const struct tree *tree)
{
	size_t at = tree->list.cursor;

	return tree->answer != NULL && at < tree->answer->n_nodes ? tree->answer->nodes[at] : NULL;
}

static const char *
tree_money(bool has, int64_t minor)
{
	return has ? money_format(cells_scratch(), minor, 2, false) : "-";
}

/*
 * "│ └ ": for each one above it whether more of that one's brothers follow, then its own corner. Deeper than
 * fits they all look alike.
 */
static const char *
tree_lines(const struct tree *tree, size_t index)
{
	const Kehu__TreeNode *node = tree->answer->nodes[index];
	uint32_t depth = node->depth;
	const char *lines = depth == 0 ? "" : node->last ? "└ " : "├ ";

	if (depth > TREE_DEEP)
		return arena_printf(cells_scratch(), "%*s└ ", TREE_DEEP, "");
	while (index-- > 0 && depth > 1) {
		const Kehu__TreeNode *above = tree->answer->nodes[index];

		if (above->depth != depth - 1)
			continue;
		depth--;
		lines = arena_printf(cells_scratch(), "%s%s", above->last ? "  " : "│ ", lines);
	}
	return lines;
}

static const struct list_row *
tree_row(void *arg, size_t index)
{
	struct tree *tree = arg;
	const Kehu__DictionaryItem *level;
	struct arena *scratch = cells_scratch();
	const Kehu__TreeNode *node;

	if (tree->answer == NULL || index >= tree->answer->n_nodes)
		return NULL;
	node = tree->answer->nodes[index];
	level = node->level != NULL ? cat_item(cat_dictionary(app_cat(tree->app), "customer_level"), node->level) : NULL;
	tree->cells[0] = arena_printf(scratch, "%s%s", tree_lines(tree, index),
	    node->label != NULL ? text_print(scratch, node->label, TEXT_LINE) :
				  arena_printf(scratch, "#%" PRId64, node->id));
	tree->cells[1] = level != NULL ? level->label : "";
	tree->cells[2] = node->owner != NULL ? text_print(scratch, node->owner, TEXT_LINE) : "";
	tree->cells[3] = node->below > 0 ? arena_printf(scratch, "%" PRIu32, node->below) : "";
	tree->cells[4] = tree_money(node->has_orders_all, node->orders_all);
	tree->cells[5] = tree_money(node->has_owed_all, node->owed_all);
	tree->row = (struct list_row){ .id = node->id,
		.cells = tree->cells,
		.role = node->id == tree->customer ? ROLE_STRONG : ROLE_NORMAL };
	return &tree->row;
}

static void
tree_on_answer(void *context, const Kehu__ServerFrame *frame)
{
	struct tree *tree = context;

	tree->number = 0;
	if (frame->answer_case != KEHU__SERVER_FRAME__ANSWER_TREE) {
		ask_say_error(tree->app, frame, 0);
		return;
	}
	arena_reset(tree->arena);
	tree->answer = link_keep(tree->arena, frame)->tree;
	list_set_total(&tree->list, tree->answer->n_nodes, false);
	for (size_t i = 0; !tree->placed && i < tree->answer->n_nodes; i++)
		if (tree->answer->nodes[i]->id == tree->customer)
			list_go(&tree->list, i);
	tree->placed = true;
	ui_redraw(tree->app->ui);
}

static void
tree_ask(struct tree *tree, bool quiet)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Tree request = KEHU__TREE__INIT;

	request.has_id = true;
	request.id = tree->customer;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_TREE;
	frame.tree = &request;
	ask_cancel(tree->app, &tree->number);
	tree->number = ask_send(tree->app, &frame, quiet ? ASK_QUIET : 0U, tree_on_answer, tree);
}

/* ---- the screen ---- */

static const char *
tree_title(struct screen *screen)
{
	(void)screen;
	return tr(T_TREE);
}

/* Sums of the whole group: of those at the top. */
static void
tree_head(struct screen *screen, struct rect rect)
{
	const struct tree *tree = (struct tree *)screen;
	struct arena *scratch = cells_scratch();
	int64_t orders = 0, owed = 0;

	if (tree->answer == NULL)
		return;
	for (size_t i = 0; i < tree->answer->n_nodes; i++)
		if (tree->answer->nodes[i]->depth == 0) {
			orders += tree->answer->nodes[i]->orders_all;
			owed += tree->answer->nodes[i]->owed_all;
		}
	cells_put(rect.y, rect.x, rect.cols,
	    arena_printf(scratch, tr(T_TREE_HEAD), tree->answer->n_nodes,
		tree->answer->orders ? arena_printf(scratch, tr(T_TREE_HEAD_ORDERS), tree_money(true, orders)) : "",
		tree->answer->owed ? arena_printf(scratch, tr(T_TREE_HEAD_OWED), tree_money(true, owed)) : "",
		tree->answer->more ? tr(T_TREE_MORE) : ""),
	    ROLE_NORMAL);
}

static void
tree_set_columns(struct tree *tree)
{
	static const struct {
		enum text_id title;
		int min, want, priority;
		enum list_align align;
	} columns[TREE_COLUMNS] = { { T_TREE_NAME, 20, 40, 0, LIST_LEFT }, { T_TREE_LEVEL, 8, 10, 2, LIST_LEFT },
		{ T_TREE_OWNER, 8, 12, 1, LIST_LEFT }, { T_TREE_BELOW, 5, 6, 3, LIST_RIGHT },
		{ T_TREE_ORDERS, 14, 16, 0, LIST_RIGHT }, { T_TREE_OWED, 13, 16, 0, LIST_RIGHT } };

	for (size_t i = 0; i < TREE_COLUMNS; i++)
		tree->columns[i] = (struct list_column){ .title = tr(columns[i].title),
			.min_cols = columns[i].min,
			.want_cols = columns[i].want,
			.priority = columns[i].priority,
			.align = columns[i].align,
			.stretch = i == 0 };
	tree->lang = tree->app->lang;
}

static void
tree_draw(struct screen *screen, struct rect rect)
{
	struct tree *tree = (struct tree *)screen;

	if (tree->lang != tree->app->lang)
		tree_set_columns(tree);
	list_draw(&tree->list, rect, true);
}

static const char *
tree_hint(struct screen *screen)
{
	const Kehu__TreeNode *node = tree_current((struct tree *)screen);

	return node == NULL ? NULL :
			      arena_printf(cells_scratch(), tr(T_TREE_HINT), tree_money(node->has_orders, node->orders),
				  tree_money(node->has_owed, node->owed));
}

static bool
tree_screen_can(struct screen *screen, enum act act)
{
	(void)screen;
	return act != ACT_edit && act != ACT_new && act != ACT_print && act != ACT_preview && act != ACT_find &&
	       act != ACT_actions && act != ACT_reply && act != ACT_undo;
}

static unsigned
tree_key(struct screen *screen, enum act act, const struct event *event)
{
	struct tree *tree = (struct tree *)screen;
	const Kehu__TreeNode *node = tree_current(tree);
	unsigned flags;

	if (act == ACT_refresh)
		return UI_DONE | UI_RELOAD;
	flags = list_key(&tree->list, act, event);
	if ((flags & UI_ACT) != 0 && node != NULL)
		record_open(tree->app, app_entity(tree->app, "customer")->number, node->id);
	return flags & ~(unsigned)UI_ACT;
}

static void
tree_resume(struct screen *screen)
{
	tree_ask((struct tree *)screen, true);
}

static void
tree_reload(struct screen *screen)
{
	tree_ask((struct tree *)screen, false);
}

static void
tree_leave(struct screen *screen)
{
	struct tree *tree = (struct tree *)screen;

	ask_cancel(tree->app, &tree->number);
	list_fini(&tree->list);
	arena_free(tree->arena);
	free(tree);
}

static const struct screen_ops tree_ops = {
	.name = "tree",
	.context = CTX_LIST,
	.title = tree_title,
	.head = tree_head,
	.draw = tree_draw,
	.hint = tree_hint,
	.can = tree_screen_can,
	.key = tree_key,
	.reload = tree_reload,
	.resume = tree_resume,
	.leave = tree_leave,
};

bool
tree_can(const struct app *app, const Kehu__Record *record)
{
	const Kehu__Entity *customer = app_entity(app, "customer"), *relation = app_entity(app, "customer_relation");

	return customer != NULL && customer->number == record->entity && !record->deleted && relation != NULL &&
	       (relation->actions_allowed & CAT_VIEW) != 0;
}

void
tree_open(struct app *app, int64_t customer)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (tree == NULL)
		fatal("out of memory: tree");
	tree->screen.ops = &tree_ops;
	tree->app = app;
	tree->arena = arena_new(0);
	tree->customer = customer;
	tree_set_columns(tree);
	tree->list = (struct list){
		.columns = tree->columns, .column_count = TREE_COLUMNS, .row = tree_row, .arg = tree
	};
	list_init(&tree->list);
	ui_push(app->ui, &tree->screen);
	tree_ask(tree, false);
}
