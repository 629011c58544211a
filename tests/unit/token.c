/*
 * Facts about search tokens. The main one is a property: whatever token_match() accepts, the
 * tsquery finds among the tokens; and what was cut out of a text is accepted. tsqueries are
 * evaluated here by a small reader, so that no database is needed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/record/token.h"
#include "tests/lib/tsquery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/pinyin.h"
#include "common/text.h"

static struct arena *arena;
static uint64_t seed = 20240607;

static int
token_setup(void **state)
{
	arena = arena_new(0);
	return 0;
}

static int
token_teardown(void **state)
{
	arena_free(arena);
	return 0;
}

static size_t
random_below(size_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % limit);
}

/* --- one record of one field --- */

static struct token_set
tokens_of(char class, const char *text)
{
	struct token_set set = { 0 };

	token_index(arena, &set, class, text);
	token_set_sort(&set);
	return set;
}

/* The rank of text for typed, after holding the index against the recheck. */
static enum token_rank
rank_of(const char *typed, char class, const char *text, bool typo)
{
	struct token_query *query = token_query(arena, typed, "nhcpmt", NULL);
	struct token_field field = { .class = class, .text = text };
	struct token_set set = tokens_of(class, text);
	struct token_hit hit;
	bool found = token_match(arena, query, &field, 1, typo, &hit);
	const char *tsquery =
	    typo ? token_query_typo_text(arena, query) : token_query_text(query);

	if (found != (hit.rank != TOKEN_NONE))
		fail_msg("%s in %s: rank %d, found %d", typed, text, hit.rank, found);
	if (found && tsquery != NULL && !tsquery_finds(tsquery, &set))
		fail_msg("the index misses '%s' in '%s' (%c, typo %d): %s", typed, text, class,
		    typo, tsquery);
	if (found && !typo && hit.rank <= TOKEN_EXACT &&
	    !tsquery_finds(token_query_exact_text(query), &set))
		fail_msg("the exact query misses '%s' in '%s'", typed, text);
	if (found && !typo && hit.rank == TOKEN_START && class == 'n' &&
	    !tsquery_finds(token_query_start_text(query), &set))
		fail_msg("the start query misses '%s' in '%s'", typed, text);
	return hit.rank;
}

static void
found_as(const char *typed, char class, const char *text, enum token_rank want)
{
	enum token_rank rank = rank_of(typed, class, text, false);

	if (rank != want)
		fail_msg("'%s' in '%s' (%c): rank %d, not %d", typed, text, class, rank, want);
}

static void
tokens_are_sorted_and_unique(void **state)
{
	struct token_set set = tokens_of('n', "中国中国银行股份有限公司 China China Bank");

	assert_true(set.count > 20);
	for (size_t i = 1; i < set.count; i++)
		assert_true(strcmp(set.tokens[i - 1], set.tokens[i]) < 0);
	assert_true(token_set_has(&set, "nh银行", strlen("nh银行"), false));
	assert_true(token_set_has(&set, "nizgzg", 6, false));
	assert_true(token_set_has(&set, "nyyin.hang", 10, false));
	assert_false(token_set_has(&set, "nyyin.xing", 10, false));
	token_set_sort(&(struct token_set){ 0 });
}

static void
tokens_stay_bounded(void **state)
{
	struct buf text = BUF_INIT;
	struct token_set set = { 0 };

	for (int i = 0; i < 100000; i++)
		buf_puts(&text, i % 2 == 0 ? "重" : "a");
	for (int i = 0; i < 100; i++)
		token_index(arena, &set, 'n', buf_text(&text));
	assert_true(set.count <= TOKEN_SET_MAX);
	token_set_sort(&set);
	assert_true(set.count < 40);
	found_as("重a重", 'n', buf_text(&text), TOKEN_START);
	buf_fini(&text);
}

