/*
 * kehu search TEXT, and kehu search - with one query a line. Queries from a pipe are sent
 * ahead, SEARCH_AHEAD at a time, and answered in the order they came; the memory is that of so
 * many pages however long the input is.
 */
#include "client/cli/cli.h"

#include "common/text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEARCH_AHEAD       16
#define SEARCH_PAGE_ROWS   200 /* the most a Search answers */
#define SEARCH_ROWS        20
#define SEARCH_LINE_BYTES  4096
#define SEARCH_EMPTY_PAGES 100

/* One query under way. */
struct search {
	struct cli *cli;
	struct arena *arena; /* of the query; pages come and go in .page */
	struct arena *page;
	const char *text;
	Kehu__ServerFrame *answer; /* a page; NULL until it is here */
	uint32_t number;           /* of the request under way */
	int64_t shown;
	int empty_pages;
};

struct searches {
	struct cli *cli;
	const Kehu__Entity *entity; /* NULL: all */
	int64_t limit;              /* 0: all */
	enum sheet_format format;
	struct sheet *sheet;
	struct search slots[SEARCH_AHEAD];
	size_t head, count; /* a ring */
	bool prompt; /* answers are wanted line by line: input and output are terminals */
	enum err err;
};

static void
search_done(void *context, const Kehu__ServerFrame *answer)
{
	struct search *search = context;

	search->answer = link_keep(search->page, answer);
}

static void
search_ask(struct searches *searches, struct search *search, const ProtobufCBinaryData *cursor)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Search request = KEHU__SEARCH__INIT;
	int64_t left =
	    searches->limit == 0 ? SEARCH_PAGE_ROWS : searches->limit - search->shown;

	/* The messages are only packed; protobuf-c has no const. */
	request.text = (char *)(uintptr_t)search->text;
	request.has_entity = searches->entity != NULL;
	request.entity = searches->entity == NULL ? 0 : searches->entity->number;
	request.has_limit = true;
	request.limit = (uint32_t)(left < SEARCH_PAGE_ROWS ? left : SEARCH_PAGE_ROWS);
	request.has_cursor = cursor != NULL;
	if (cursor != NULL)
		request.cursor = *cursor;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame.search = &request;
	search->answer = NULL;
	search->number =
	    link_send(searches->cli->link, &(struct link_request){ .frame = &frame,
					       .done = search_done,
					       .context = search,
					       .timeout_ms = searches->cli->timeout_ms });
}

static void
search_put(struct searches *searches, struct search *search, const Kehu__Hit *hit)
{
	const Kehu__Entity *entity = cat_entity(searches->cli->cat, hit->entity);
	bool table = searches->format == SHEET_TABLE;
	const char *kind = entity == NULL ? "" : table ? entity->label : entity->name;

	sheet_row(searches->sheet,
	    (struct sheet_cell[]){ { .text = search->text }, { .text = kind },
		{ CELL_NUMBER, arena_printf(search->page, "%" PRId64, hit->id), NULL },
		{ .text = hit->label }, { .text = hit->matched } });
	search->shown++;
}

/* What people should know about an answer, on a terminal. */
static void
search_remark(const struct searches *searches, const Kehu__SearchAnswer *page)
{
	const struct cli *cli = searches->cli;

	if (page->too_short)
		cli_note(cli, "%s", cli_say(cli, "type one letter more", "请再输入一个字母"));
	if (page->narrow)
		cli_note(cli, "%s",
		    cli_say(cli, "very many match; those that begin with it come first",
			"匹配过多，以其开头的排在前面"));
	if (page->typo)
		cli_note(cli, "%s",
		    cli_say(cli, "nothing matches exactly; these differ by one character",
			"没有完全匹配，以下相差一个字符"));
}

static void
search_close(struct searches *searches)
{
	struct search *search = &searches->slots[searches->head];

	if (search->answer == NULL)
		link_cancel(searches->cli->link, search->number);
	arena_free(search->page);
	arena_free(search->arena);
	searches->head = (searches->head + 1) % SEARCH_AHEAD;
	searches->count--;
}

/* The page of the first query is here: rows out, next page or next query. */
static void
search_page(struct searches *searches)
{
	struct search *search = &searches->slots[searches->head];
	enum err err = link_error(search->answer);
	const Kehu__SearchAnswer *page = search->answer->search;

	if (err == ERR_OK && search->answer->answer_case != KEHU__SERVER_FRAME__ANSWER_SEARCH)
		err = ERR_BAD_FRAME;
	if (err != ERR_OK) {
		/* One bad query does not end the others; the status tells. */
		searches->cli->said = false;
		cli_fail_answer(searches->cli, err, search->answer, searches->entity);
		searches->err = err;
		search_close(searches);
		return;
	}
	for (size_t i = 0; i < page->n_hits; i++)
		search_put(searches, search, page->hits[i]);
	search_remark(searches, page);
	/* A page may be empty and still not the last; a hundred of them are a mistake. */
	search->empty_pages += page->n_hits == 0;
	bool more = page->has_next && page->next.len > 0 &&
		    search->empty_pages < SEARCH_EMPTY_PAGES &&
		    (searches->limit == 0 || search->shown < searches->limit);
	if (!more) {
		search_close(searches);
		return;
	}
	search_ask(searches, search, &page->next);
	arena_reset(search->page);
}

