/*
 * Search as people type: two Han characters, four initials, seven digits of a phone number,
 * drawn from the customers that are there; by somebody who sees one branch and by somebody who
 * sees all. PostgreSQL's CPU for each; answers are compared with what the rule itself
 * (token_match) says of every customer in sight.
 */
#include "common/log.h"
#include "common/pinyin.h"
#include "common/text.h"
#include "server/entity/entity.h"
#include "server/entity/fields.h"
#include "server/record/token.h"
#include "tests/lib/figures.h"
#include "tests/lib/sample.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS    5
#define ANSWERS   300
#define WORDS     200
#define CHECKED   4
#define MAX_US    2000
#define PAGE_HITS 200

enum { HAN, HAN_COMMON, INITIALS, DIGITS, KINDS };
enum { BRANCH, ALL, READERS };

static const char *const search_kinds[KINDS] = { "han", "han_common", "initials", "digits" };
static const char *const search_readers[READERS] = { "branch", "all" };
static const char *const search_common[] = { "科技", "贸易", "银行", "实业", "电子", "机械",
	"上海", "北京", "国际", "建材" };

struct search_bench {
	const struct big *big;
	struct arena *arena;
	struct load *loads[READERS];
	const char *words[KINDS][WORDS];
	size_t narrowed, asked; /* checked answers that said "narrow it" */
	uint64_t random;
	struct rounds rounds[READERS][KINDS];
};

struct search_work {
	struct search_bench *bench;
	int kind;
};

/* ---- what is typed ----------------------------------------------------------------------- */

/* Two neighbouring characters of a name, both Han; NULL: this try found none. */
static const char *
search_two_han(struct arena *arena, const char *name, uint64_t *random)
{
	size_t bytes = strlen(name), starts[64], count = 0;

	for (size_t i = 0; i + 6 <= bytes && count < 64; i++)
		if ((unsigned char)name[i] >= 0xe4 && (unsigned char)name[i] <= 0xe9 &&
		    (unsigned char)name[i + 3] >= 0xe4 && (unsigned char)name[i + 3] <= 0xe9)
			starts[count++] = i;
	return count == 0
		   ? NULL
		   : arena_strndup(arena, name + starts[sample_random(random, count)], 6);
}