static void
tokens_of_odd_texts_are_none_or_safe(void **state)
{
	const char *odd[] = { "", " ", "***", "'; DROP TABLE customer; --", "\\'\\", "\xff\xfe",
		"'\"\\:*&|!()<->", "\xe4\xb8", "🀄🀄", "e\xcc\x81\xcc\x81\xcc\x81",
		"ㄅㄆ カタ 한국" };

	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		for (const char *class = "nhcpmtNHCPMTx?"; *class != '\0'; class ++) {
			struct token_set set = tokens_of(*class, odd[i]);
			for (size_t t = 0; t < set.count; t++)
				assert_null(strpbrk(set.tokens[t], "'\"\\:*&|!() "));
			rank_of(odd[i], *class, odd[i], false);
		}
		rank_of(odd[i], 'n', "中国银行 Bank 123", true);
	}
}

static void
query_of_a_single_letter_asks_for_more(void **state)
{
	const char *shorts[] = { "a", "7", " ", "", "- -", "a b", "*" };

	for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++) {
		struct token_query *query = token_query(arena, shorts[i], "nhcpm", "");
		assert_null(token_query_text(query));
		assert_true(token_query_is_short(query));
		assert_null(token_query_typo_text(arena, query));
	}
	assert_false(token_query_is_short(token_query(arena, "王", "nh", "")));
	assert_false(token_query_is_short(token_query(arena, "a 王", "nh", "")));
}

static void
query_of_classes_that_cannot_hold_it_finds_nothing(void **state)
{
	struct token_query *query = token_query(arena, "华信", "p", "");

	assert_null(token_query_text(query));
	assert_false(token_query_is_short(query));
	assert_null(token_query_text(token_query(arena, "华信", "", "")));
	assert_null(token_query_text(token_query(arena, "华信", NULL, NULL)));
}

static void
match_ranks_as_the_header_says(void **state)
{
	found_as("华信科技", 'n', "华信科技", TOKEN_EXACT);
	found_as("华信", 'n', "华信科技", TOKEN_START);
	found_as("信科", 'n', "华信科技", TOKEN_INSIDE);
	found_as("华科", 'n', "华信科技", TOKEN_NONE);
	found_as("华", 'n', "华信科技", TOKEN_START);
	found_as("信", 'n', "华信科技", TOKEN_NONE);
	found_as("hxkj", 'n', "华信科技", TOKEN_INITIALS);
	found_as("hx", 'n', "华信科技", TOKEN_INITIALS_START);
	found_as("kj", 'n', "华信科技", TOKEN_INITIALS_INSIDE);
	found_as("xkj", 'n', "华信科技", TOKEN_INITIALS_INSIDE);
	found_as("hk", 'n', "华信科技", TOKEN_NONE);
	found_as("huaxinkeji", 'n', "华信科技", TOKEN_INITIALS);
	found_as("huaxin", 'n', "华信科技", TOKEN_PINYIN);
	found_as("huax", 'n', "华信科技", TOKEN_PINYIN);
	found_as("hua", 'n', "华信科技", TOKEN_PINYIN);
	found_as("xinke", 'n', "华信科技", TOKEN_PINYIN);
	found_as("huaxkj", 'n', "华信科技", TOKEN_PINYIN);
	found_as("huaxikeji", 'n', "华信科技", TOKEN_NONE);
	found_as("huakeji", 'n', "华信科技", TOKEN_NONE);
	found_as("PING", 'n', "Ping An Bank", TOKEN_START);
	found_as("bank", 'n', "Ping An Bank", TOKEN_INSIDE);
	found_as("ank", 'n', "Ping An Bank", TOKEN_NONE);
	found_as("ping an bank", 'n', "Ping An Bank", TOKEN_EXACT);
	found_as("bank ping", 'n', "Ping An Bank", TOKEN_INSIDE);
	found_as("pinganbank", 'n', "Ping An Bank", TOKEN_NONE);
	found_as("cocac", 'n', "Coca-Cola", TOKEN_START);
	found_as("cola", 'n', "Coca-Cola", TOKEN_INSIDE);
	found_as("konig", 'n', "Königlich Essen", TOKEN_START);
	found_as("Königlich", 'n', "KONIGLICH", TOKEN_EXACT);
}

