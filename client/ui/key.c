/*
 * Dispatch, bar and help from the one table. Widgets and screens never compare key codes;
 * they get actions (and the event, for text and digits).
 */
#include "client/ui/key.h"
#include "common/mem.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

struct key_row {
	enum act act; /* of an ALSO row: the action it adds keys to */
	bool also;
	unsigned contexts;
	const char *keys;
	int bar;
	bool danger;
	const char *name, *label[2], *help[2];
};

static const struct key_row key_rows[] = {
#define KEY(id, contexts, keys, bar, danger, label, label_zh, help, help_zh)                   \
	{ ACT_##id, false, contexts, keys, bar, danger, #id, { label, label_zh },              \
		{ help, help_zh } },
#define ALSO(id, contexts, keys)                                                               \
	{ ACT_##id, true, contexts, keys, 0, false, #id, { 0 }, { 0 } },
#include "client/keys.def"
#undef KEY
#undef ALSO
};

enum { KEY_ROWS = sizeof key_rows / sizeof *key_rows, KEY_BINDINGS = 512 };

struct key_binding {
	unsigned contexts;
	uint32_t prefix, code;
	enum act act;
};

static struct {
	bool ready;
	size_t count;
	struct key_binding bindings[KEY_BINDINGS];
	char *rebound[ACT_COUNT]; /* keys the user gave the action */
	uint32_t prefix;          /* the first key of two was pressed */
} key;

static const struct {
	const char *name;
	uint32_t code;
} key_names[] = {
	{ "F1", K_F1 },
	{ "F2", K_F2 },
	{ "F3", K_F3 },
	{ "F4", K_F4 },
	{ "F5", K_F5 },
	{ "F6", K_F6 },
	{ "F7", K_F7 },
	{ "F8", K_F8 },
	{ "F9", K_F9 },
	{ "F10", K_F10 },
	{ "F11", K_F11 },
	{ "F12", K_F12 },
	{ "Up", K_UP },
	{ "Down", K_DOWN },
	{ "Left", K_LEFT },
	{ "Right", K_RIGHT },
	{ "Home", K_HOME },
	{ "End", K_END },
	{ "PgUp", K_PGUP },
	{ "PgDn", K_PGDN },
	{ "Insert", K_INSERT },
	{ "Delete", K_DELETE },
	{ "Backspace", K_BACKSPACE },
	{ "Tab", K_TAB },
	{ "Shift-Tab", K_BACKTAB },
	{ "Enter", K_ENTER },
	{ "Esc", K_ESC },
	{ "Space", ' ' },
	{ "Ctrl-Left", K_CTRL_LEFT },
	{ "Ctrl-Right", K_CTRL_RIGHT },
	{ "Shift-Left", K_SHIFT_LEFT },
	{ "Shift-Right", K_SHIFT_RIGHT },
};

uint32_t
key_parse(const char *name)
{
	for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++)
		if (strcmp(key_names[i].name, name) == 0)
			return key_names[i].code;
	if (strncmp(name, "Ctrl-", 5) == 0 && name[5] >= 'A' && name[5] <= 'Z' && !name[6])
		return K_CTRL(name[5]);
	if (strncmp(name, "Alt-", 4) == 0 && name[4] > ' ' && name[4] < 0x7f && !name[5])
		return K_ALT + (uint32_t)name[4];
	return name[0] > ' ' && name[0] < 0x7f && !name[1] ? (uint32_t)name[0] : 0;
}

char *
key_code_name(struct arena *arena, uint32_t code)
{
	for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++)
		if (key_names[i].code == code)
			return arena_strdup(arena, key_names[i].name);
	if (code < 32)
		return arena_printf(arena, "Ctrl-%c", (int)code + '@');
	if (code > K_ALT)
		return arena_printf(arena, "Alt-%c", (int)(code - K_ALT));
	return arena_printf(arena, "%c", (int)code);
}

static bool
key_is_text(uint32_t code)
{
	return code >= ' ' && code < K_BACKSPACE;
}

/* "Ctrl-X+Enter" is two keys; false when a name is unknown. */
static bool
key_parse_pair(const char *name, uint32_t *prefix, uint32_t *code)
{
	const char *plus = name[0] ? strchr(name + 1, '+') : NULL;
	char first[16];

	*prefix = 0;
	if (plus && plus[1] && (size_t)(plus - name) < sizeof first) {
		memcpy(first, name, (size_t)(plus - name));
		first[plus - name] = '\0';
		*prefix = key_parse(first);
		name = plus + 1;
		if (!*prefix)
			return false;
	}
	*code = key_parse(name);
	return *code != 0;
}

static const char *
key_row_keys(const struct key_row *row)
{
	if (!key.rebound[row->act])
		return row->keys;
	return row->also ? "" : key.rebound[row->act];
}

