/*
 * kehu duplicates: the scan of all customers, the pairs it found, and what is decided of them. Listing,
 * merging and acting are the commands of that name, over the pair.
 */
#include "client/cli/cli.h"

#include <inttypes.h>
#include <string.h>

#define DUPLICATES_ENTITY "duplicate"
#define DUPLICATES_KEEP	  "keep="

enum err
cli_duplicates_scan(struct cli *cli)
{
	int64_t id;
	enum err err = cli_job_start(cli, "duplicates", "", &id);

	return err == ERR_OK ? cli_see_out(cli, id) : err;
}

/* Another command's words: these, then those of the user from that one on. */
static void
duplicates_say(struct cli *cli, const char *const *first, size_t count, size_t from)
{
	const char **words = ARENA_ARRAY(cli->arena, const char *, count + cli->word_count + 1);
	size_t all = 0;

	for (size_t i = 0; i < count; i++)
		words[all++] = first[i];
	for (size_t i = from; i < cli->word_count; i++)
		if (strncmp(cli->words[i], DUPLICATES_KEEP, strlen(DUPLICATES_KEEP)) != 0)
			words[all++] = cli->words[i];
	cli->words = words;
	cli->word_count = all;
}

enum err
cli_duplicates_list(struct cli *cli)
{
	duplicates_say(cli, (const char *const[]){ DUPLICATES_ENTITY, "state:open" }, 2, 0);
	return cli_list(cli);
}

/* 0: the first stays; 1: the second. */
static size_t
duplicates_kept(const struct cli *cli)
{
	size_t kept = 0;

	for (size_t i = 1; i < cli->word_count; i++)
		if (strncmp(cli->words[i], DUPLICATES_KEEP, strlen(DUPLICATES_KEEP)) == 0)
			kept = strcmp(cli->words[i] + strlen(DUPLICATES_KEEP), "second") == 0;
	return kept;
}

static const char *
duplicates_side(struct cli *cli, const Kehu__Entity *entity, const Kehu__Record *pair, const char *name)
{
	const Kehu__Field *field = cat_field_called(entity, name);
	const Kehu__Value *value = field != NULL ? cat_value(pair, field->number) : NULL;

	return arena_printf(cli->arena, "%" PRId64, value != NULL ? value->number : 0);
}

enum err
cli_duplicates_merge(struct cli *cli)
{
	size_t kept = duplicates_kept(cli);
	const Kehu__Entity *entity;
	Kehu__Record *pair;
	const char *sides[2];
	int64_t id;
	enum err err = cli_entity(cli, DUPLICATES_ENTITY, &entity);

	if (err == ERR_OK)
		err = cli_id(cli, entity, cli->words[0], &id);
	if (err == ERR_OK)
		err = cli_read(cli, entity, id, &pair);
	if (err != ERR_OK)
		return err;
	sides[0] = duplicates_side(cli, entity, pair, "first_id");
	sides[1] = duplicates_side(cli, entity, pair, "second_id");
	duplicates_say(cli, (const char *const[]){ "customer", sides[kept], sides[1 - kept] }, 3, 1);
	return cli_merge(cli);
}

enum err
cli_duplicates_look(struct cli *cli)
{
	cli->options.given |= OPT_BIT(DRY_RUN);
	return cli_duplicates_merge(cli);
}

enum err
cli_duplicates_not(struct cli *cli)
{
	const char *reason = cli->options.values[OPT_REASON];
	const char *words[] = { DUPLICATES_ENTITY, cli->words[0], "dismiss",
		arena_printf(cli->arena, "reason=%s", reason != NULL ? reason : "") };

	duplicates_say(cli, words, reason != NULL ? 4 : 3, 1);
	return cli_act(cli);
}