static void
match_knows_phrases_and_surnames(void **state)
{
	found_as("cqyh", 'n', "重庆银行", TOKEN_INITIALS);
	found_as("zqyh", 'n', "重庆银行", TOKEN_NONE);
	found_as("changsha", 'n', "长沙银行", TOKEN_PINYIN);
	found_as("xmyh", 'n', "厦门银行", TOKEN_INITIALS);
	found_as("zengguofan", 'h', "曾国藩", TOKEN_INITIALS);
	found_as("qiu", 'h', "仇英", TOKEN_PINYIN);
	found_as("chou", 'h', "仇英", TOKEN_PINYIN);
	found_as("lvbu", 'h', "吕布", TOKEN_INITIALS);
	found_as("lyubu", 'h', "吕布", TOKEN_INITIALS);
	found_as("lyu", 'h', "吕布", TOKEN_PINYIN);
	found_as("shenglue", 'n', "省略", TOKEN_INITIALS);
}

static void
match_mixes_scripts(void **state)
{
	found_as("wka", 'n', "万科Ａ", TOKEN_INITIALS);
	found_as("万科a", 'n', "万科Ａ", TOKEN_EXACT);
	found_as("tclkj", 'n', "TCL科技集团", TOKEN_INITIALS_START);
	found_as("L科技", 'n', "TCL科技集团", TOKEN_INSIDE);
	found_as("sthy", 'n', "*ST海越", TOKEN_INITIALS);
	found_as("58tc", 'n', "58同城", TOKEN_INITIALS);
	found_as("华信（上海）", 'n', "华信(上海)有限公司", TOKEN_START);
	found_as("信上", 'n', "华信 (上海)", TOKEN_INSIDE);
	found_as("tcl 科技", 'n', "TCL科技集团", TOKEN_START);
	found_as("tcl keji", 'n', "TCL科技集团", TOKEN_PINYIN);
	found_as("万科 a", 'n', "万科Ａ", TOKEN_EXACT);
	found_as("万科 b", 'n', "万科Ａ", TOKEN_NONE);
	found_as("こんにちは", 'n', "株式会社こんにちは", TOKEN_INSIDE);
	found_as("한국", 'n', "한국전력", TOKEN_START);
	found_as("газ", 'n', "ОАО Газпром", TOKEN_INSIDE);
}

static void
match_finds_phones_however_written(void **state)
{
	found_as("13812345678", 'p', "138-1234-5678", TOKEN_EXACT);
	found_as("138 1234 5678", 'p', "+86 13812345678", TOKEN_EXACT);
	found_as("+86 138 1234 5678", 'p', "13812345678", TOKEN_EXACT);
	found_as("5678", 'p', "138-1234-5678", TOKEN_PHONE_END);
	found_as("8123", 'p', "138-1234-5678", TOKEN_PHONE_INSIDE);
	found_as("567", 'p', "138-1234-5678", TOKEN_NONE);
	found_as("110", 'p', "110", TOKEN_EXACT);
	found_as("１３８１２３４", 'p', "13812345678", TOKEN_PHONE_INSIDE);
	found_as("01088886666", 'p', "+86 10 8888 6666", TOKEN_EXACT);
	found_as("86108888", 'p', "+86 10 8888 6666", TOKEN_PHONE_INSIDE);
	found_as("1390000", 'p', "13812345678 / 13900001111", TOKEN_PHONE_INSIDE);
	found_as("13900001111", 'p', "13812345678 13900001111", TOKEN_EXACT);
	found_as("56781390", 'p', "13812345678 13900001111", TOKEN_NONE);
	found_as("4008888", 'p', "400-888-8888", TOKEN_PHONE_INSIDE);
	found_as("1234", 'n', "138-1234-5678", TOKEN_INSIDE);
}

static void
match_finds_codes_and_mails(void **state)
{
	found_as("C-2024-000123", 'c', "C-2024-000123", TOKEN_EXACT);
	found_as("c2024", 'c', "C-2024-000123", TOKEN_START);
	found_as("000123", 'c', "C-2024-000123", TOKEN_INSIDE);
	found_as("123", 'c', "C-2024-000123", TOKEN_INSIDE);
	found_as("123", 'c', "C000123", TOKEN_INSIDE);
	found_as("#4471", 'c', "4471", TOKEN_EXACT);
	found_as("23", 'c', "C000123", TOKEN_NONE);
	found_as("沪a1", 'c', "沪A12345", TOKEN_START);
	found_as("li.wei@example.com", 'm', "Li.Wei@example.com", TOKEN_EXACT);
	found_as("wei@exa", 'm', "li.wei@example.com", TOKEN_INSIDE);
	found_as("example", 'm', "li.wei@example.com", TOKEN_INSIDE);
	found_as("xample", 'm', "li.wei@example.com", TOKEN_NONE);
	found_as("加急", 't', "客户要求加急处理", TOKEN_INSIDE);
	found_as("jjcl", 't', "客户要求加急处理", TOKEN_NONE);
}