/* Bindings of one row; returns false at a name that is no key. */
static bool
key_add_row(const struct key_row *row)
{
	char copy[128], *rest = NULL, *name;
	struct key_binding binding;
	unsigned contexts;

	snprintf(copy, sizeof copy, "%s", key_row_keys(row));
	for (name = strtok_r(copy, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		binding = (struct key_binding){ .act = row->act };
		if (!key_parse_pair(name, &binding.prefix, &binding.code))
			return false;
		/* Where text is typed a character is text; letters never run what is dangerous.
		 */
		contexts = key_is_text(binding.code) && !binding.prefix ? CTX_COMMAND : CTX_ALL;
		if (row->danger && key_is_text(binding.code))
			contexts = 0;
		binding.contexts = row->contexts & contexts;
		if (binding.contexts && key.count < KEY_BINDINGS)
			key.bindings[key.count++] = binding;
	}
	return true;
}

static bool
key_build(void)
{
	bool good = true;

	key.count = 0;
	for (size_t i = 0; i < KEY_ROWS; i++)
		good = key_add_row(&key_rows[i]) && good;
	key.ready = true;
	return good;
}

static void
key_need(void)
{
	if (!key.ready)
		key_build();
}

static const struct key_row *
key_row(enum act act)
{
	for (size_t i = 0; i < KEY_ROWS; i++)
		if (key_rows[i].act == act && !key_rows[i].also)
			return &key_rows[i];
	return NULL;
}

/* What an input method types where a command is meant. */
static uint32_t
key_fold(uint32_t code)
{
	if (code >= 0xff01 && code <= 0xff5e)
		return code - 0xff01 + '!';
	switch (code) {
	case 0x3000:
		return ' ';
	case 0x3002:
		return '.'; /* 。 */
	case 0x3001:
		return '/'; /* 、 is what the slash key gives */
	case 0x00b7:
		return '`';
	case 0x2014:
		return '-';
	case 0x300a:
		return '<'; /* 《 */
	case 0x300b:
		return '>';
	default:
		return code;
	}
}

enum act
key_action(enum ctx context, struct event *event)
{
	uint32_t prefix = key.prefix;
	bool first_of_two = false;

	key_need();
	key.prefix = 0;
	if (event->kind != EVENT_KEY)
		return ACT_NONE;
	if (context & CTX_COMMAND)
		event->code = key_fold(event->code);
	for (size_t i = 0; i < key.count; i++) {
		const struct key_binding *binding = &key.bindings[i];

		if (!(binding->contexts & context))
			continue;
		if (binding->code == event->code && binding->prefix == prefix)
			return binding->act;
		if (binding->prefix && binding->prefix == event->code)
			first_of_two = true;
	}
	if (!first_of_two)
		return ACT_NONE;
	key.prefix = event->code;
	return ACT_PREFIX;
}

const char *
key_name(enum act act)
{
	const struct key_row *row = key_row(act);

	return row ? row->name : "";
}

enum act
key_by_name(const char *name)
{
	for (size_t i = 0; i < KEY_ROWS; i++)
		if (strcmp(key_rows[i].name, name) == 0)
			return key_rows[i].act;
	return ACT_NONE;
}

const char *
key_label(enum act act, enum lang lang)
{
	const struct key_row *row = key_row(act);

	return row ? row->label[lang] : "";
}

const char *
key_help(enum act act, enum lang lang)
{
	const struct key_row *row = key_row(act);

	return row ? row->help[lang] : "";
}

bool
key_dangerous(enum act act)
{
	const struct key_row *row = key_row(act);

	return row && row->danger;
}

static char *
key_binding_name(struct arena *arena, const struct key_binding *binding)
{
	char *name = key_code_name(arena, binding->code);

	if (!binding->prefix)
		return name;
	return arena_printf(arena, "%s %s", key_code_name(arena, binding->prefix), name);
}

char *
key_keys(struct arena *arena, enum act act, enum ctx context)
{
	char *keys = arena_strdup(arena, "");

	key_need();
	for (size_t i = 0; i < key.count; i++) {
		if (key.bindings[i].act != act || !(key.bindings[i].contexts & context))
			continue;
		keys = arena_printf(arena, "%s%s%s", keys, *keys ? " " : "",
		    key_binding_name(arena, &key.bindings[i]));
	}
	return keys;
}

/* The bar -------------------------------------------------------------------------------- */

struct key_slot {
	char *text;
	int cols, bar;
	bool shown;
};

/* The first key bound in the context, short: "^L" for Ctrl-L. */
static char *
key_bar_key(struct arena *arena, enum act act, enum ctx context)
{
	for (size_t i = 0; i < key.count; i++) {
		const struct key_binding *binding = &key.bindings[i];

		if (binding->act != act || !(binding->contexts & context) || binding->prefix)
			continue;
		if (binding->code < 32 && binding->code != K_TAB && binding->code != K_ENTER &&
		    binding->code != K_ESC)
			return arena_printf(arena, "^%c", (int)binding->code + '@');
		return key_code_name(arena, binding->code);
	}
	return NULL;
}

static bool
key_bar_slot(struct arena *arena, const struct key_bar *bar, const struct key_row *row,
    struct key_slot *slot)
{
	const char *label = NULL;
	char *name;

	if (row->also || !row->bar || !(row->contexts & bar->context) ||
	    (bar->works && !bar->works(bar->arg, row->act)))
		return false;
	name = key_bar_key(arena, row->act, bar->context);
	if (!name)
		return false;
	if (bar->label)
		label = bar->label(bar->arg, row->act);
	slot->text = arena_printf(arena, "%s%s", name, label ? label : row->label[bar->lang]);
	slot->cols = (int)text_cols(slot->text);
	slot->bar = row->bar;
	slot->shown = true;
	return true;
}

/* Leave out the least important until it fits. */
static void
key_bar_cut(struct key_slot *slots, size_t count, int width_cols)
{
	for (;;) {
		struct key_slot *worst = NULL;
		int total = -1;

		for (size_t i = 0; i < count; i++) {
			if (!slots[i].shown)
				continue;
			total += slots[i].cols + 1;
			if (!worst || slots[i].bar >= worst->bar)
				worst = &slots[i];
		}
		if (total <= width_cols || !worst)
			return;
		worst->shown = false;
	}
}

char *
key_bar(struct arena *arena, const struct key_bar *bar)
{
	struct key_slot slots[KEY_ROWS];
	size_t count = 0;
	char *text = arena_strdup(arena, "");

	key_need();
	for (size_t i = 0; i < KEY_ROWS; i++)
		if (key_bar_slot(arena, bar, &key_rows[i], &slots[count]))
			count++;
	key_bar_cut(slots, count, bar->width_cols);
	for (size_t i = 0; i < count; i++)
		if (slots[i].shown)
			text = arena_printf(
			    arena, "%s%s%s", text, *text ? " " : "", slots[i].text);
	return text;
}

/* Changing and checking ------------------------------------------------------------------ */

char *
key_conflicts(struct arena *arena)
{
	char *text = arena_strdup(arena, "");

	if (!key_build())
		text = arena_strdup(arena, "a name in keys.def is no key\n");
	for (size_t i = 0; i < key.count; i++) {
		for (size_t j = i + 1; j < key.count; j++) {
			const struct key_binding *a = &key.bindings[i], *b = &key.bindings[j];

			if ((a->contexts & b->contexts) && a->code == b->code &&
			    a->prefix == b->prefix && a->act != b->act)
				text = arena_printf(arena, "%s%s: %s and %s\n", text,
				    key_binding_name(arena, a), key_name(a->act),
				    key_name(b->act));
		}
	}
	return text;
}

enum err
key_bind(struct arena *arena, const char *name, const char *keys, const char **why)
{
	enum act act = key_by_name(name);
	char *old;

	if (act == ACT_NONE) {
		*why = arena_printf(arena, "no action is called \"%s\"", name);
		return ERR_CONFIG;
	}
	old = key.rebound[act];
	key.rebound[act] = mem_strdup(keys);
	if (key_build() && !*key_conflicts(arena)) {
		free(old);
		return ERR_OK;
	}
	*why = arena_printf(arena, "keys \"%s\" of %s: unknown, or taken already: %s", keys,
	    name, key_conflicts(arena));
	free(key.rebound[act]);
	key.rebound[act] = old;
	key_build();
	return ERR_CONFIG;
}

void
key_reset(void)
{
	for (int i = 0; i < ACT_COUNT; i++) {
		free(key.rebound[i]);
		key.rebound[i] = NULL;
	}
	key_build();
}

/* A hyphen or dot at the start of a word means something to troff. */
static void
key_print_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("-.'\\", *text))
			fputs(*text == '\\' ? "\\e" : "\\&", out);
		if (*text != '\\')
			fputc(*text, out);
	}
}

void
key_print_mdoc(FILE *out, enum lang lang)
{
	struct arena *arena = arena_new(0);

	key_need();
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < KEY_ROWS; i++) {
		const struct key_row *row = &key_rows[i];
		struct arena_mark mark = arena_mark(arena);
		const char *keys = "";

		if (row->also)
			continue;
		for (size_t j = 0; j < key.count; j++) {
			char *name = key_binding_name(arena, &key.bindings[j]);

			if (key.bindings[j].act == row->act)
				keys = arena_printf(
				    arena, "%s%s%s", keys, *keys ? ", " : "", name);
		}
		fputs(".It Sy ", out);
		key_print_escaped(out, keys);
		fputc('\n', out);
		key_print_escaped(out, row->help[lang]);
		fprintf(out, " (%s).\n", row->name);
		arena_rewind(arena, mark);
	}
	fputs(".El\n", out);
	arena_free(arena);
}
