/* Parsing by the table in options.def. What an option means is its command's business. */
#include "client/cli/options.h"

#include "common/text.h"
#include <stdlib.h>
#include <string.h>

struct option_row {
	const char *name;
	char letter;
	const char *argument;
	const char *help[2];
};

static const struct option_row option_rows[OPT_COUNT] = {
#define OPTION(id, name_, letter_, argument_, en, zh)                                          \
	[OPT_##id] = {                                                                         \
		.name = name_, .letter = letter_, .argument = argument_, .help = { en, zh }    \
	},
#include "client/cli/options.def"
#undef OPTION
};

/* --name, --name=value or -x; OPT_COUNT: none of ours. */
static enum option_id
option_find(const char *word)
{
	for (int id = 0; id < OPT_COUNT; id++) {
		const struct option_row *row = &option_rows[id];
		size_t bytes = strlen(row->name);

		if (row->letter != '\0' && word[0] == '-' && word[1] == row->letter &&
		    word[2] == '\0')
			return (enum option_id)id;
		if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, row->name, bytes) == 0 &&
		    (word[2 + bytes] == '\0' || word[2 + bytes] == '='))
			return (enum option_id)id;
	}
	return OPT_COUNT;
}

static enum err
option_refuse(struct arena *arena, const char **why, enum lang lang, const char *word,
    const char *en, const char *zh)
{
	*why = arena_printf(
	    arena, "%s: %s", text_print(arena, word, TEXT_LINE), lang == LANG_ZH ? zh : en);
	return ERR_USAGE;
}

enum err
options_parse(struct arena *arena, int argc, char *const *argv, enum lang lang,
    struct options *options, const char **why)
{
	bool ended = false;

	*options =
	    (struct options){ .words = ARENA_ARRAY(arena, const char *, (size_t)argc + 1) };
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];

		if (!ended && strcmp(word, "--") == 0) {
			ended = true;
			continue;
		}
		enum option_id id = ended ? OPT_COUNT : option_find(word);
		if (id == OPT_COUNT) {
			if (!ended && strncmp(word, "--", 2) == 0)
				return option_refuse(
				    arena, why, lang, word, "no such option", "没有此选项");
			options->words[options->word_count++] = word;
			continue;
		}
		const char *value = word[1] == '-' ? strchr(word, '=') : NULL;
		if (option_rows[id].argument == NULL) {
			if (value != NULL)
				return option_refuse(
				    arena, why, lang, word, "takes no value", "此选项没有值");
			value = "";
		} else if (value != NULL) {
			value++;
		} else if (++i < argc) {
			value = argv[i];
		} else {
			return option_refuse(
			    arena, why, lang, word, "needs a value", "此选项需要一个值");
		}
		options->values[id] = value;
		options->given |= UINT64_C(1) << id;
	}
	return ERR_OK;
}

const char *
options_stray(const struct options *options, uint64_t allowed)
{
	for (int id = 0; id < OPT_COUNT; id++)
		if (options->given & ~allowed & UINT64_C(1) << id)
			return option_rows[id].name;
	return NULL;
}

enum err
options_number(
    const struct options *options, enum option_id id, int64_t fallback, int64_t *number)
{
	const char *text = options->values[id];
	char *end;

	*number = fallback;
	if (text == NULL)
		return ERR_OK;
	*number = strtoll(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *number < INT64_MAX
		   ? ERR_OK
		   : ERR_USAGE;
}

void
options_print(FILE *out, uint64_t allowed, enum lang lang)
{
	for (int id = 0; id < OPT_COUNT; id++) {
		const struct option_row *row = &option_rows[id];
		char left[64];

		if (!(allowed & UINT64_C(1) << id))
			continue;
		snprintf(left, sizeof(left), "%c%c --%s%s%s", row->letter ? '-' : ' ',
		    row->letter ? row->letter : ' ', row->name, row->argument ? " " : "",
		    row->argument ? row->argument : "");
		fprintf(out, "  %-30s %s\n", left, row->help[lang == LANG_ZH]);
	}
}