static bool
masked_finds(const char *typed, char class, const char *text)
{
	char classes[] = { class, '\0' };
	struct token_query *query = token_query(arena, typed, "", classes);
	struct token_field field = { .class = class, .text = text };
	struct token_set set = tokens_of(class, text);
	struct token_hit hit;
	bool found = token_match(arena, query, &field, 1, false, &hit);

	/* Even the candidates must not tell parts of a masked value. */
	assert_int_equal(found, tsquery_finds(token_query_text(query), &set));
	return found;
}

static void
masked_class_matches_whole_values_only(void **state)
{
	assert_true(masked_finds("13812345678", 'p', "138-1234-5678"));
	assert_true(masked_finds("+8613812345678", 'p', "138-1234-5678"));
	assert_false(masked_finds("1381234567", 'p', "138-1234-5678"));
	assert_false(masked_finds("5678", 'p', "138-1234-5678"));
	assert_true(masked_finds("li.wei@example.com", 'm', "li.wei@example.com"));
	assert_false(masked_finds("li.wei", 'm', "li.wei@example.com"));
	assert_true(masked_finds("91440300ma5", 'C', "91440300MA5"));
	assert_false(masked_finds("9144", 'C', "91440300MA5"));
	assert_true(masked_finds("华信科技", 'n', "华信科技"));
	assert_false(masked_finds("华信", 'n', "华信科技"));
	assert_false(masked_finds("hxkj", 'n', "华信科技"));
}

static void
masked_field_of_a_clear_class_matches_whole_only(void **state)
{
	struct token_query *query = token_query(arena, "5678", "p", "");
	struct token_field field = { .class = 'p', .text = "13812345678", .whole = true };
	struct token_hit hit;

	assert_false(token_match(arena, query, &field, 1, false, &hit));
	query = token_query(arena, "13812345678", "p", "");
	assert_true(token_match(arena, query, &field, 1, false, &hit));
}

static void
hidden_class_is_not_searched(void **state)
{
	struct token_query *query = token_query(arena, "5678", "n", "");
	struct token_field field = { .class = 'p', .text = "13812345678" };
	struct token_hit hit;

	assert_false(token_match(arena, query, &field, 1, false, &hit));
	assert_null(strstr(token_query_text(query), "'p"));
	query = token_query(arena, "91440300", "nc", "");
	field = (struct token_field){ .class = 'C', .text = "91440300MA5" };
	assert_false(token_match(arena, query, &field, 1, false, &hit));
}

static void
words_must_all_match_in_any_fields(void **state)
{
	const struct token_field fields[] = { { .class = 'n', .text = "华信科技有限公司" },
		{ .class = 'n', .short_name = true, .text = "华信" },
		{ .class = 'h', .text = "王小明" }, { .class = 'p', .text = "13812345678" },
		{ .class = 'm', .text = NULL } };
	struct token_hit hit;

	assert_true(token_match(
	    arena, token_query(arena, "华信 5678", "nhpm", ""), fields, 5, false, &hit));
	assert_int_equal(hit.rank, TOKEN_PHONE_END);
	assert_int_equal(hit.field, 3);
	assert_true(token_match(
	    arena, token_query(arena, "王小明，kj", "nhpm", ""), fields, 5, false, &hit));
	assert_false(token_match(
	    arena, token_query(arena, "华信 9999", "nhpm", ""), fields, 5, false, &hit));
	assert_true(
	    token_match(arena, token_query(arena, "华信", "nhpm", ""), fields, 5, false, &hit));
	assert_int_equal(hit.rank, TOKEN_SHORT_NAME);
	assert_int_equal(hit.field, 1);
	assert_true(token_match(
	    arena, token_query(arena, "王", "hnpm", ""), fields + 1, 4, false, &hit));
	assert_int_equal(hit.field, 1);
}