static bool
search_has_page(const struct searches *searches)
{
	return searches->count > 0 && searches->slots[searches->head].answer != NULL;
}

/* Waits for the first query's answer and takes all that are ready. */
static enum err
search_take(struct searches *searches)
{
	struct cli *cli = searches->cli;
	struct search *first = &searches->slots[searches->head];

	while (first->answer == NULL) {
		enum err err = link_turn_once(cli->link, cli->timeout_ms);

		if (err != ERR_OK)
			return cli_fail_answer(cli, err, NULL, NULL);
	}
	while (search_has_page(searches))
		search_page(searches);
	return ERR_OK;
}

static enum err
search_add(struct searches *searches, const char *text)
{
	struct search *search;
	const char *clean;

	/* The first query may take several pages before its place is free. */
	while (searches->count == SEARCH_AHEAD) {
		enum err err = search_take(searches);

		if (err != ERR_OK)
			return err;
	}
	search = &searches->slots[(searches->head + searches->count) % SEARCH_AHEAD];
	*search = (struct search){
		.cli = searches->cli, .arena = arena_new(0), .page = arena_new(0)
	};
	enum err err = text_clean(search->arena, text, strlen(text), TEXT_LINE, &clean);
	if (err != ERR_OK || clean[0] == '\0') {
		arena_free(search->page);
		arena_free(search->arena);
		if (err == ERR_OK)
			return ERR_OK;
		searches->cli->said = false;
		searches->err = cli_fail(searches->cli, err, NULL, NULL);
		return ERR_OK;
	}
	search->text = clean;
	searches->count++;
	search_ask(searches, search, NULL);
	return ERR_OK;
}

static enum err
search_finish(struct searches *searches)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && searches->count > 0)
		err = search_take(searches);
	while (searches->count > 0)
		search_close(searches);
	return err;
}

/* Queries from standard input. */
static enum err
search_lines(struct searches *searches)
{
	char *line = NULL;
	size_t room = 0;
	enum err err = ERR_OK;
	ssize_t bytes;

	while (err == ERR_OK && (bytes = getline(&line, &room, stdin)) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (bytes > SEARCH_LINE_BYTES) {
			searches->cli->said = false;
			searches->err = cli_fail(searches->cli, ERR_TOO_LONG, NULL, NULL);
			continue;
		}
		err = search_add(searches, line);
		if (err == ERR_OK && searches->prompt) {
			err = search_finish(searches);
			sheet_flush(searches->sheet);
		}
	}
	if (err == ERR_OK && ferror(stdin))
		err = cli_fail(searches->cli, ERR_FILE_SYSTEM,
		    cli_say(searches->cli, "standard input", "标准输入"), strerror(errno));
	free(line);
	return err;
}

static enum err
search_run(struct searches *searches)
{
	struct cli *cli = searches->cli;
	struct buf text = BUF_INIT;
	enum err err;

	if (cli->word_count == 1 && strcmp(cli->words[0], "-") == 0) {
		searches->prompt = isatty(STDIN_FILENO) != 0;
		err = search_lines(searches);
	} else {
		for (size_t i = 0; i < cli->word_count; i++)
			buf_printf(&text, "%s%s", i == 0 ? "" : " ", cli->words[i]);
		err = search_add(searches, buf_text(&text));
		buf_fini(&text);
	}
	enum err finished = search_finish(searches);
	return err != ERR_OK ? err : finished;
}

enum err
cli_search(struct cli *cli)
{
	const struct sheet_column columns[] = {
		{ "query", cli_say(cli, "Query", "查询") },
		{ "entity", cli_say(cli, "Kind", "类别") },
		{ "id", "ID" },
		{ "label", cli_say(cli, "Name", "名称") },
		{ "matched", cli_say(cli, "Matched", "匹配") },
	};
	struct searches searches = { .cli = cli };
	const char *entity = cli->options.values[OPT_ENTITY];

	enum err err = cli_format(cli, SHEET_TABLE, &searches.format);
	if (err == ERR_OK)
		err = cli_number(cli, OPT_LIMIT, SEARCH_ROWS, &searches.limit);
	if (err == ERR_OK && entity != NULL)
		err = cli_entity(cli, entity, &searches.entity);
	if (err != ERR_OK)
		return err;
	searches.sheet = sheet_new(
	    stdout, searches.format, columns, 5, cli->options.given & OPT_BIT(HEADER));
	err = search_run(&searches);
	enum err written = cli_sheet_end(cli, searches.sheet);
	if (err == ERR_OK)
		err = searches.err;
	return err != ERR_OK ? err : written;
}
