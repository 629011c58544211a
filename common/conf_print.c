/*
 * The list of settings as a sample file and as a manual page's part, so that neither can say
 * anything else than the program does.
 */
#include "common/conf.h"
#include "common/text.h"

#include <inttypes.h>
#include <string.h>

#define CONF_WRAP_COLS 76

static void
conf_print_comment(FILE *out, struct arena *arena, const char *indent, const char *text)
{
	const char **lines;
	size_t count = text_wrap(arena, text, CONF_WRAP_COLS - strlen(indent), &lines);

	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s# %s\n", indent, lines[i]);
}

/* Quoted as libconfig reads it back. */
static char *
conf_quote(struct arena *arena, const char *text)
{
	char *out = arena_alloc(arena, strlen(text) * 2 + 3), *at = out;

	*at++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at = '"';
	return out;
}

static const char *
conf_default(struct arena *arena, const struct setting *setting)
{
	if (setting->type == SETTING_INT)
		return arena_printf(arena, "%" PRId64, setting->number);
	if (setting->type == SETTING_BOOL)
		return setting->number != 0 ? "true" : "false";
	return setting->text == NULL ? "\"\"" : conf_quote(arena, setting->text);
}

/* "1..65535 ms. A change needs a restart." and so on, in the words of both outputs. */
static const char *
conf_facts(struct arena *arena, const struct setting *setting)
{
	const char *range = "", *unit = setting->unit != NULL ? setting->unit : "";
	bool ranged = setting->type == SETTING_INT && (setting->min != 0 || setting->max != 0);

	if (ranged)
		range = arena_printf(arena, "Range %" PRId64 "..%" PRId64 "%s%s. ",
		    setting->min, setting->max, *unit != '\0' ? " " : "", unit);
	else if (*unit != '\0')
		range = arena_printf(arena, "In %s. ", unit);
	const char *secret = setting->type == SETTING_TEXT && setting->text == NULL
				 ? "Not set unless given. "
				 : "";
	return arena_printf(arena, "%s%s%s", range, secret,
	    setting->reload ? "A reload applies it." : "A change needs a restart.");
}

/* How many bytes of the group path two settings share, dots counted: "net." of net.port. */
static size_t
conf_shared_group(const char *a, const char *b)
{
	size_t shared = 0;

	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '.')
			shared = i + 1;
	return shared;
}

static size_t
conf_count_dots(const char *path, size_t bytes)
{
	size_t dots = 0;

	for (size_t i = 0; i < bytes && path[i] != '\0'; i++)
		dots += path[i] == '.';
	return dots;
}

static const char *
conf_indent(struct arena *arena, size_t depth)
{
	return arena_printf(arena, "%*s", (int)(depth * 4), "");
}

static void
conf_print_closing(FILE *out, struct arena *arena, size_t from, size_t to)
{
	while (from > to)
		fprintf(out, "%s};\n", conf_indent(arena, --from));
}

static void
conf_print_opening(FILE *out, struct arena *arena, const char *path, size_t depth)
{
	for (const char *dot; (dot = strchr(path, '.')) != NULL; path = dot + 1, depth++) {
		const char *indent = conf_indent(arena, depth);
		fprintf(out, "\n%s%.*s:\n%s{\n", indent, (int)(dot - path), path, indent);
	}
}

void
conf_print_sample(FILE *out, const struct setting *settings, size_t count)
{
	struct arena *arena = arena_new(0);
	const char *last = "";

	for (size_t i = 0; i < count; i++) {
		const struct setting *setting = &settings[i];
		size_t shared = conf_shared_group(last, setting->path);
		size_t depth = conf_count_dots(setting->path, shared);
		size_t full = conf_count_dots(setting->path, strlen(setting->path));
		const char *leaf = strrchr(setting->path, '.');
		const char *indent = conf_indent(arena, full);
		conf_print_closing(out, arena, conf_count_dots(last, strlen(last)), depth);
		conf_print_opening(out, arena, setting->path + shared, depth);
		fprintf(out, "%s", depth == full && i != 0 ? "\n" : "");
		conf_print_comment(out, arena, indent, setting->help);
		conf_print_comment(out, arena, indent, conf_facts(arena, setting));
		fprintf(out, "%s#%s = %s;\n", indent, leaf == NULL ? setting->path : leaf + 1,
		    conf_default(arena, setting));
		last = setting->path;
	}
	conf_print_closing(out, arena, conf_count_dots(last, strlen(last)), 0);
	arena_free(arena);
}

/* A line of text for mdoc: no control line by accident, backslashes as they are. */
static void
conf_print_roff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
		/* Sentences begin on lines of their own. */
		if ((*text == '.' || *text == '?') && text[1] == ' ' && text[2] != '\0') {
			fputc('\n', out);
			text++;
		}
	}
	fputc('\n', out);
}

void
conf_print_mdoc(FILE *out, const struct setting *settings, size_t count)
{
	static const char *const kinds[] = {
		[SETTING_INT] = "number",
		[SETTING_BOOL] = "boolean",
		[SETTING_TEXT] = "text",
		[SETTING_FILE] = "file",
	};
	struct arena *arena = arena_new(0);

	for (size_t i = 0; i < count; i++) {
		const struct setting *setting = &settings[i];
		fprintf(out, ".It Ic %s No = Ar %s\n", setting->path, kinds[setting->type]);
		conf_print_roff(out, setting->help);
		conf_print_roff(out, conf_facts(arena, setting));
		if (setting->type == SETTING_INT || setting->type == SETTING_BOOL ||
		    setting->text != NULL)
			conf_print_roff(out, arena_printf(arena, "The default is %s.",
						 conf_default(arena, setting)));
	}
	arena_free(arena);
}