static const char *
search_piece(struct arena *arena, const char *text, size_t bytes, uint64_t *random)
{
	size_t all = text == NULL ? 0 : strlen(text);

	if (all < bytes || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") != all)
		return NULL;
	return arena_strndup(arena, text + sample_random(random, all - bytes + 1), bytes);
}

static const char *
search_word(struct search_bench *bench, const struct rows *rows, int kind)
{
	struct arena *arena = bench->arena;
	size_t row = sample_random(&bench->random, rows->count);
	const char *short_name = rows_text(rows, row, 1);

	switch (kind) {
	case HAN:
		/* What people call it; the whole name would mostly give 公司 and its like. */
		return short_name == NULL ? NULL
					  : search_two_han(arena, short_name, &bench->random);
	case HAN_COMMON:
		return search_common[sample_random(
		    &bench->random, sizeof(search_common) / sizeof(search_common[0]))];
	case INITIALS:
		return search_piece(arena,
		    short_name == NULL ? NULL : pinyin_initials(arena, short_name, PINYIN_NAME),
		    4, &bench->random);
	default:
		return search_piece(arena, rows_text(rows, row, 2), 7, &bench->random);
	}
}

static void
search_choose(struct search_bench *bench)
{
	struct rows *rows = sample_rows(bench->big, bench->arena,
	    "SELECT name, short_name, phone_digits FROM customer WHERE deleted_at IS NULL "
	    "ORDER BY hashint8(id), id LIMIT 2000");

	for (int kind = 0; kind < KINDS; kind++)
		for (size_t i = 0, tries = 0; i < WORDS; tries++) {
			bench->words[kind][i] = search_word(bench, rows, kind);
			if (bench->words[kind][i] != NULL)
				i++;
			else if (tries > 100 * WORDS)
				fatal("no words for %s", search_kinds[kind]);
		}
}

static void
search_frame(struct arena *arena, const char *word, Kehu__ClientFrame *frame)
{
	Kehu__Search *search = ARENA_NEW(arena, Kehu__Search);

	kehu__search__init(search);
	search->has_entity = search->has_limit = true;
	search->entity = E_customer;
	search->limit = 20;
	search->text = arena_strdup(arena, word);
	frame->request_case = KEHU__CLIENT_FRAME__REQUEST_SEARCH;
	frame->search = search;
}

static void
search_next(struct load *load, size_t client, void *context, Kehu__ClientFrame *frame)
{
	const struct search_work *work = context;
	struct search_bench *bench = work->bench;

	(void)client;
	search_frame(
	    load->arena, bench->words[work->kind][sample_random(&bench->random, WORDS)], frame);
}

/* ---- answers ----------------------------------------------------------------------------- */

static int
search_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Letters of the classes of customers and their lines; nothing is masked to these readers. */
static const char *
search_classes(struct arena *arena)
{
	char *classes = arena_alloc(arena, 32);
	size_t count = 0;

	for (size_t e = 0; entity_shipped[e] != NULL; e++) {
		const struct entity *entity = entity_shipped[e];

		if (entity->number != E_customer &&
		    (entity->kind != ENTITY_LINE || strcmp(entity->parent, "customer") != 0))
			continue;
		for (const struct field *field = entity->fields; field->number != 0; field++)
			if ((field->flags & FIELD_SEARCH) != 0 &&
			    strchr(classes, field->search) == NULL)
				classes[count++] = field->search;
	}
	return classes;
}

/* The texts of a search row: "class entity.field<tab>text" a line. */
static size_t
search_fields(struct arena *arena, const char *doc, struct token_field *fields, size_t max)
{
	size_t count = 0;

	while (*doc != '\0' && count < max) {
		size_t bytes = strcspn(doc, "\n");
		const char *tab = memchr(doc, '\t', bytes);

		if (tab == NULL)
			fatal("a search row is not lines of texts");
		fields[count++] = (struct token_field){ .class = doc[0],
			.text =
			    arena_strndup(arena, tab + 1, (size_t)(doc + bytes - tab - 1)) };
		doc += bytes + (doc[bytes] == '\n');
	}
	return count;
}

/* Every customer in sight that the rule finds, by id. */
static int64_t *
search_expected(const struct rows *rows, struct arena *arena, const char *word, size_t *count)
{
	const struct token_query *query = token_query(arena, word, search_classes(arena), "");
	struct token_field *fields = ARENA_ARRAY(arena, struct token_field, 400);
	int64_t *ids = ARENA_ARRAY(arena, int64_t, rows->count + 1);
	struct arena *scratch = arena_new(0);

	*count = 0;
	for (size_t i = 0; i < rows->count; i++) {
		struct token_hit hit;

		arena_reset(scratch);
		if (token_match(scratch, query, fields,
			search_fields(scratch, rows_text(rows, i, 1), fields, 400), false,
			&hit))
			ids[(*count)++] = rows_int(rows, i, 0);
	}
	arena_free(scratch);
	qsort(ids, *count, sizeof(*ids), search_compare);
	return ids;
}

/* Asks page after page; *narrow: the server says that more match than it ranks. */
static size_t
search_ask_all(struct load *load, const char *word, int64_t *ids, size_t max, bool *narrow)
{
	ProtobufCBinaryData cursor = { 0 };
	size_t count = 0;

	for (;;) {
		Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
		Kehu__ServerFrame *answer;

		search_frame(load->arena, word, &frame);
		frame.search->limit = PAGE_HITS;
		frame.search->has_cursor = cursor.len > 0;
		frame.search->cursor = cursor;
		answer = load_ask(load, 0, &frame);
		if (answer->answer_case != KEHU__SERVER_FRAME__ANSWER_SEARCH ||
		    answer->search->typo)
			fatal("%s: not found", word);
		*narrow = answer->search->narrow;
		for (size_t i = 0; i < answer->search->n_hits && count < max; i++)
			ids[count++] = answer->search->hits[i]->id;
		if (!answer->search->has_next)
			return count;
		cursor = answer->search->next;
	}
}

static void
search_check(
    struct search_bench *bench, struct load *load, const struct rows *rows, const char *word)
{
	size_t expected_count, count, at = 0;
	int64_t *expected = search_expected(rows, load->arena, word, &expected_count);
	int64_t *found = ARENA_ARRAY(load->arena, int64_t, rows->count + 1);
	bool narrow;

	count = search_ask_all(load, word, found, rows->count, &narrow);
	qsort(found, count, sizeof(*found), search_compare);
	if (count != expected_count)
		fatal("%s: %zu found, %zu are there", word, count, expected_count);
	for (size_t i = 0; i < count; i++) {
		while (at < expected_count && expected[at] < found[i])
			at++;
		if (at == expected_count || expected[at] != found[i] ||
		    (i > 0 && found[i] == found[i - 1]))
			fatal(
			    "%s: %" PRId64 " is found twice or should not be", word, found[i]);
	}
	bench->asked++;
	bench->narrowed += narrow;
	load_forget(load);
}

/* The rows in sight of the reader of one branch; to look at all of a million would take
 * minutes. */
static void
search_check_some(struct search_bench *bench)
{
	struct arena *arena = arena_new(0);
	int64_t user = big_reader(bench->big, "branch", 0);
	struct rows *rows = sample_rows(bench->big, arena,
	    "SELECT c.id, s.doc FROM customer c JOIN customer_search s USING (id) WHERE "
	    "c.deleted_at IS NULL "
	    "AND (c.owner_id = %" PRId64
	    " OR c.branch_id = (SELECT branch_id FROM users WHERE id = %" PRId64 "))",
	    user, user);

	for (int kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < CHECKED; i++) {
			const char *word = bench->words[kind][i];
			size_t count;

			search_expected(rows, arena, word, &count);
			if (count > 0)
				search_check(bench, bench->loads[BRANCH], rows, word);
		}
	arena_free(arena);
}

/* ---- rounds ------------------------------------------------------------------------------ */

static void
search_open(struct search_bench *bench, const struct big *big)
{
	bench->big = big;
	bench->arena = arena_new(0);
	big_warm(big, "customer customer_search");
	search_choose(bench);
	for (int reader = 0; reader < READERS; reader++) {
		int64_t users[LOAD_CLIENTS];

		for (int i = 0; i < LOAD_CLIENTS; i++)
			users[i] =
			    big_reader(big, search_readers[reader], reader == BRANCH ? i : 0);
		bench->loads[reader] = load_new(big, users, LOAD_CLIENTS, true);
	}
	search_check_some(bench);
	if (bench->asked == 0)
		fatal("no search was checked");
}

static void
search_round(struct search_bench *bench, int reader, int kind)
{
	struct search_work of = { .bench = bench, .kind = kind };
	const struct load_work work = { .next = search_next, .context = &of };

	rounds_measure(&bench->rounds[reader][kind], bench->loads[reader], &work, ANSWERS);
}

static void
search_tell(struct search_bench *benches, size_t last, int reader, int kind)
{
	struct spent spent[BIG_SIZES_MAX];
	char name[64];

	snprintf(
	    name, sizeof(name), "search_%s_%s", search_kinds[kind], search_readers[reader]);
	for (size_t i = 0; i <= last; i++) {
		spent[i] = rounds_median(&benches[i].rounds[reader][kind]);
		figure(
		    name, benches[i].big->customers, spent[i].pg_us, "us", MAX_US, AT_MOST, 1);
	}
	figure_growth(name, spent[0].pg_us, spent[last].pg_us, "us");
}

int
main(void)
{
	static struct search_bench benches[BIG_SIZES_MAX];
	size_t last;

	big_start();
	last = big_count() - 1;
	for (size_t i = 0; i <= last; i++)
		search_open(&benches[i], big_at(i));
	for (size_t round = 0; round < ROUNDS; round++)
		for (int reader = 0; reader < READERS; reader++)
			for (int kind = 0; kind < KINDS; kind++)
				for (size_t i = 0; i <= last; i++)
					search_round(&benches[i], reader, kind);
	for (int reader = 0; reader < READERS; reader++)
		for (int kind = 0; kind < KINDS; kind++)
			search_tell(benches, last, reader, kind);
	for (size_t i = 0; i <= last; i++)
		figure("search_checked_narrowed", benches[i].big->customers,
		    (double)benches[i].narrowed, "of", (double)benches[i].asked, AT_MOST, 0);
	return 0;
}