static void
typo_of_one_character_is_found(void **state)
{
	static const struct {
		const char *typed, *text;
		bool found;
	} cases[] = {
		{ "华兴科技", "华信科技有限公司", true },
		{ "华科技", "华信科技有限公司", true },
		{ "华信信科技", "华信科技有限公司", true },
		{ "信华科技", "华信科技有限公司", true },
		{ "中国永行", "中国银行", true },
		{ "华信", "花信", true },
		{ "花兴科技", "华信科技有限公司", false },
		{ "microsfot", "Microsoft China", true },
		{ "micrsoft", "Microsoft China", true },
		{ "nicrosoft", "Microsoft China", true },
		{ "microsoftt", "Microsoft China", true },
		{ "microsotf", "Microsoft China", true },
		{ "mcrosfot", "Microsoft China", false },
		{ "chian", "Microsoft China", true },
		{ "cina", "Microsoft China", false },
		{ "zhenya group", "Shenzhen Zhenye(Group) Co.,Ltd.", true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (rank_of(cases[i].typed, 'n', cases[i].text, false) != TOKEN_NONE)
			fail_msg("%s is no typo of %s", cases[i].typed, cases[i].text);
		bool found = rank_of(cases[i].typed, 'n', cases[i].text, true) == TOKEN_TYPO;
		if (found != cases[i].found)
			fail_msg("'%s' in '%s': %d", cases[i].typed, cases[i].text, found);
	}
}

/* --- the property, over many texts --- */

struct names {
	char **text;
	size_t count;
};

static const char *const pieces[] = { "中国", "重庆", "厦门", "长沙", "西安", "方案", "银行",
	"商行", "音乐", "乐", "重", "行", "长", "曾", "单", "仇", "解", "吕", "女", "略",
	"华信", "科技", "贸易", "有限公司", "股份", "集团", "安", "鄂尔多斯", "欧", "阿", "呵",
	"嗯", "𠮷", "〇", "Ａ", "TCL", "Coca-Cola", "Ping An", " ", "(", "）", "-U", "*ST",
	"58", "360", "é", "Ærø", "Straße", "こん", "한국", "Газ", "S&P", "3M", "O'Brien", "&",
	"·" };

static char *
name_make(void)
{
	struct buf name = BUF_INIT;
	size_t count = 1 + random_below(6);

	for (size_t i = 0; i < count; i++)
		buf_puts(&name, pieces[random_below(sizeof pieces / sizeof pieces[0])]);
	char *out = arena_strdup(arena, buf_text(&name));
	buf_fini(&name);
	return out;
}

static char *
folded_part(const char *text, size_t *chars)
{
	char *folded = text_fold(arena, text), *out = arena_strdup(arena, folded), *at = out;

	/* Spaces split words and commas, too; what is left is one word. */
	for (const char *from = folded; *from != '\0'; from++)
		if (strchr(" ,;", *from) == NULL && strncmp(from, "、", 3) != 0)
			*at++ = *from;
		else if (strncmp(from, "、", 3) == 0)
			from += 2;
	*at = '\0';
	*chars = text_chars(out);
	return out;
}

static const char *
chars_skip(const char *text, size_t chars)
{
	uint32_t code;

	for (; chars > 0 && *text != '\0'; chars--)
		text += text_decode(text, strlen(text), &code);
	return text;
}

/* A random stretch of a text, as one word. */
static char *
stretch_of(const char *text)
{
	size_t chars;
	const char *folded = folded_part(text, &chars);

	if (chars < 2)
		return NULL;
	size_t count = 2 + random_below(chars - 1);
	if (count > chars)
		count = chars;
	const char *from = chars_skip(folded, random_below(chars - count + 1));
	return arena_strndup(arena, from, (size_t)(chars_skip(from, count) - from));
}

/* Initials or syllables of a random run of Han characters; NULL: there is no such run. */
static char *
sound_of(const char *text, char class, bool initials, bool plain)
{
	struct pinyin_syllable *syllables;
	struct buf out = BUF_INIT;
	size_t count =
	    pinyin_text(arena, text, class == 'h' ? PINYIN_PERSON : PINYIN_NAME, &syllables);

	if (count == 0)
		return NULL;
	size_t from = random_below(count), length = 2 + random_below(5);
	for (size_t i = from; i < count && i < from + length && syllables[i].han; i++) {
		const char *reading = syllables[i].readings[random_below(syllables[i].count)];
		const char *spellings[PINYIN_SPELLINGS];
		size_t ways = pinyin_spellings(reading, spellings);
		if (initials)
			buf_putc(&out, reading[0]);
		else
			buf_puts(&out, spellings[plain ? 0 : random_below(ways)]);
	}
	char *typed = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return strlen(typed) < 2 ? NULL : typed;
}

/* A text without Latin in it: any stretch of it must be found. */
static bool
is_han_only(const char *text)
{
	uint32_t code;

	for (size_t length; *text != '\0'; text += length) {
		length = text_decode(text, strlen(text), &code);
		if (!text_is_han(code))
			return false;
	}
	return true;
}

static void
must_find(const char *typed, char class, const char *text)
{
	if (typed != NULL && rank_of(typed, class, text, false) == TOKEN_NONE)
		fail_msg("'%s' is not found in '%s' (%c)", typed, text, class);
}

/* One character of what was typed left out, doubled or swapped. */
static char *
slip_of(const char *typed)
{
	size_t chars = text_chars(typed), at = random_below(chars);
	const char *from = chars_skip(typed, at), *next = chars_skip(from, 1);
	int before = (int)(from - typed), length = (int)(next - from);

	switch (random_below(3)) {
	case 0:
		return arena_printf(arena, "%.*s%s", before, typed, next);
	case 1:
		return arena_printf(arena, "%.*s%.*s%s", before, typed, length, from, from);
	default:
		return arena_printf(arena, "%.*s%.*s%.*s%s", before, typed,
		    (int)(chars_skip(next, 1) - next), next, length, from, chars_skip(next, 1));
	}
}

static void
text_keeps_the_property(const char *text, const char *other, char class)
{
	struct arena_mark mark = arena_mark(arena);
	char *part = stretch_of(text), *sound = sound_of(text, class, false, false);
	char *plain = sound_of(text, class, false, true);
	char *initials = sound_of(text, class, true, true), *foreign = stretch_of(other);

	if (part != NULL) {
		enum token_rank rank = rank_of(part, class, text, false);
		if (rank == TOKEN_NONE && is_han_only(part))
			fail_msg("'%s' is not found in '%s'", part, text);
		rank_of(slip_of(part), class, text, true);
	}
	must_find(initials, class, text);
	must_find(sound, class, text);
	if (sound != NULL)
		rank_of(slip_of(sound), class, text, false);
	if (plain != NULL && strlen(plain) > 3)
		must_find(arena_strndup(arena, plain, 2 + random_below(strlen(plain) - 2)),
		    class, text);
	if (foreign != NULL) {
		rank_of(foreign, class, text, false);
		rank_of(foreign, class, text, true);
	}
	arena_rewind(arena, mark);
}

static void
index_never_misses_what_match_accepts(void **state)
{
	for (int i = 0; i < 5000; i++) {
		struct arena_mark mark = arena_mark(arena);
		text_keeps_the_property(name_make(), name_make(), "nhtcm"[random_below(2)]);
		arena_rewind(arena, mark);
	}
}

static void
index_of_every_class_never_misses(void **state)
{
	static const char letters[] = "0123456789 -()+/aC.@";
	char text[24], typed[12];

	for (int i = 0; i < 5000; i++) {
		struct arena_mark mark = arena_mark(arena);
		size_t length = 4 + random_below(sizeof text - 5), count;
		for (size_t at = 0; at < length; at++)
			text[at] = letters[random_below(i % 2 == 0 ? 12 : sizeof letters - 1)];
		text[length] = '\0';
		count = 2 + random_below(length - 2);
		count = count < sizeof typed ? count : sizeof typed - 1;
		memcpy(typed, text + random_below(length - count + 1), count);
		typed[count] = '\0';
		rank_of(typed, "pcmnt"[random_below(5)], text, false);
		arena_rewind(arena, mark);
	}
}

static struct names
names_read(const char *path, size_t every)
{
	struct names names = { 0 };
	char line[512];
	FILE *in = fopen(path, "r");

	if (in == NULL)
		return names;
	names.text = calloc(100000, sizeof *names.text);
	assert_non_null(names.text);
	for (size_t i = 0; fgets(line, sizeof line, in) != NULL && names.count < 100000; i++) {
		line[strcspn(line, "\r\n")] = '\0';
		if (i % every == 3 && line[0] != '\0')
			names.text[names.count++] = strdup(line);
	}
	fclose(in);
	return names;
}

static void
data_keeps_the_property(const char *file, char class, size_t every)
{
	const char *dir = getenv("KEHU_DATA");
	if (dir == NULL)
		skip();
	struct names names = names_read(arena_printf(arena, "%s/%s", dir, file), every);
	if (names.count == 0)
		skip();
	for (size_t i = 0; i < names.count; i++)
		text_keeps_the_property(
		    names.text[i], names.text[random_below(names.count)], class);
	print_message("# %zu names of %s\n", names.count, file);
	for (size_t i = 0; i < names.count; i++)
		free(names.text[i]);
	free(names.text);
}

static void
index_never_misses_company_names(void **state)
{
	data_keeps_the_property("cn_company_short_names/company_short_names.txt", 'n', 60);
}

static void
index_never_misses_person_names(void **state)
{
	data_keeps_the_property("cn_person_names/historical_names.txt", 'h', 60);
}

static void
index_never_misses_english_names(void **state)
{
	data_keeps_the_property("en_person_names/english_names.txt", 'h', 20);
}

static void
index_never_misses_nasty_strings(void **state)
{
	data_keeps_the_property("naughty_strings/blns.txt", 'n', 4);
}

static void
query_of_han_is_asked_within_branches(void **state)
{
	static const int64_t branches[] = { 7, 12 };

	(void)state;
	assert_string_equal(token_query_in(arena, "'nh银行'", branches, 1), "('7nh银行')");
	assert_string_equal(token_query_in(arena, "('nh银行' & 'nsa''b':*)", branches, 2),
	    "(('7nh银行' & '7nsa''b':*)) | (('12nh银行' & '12nsa''b':*))");
	/* what that index does not hold is not asked of it */
	assert_null(token_query_in(arena, "('nh银行' | 'n=4a0f')", branches, 1));
	assert_null(token_query_in(arena, "'niyh':*", branches, 1));
	assert_null(token_query_in(arena, NULL, branches, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_sorted_and_unique),
		cmocka_unit_test(tokens_stay_bounded),
		cmocka_unit_test(tokens_of_odd_texts_are_none_or_safe),
		cmocka_unit_test(query_of_a_single_letter_asks_for_more),
		cmocka_unit_test(query_of_classes_that_cannot_hold_it_finds_nothing),
		cmocka_unit_test(query_of_han_is_asked_within_branches),
		cmocka_unit_test(match_ranks_as_the_header_says),
		cmocka_unit_test(match_knows_phrases_and_surnames),
		cmocka_unit_test(match_mixes_scripts),
		cmocka_unit_test(match_finds_phones_however_written),
		cmocka_unit_test(match_finds_codes_and_mails),
		cmocka_unit_test(masked_class_matches_whole_values_only),
		cmocka_unit_test(masked_field_of_a_clear_class_matches_whole_only),
		cmocka_unit_test(hidden_class_is_not_searched),
		cmocka_unit_test(words_must_all_match_in_any_fields),
		cmocka_unit_test(typo_of_one_character_is_found),
		cmocka_unit_test(index_never_misses_what_match_accepts),
		cmocka_unit_test(index_of_every_class_never_misses),
		cmocka_unit_test(index_never_misses_company_names),
		cmocka_unit_test(index_never_misses_person_names),
		cmocka_unit_test(index_never_misses_english_names),
		cmocka_unit_test(index_never_misses_nasty_strings),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, token_setup, token_teardown);
}
