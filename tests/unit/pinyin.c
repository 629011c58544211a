/*
 * Facts about pinyin: single characters, phrases, surnames, sort keys; and, where the data
 * sets are there (KEHU_DATA), the initials that somebody else gave to 3,657 companies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/pinyin.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

static struct arena *arena;

static int
pinyin_setup(void **state)
{
	arena = arena_new(0);
	return 0;
}

static int
pinyin_teardown(void **state)
{
	arena_free(arena);
	return 0;
}

static void
reads(const char *text, const char *want)
{
	assert_string_equal(pinyin_full(arena, text, PINYIN_NAME), want);
}

static void
person_reads(const char *text, const char *want)
{
	assert_string_equal(pinyin_full(arena, text, PINYIN_PERSON), want);
}

static bool
has_reading(uint32_t code, const char *reading)
{
	const char *readings[8];
	size_t count = pinyin_readings(code, readings);

	for (size_t i = 0; i < count; i++)
		if (strcmp(readings[i], reading) == 0)
			return true;
	return false;
}

static void
character_has_all_its_readings(void **state)
{
	const char *readings[8];

	assert_true(has_reading(0x884C, "xing") && has_reading(0x884C, "hang"));
	assert_true(has_reading(0x957F, "chang") && has_reading(0x957F, "zhang"));
	assert_true(has_reading(0x5355, "dan") && has_reading(0x5355, "shan"));
	assert_true(has_reading(0x7EFF, "lv"));
	assert_true(has_reading(0x7565, "lve"));
	assert_true(has_reading(0x3007, "ling"));
	assert_true(has_reading(0x20BB7, "ji"));
	assert_int_equal(pinyin_readings('a', readings), 0);
	assert_int_equal(pinyin_readings(0x10FFFF, readings), 0);
	assert_int_equal(pinyin_readings(UINT32_MAX, readings), 0);
}

static void
common_characters_all_have_readings(void **state)
{
	const char *readings[8];
	size_t without = 0;

	for (uint32_t code = 0x4E00; code <= 0x9FA5; code++) {
		size_t count = pinyin_readings(code, readings);
		without += count == 0;
		for (size_t i = 0; i < count; i++)
			for (const char *at = readings[i]; *at != '\0'; at++)
				assert_true(*at >= 'a' && *at <= 'z');
	}
	if (without >= 20)
		fail_msg("%zu without", without);
}

static void
phrases_decide_places_and_trades(void **state)
{
	reads("重庆银行", "chongqingyinhang");
	reads("厦门长沙长春", "xiamenchangshachangchun");
	reads("西藏番禺六安亳州", "xizangpanyuluanbozhou");
	reads("农村商行", "nongcunshanghang");
	reads("重型机械", "zhongxingjixie");
	reads("音乐学院", "yinyuexueyuan");
	reads("四川长虹", "sichuanchanghong");
	reads("世联行", "shilianhang");
	reads("会计师事务所", "kuaijishishiwusuo");
	reads("调味品", "tiaoweipin");
	reads("自行车行", "zixingchehang");
	reads("工商行政管理局", "gongshangxingzhengguanliju");
	reads("飞乐音响", "feileyinxiang");
	reads("旅行社", "lvxingshe");
	reads("西藏人参行业协会", "xizangrenshenhangyexiehui");
}

static void
surname_comes_first_and_keeps_other_readings(void **state)
{
	struct pinyin_syllable *syllables;

	person_reads("单雄信", "shanxiongxin");
	person_reads("曾国藩", "zengguofan");
	person_reads("仇英", "qiuying");
	person_reads("解缙", "xiejin");
	person_reads("区大相", "oudaxiang");
	person_reads("查良镛", "zhaliangyong");
	person_reads("盖叫天", "gejiaotian");
	person_reads("万俟卨", "moqixie");
	person_reads("尉迟恭", "yuchigong");
	person_reads("长孙无忌", "zhangsunwuji");
	person_reads("王单", "wangdan");
	reads("单晶硅", "danjinggui");
	assert_int_equal(pinyin_text(arena, "盖叫天", PINYIN_PERSON, &syllables), 3);
	assert_true(syllables[0].count >= 2 && syllables[0].han);
	assert_int_equal(pinyin_text(arena, "重庆", PINYIN_NAME, &syllables), 2);
	assert_int_equal(syllables[0].count, 1);
}

static void
latin_and_digits_pass_as_words(void **state)
{
	struct pinyin_syllable *syllables;

	assert_string_equal(pinyin_initials(arena, "万科Ａ", PINYIN_NAME), "wka");
	assert_string_equal(pinyin_initials(arena, "TCL科技", PINYIN_NAME), "tclkj");
	assert_string_equal(pinyin_initials(arena, "*ST海越", PINYIN_NAME), "sthy");
	assert_string_equal(pinyin_initials(arena, "58同城 (北京)", PINYIN_NAME), "58tcbj");
	assert_string_equal(pinyin_initials(arena, "", PINYIN_NAME), "");
	assert_string_equal(pinyin_full(arena, "!?（）", PINYIN_NAME), "");
	assert_int_equal(pinyin_text(arena, "Ping An平安", PINYIN_NAME, &syllables), 4);
	assert_string_equal(syllables[0].readings[0], "ping");
	assert_false(syllables[0].han);
	assert_true(syllables[2].han);
}

static void
every_position_has_a_reading(void **state)
{
	const char *texts[] = { "𬺰中\U0002A6D6", "\xff中\xfe", "ㄅㄆㄇ", "한국은행",
		"カタカナ", "🀄麻将" };
	struct pinyin_syllable *syllables;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		size_t count = pinyin_text(arena, texts[i], PINYIN_PERSON, &syllables);
		for (size_t at = 0; at < count; at++)
			assert_true(
			    syllables[at].count > 0 && syllables[at].readings[0][0] != '\0');
		const char *key = pinyin_sort_key(arena, texts[i], PINYIN_NAME);
		assert_true(text_valid(key, strlen(key)));
	}
}

static int
order_of(const char *a, const char *b, enum pinyin_kind kind)
{
	return strcmp(pinyin_sort_key(arena, a, kind), pinyin_sort_key(arena, b, kind));
}

static void
sort_key_orders_latin_then_pinyin(void **state)
{
	const char *order[] = { "", "3M", "58同城", "Alpha", "ALPHA Beta", "Alphabet", "École",
		"Zulu", "安徽", "曹操", "产业", "常州", "长沙", "长沙银行", "陈皮", "厦门",
		"张三", "𬺰" };

	for (size_t i = 1; i < sizeof order / sizeof order[0]; i++)
		if (order_of(order[i - 1], order[i], PINYIN_NAME) >= 0)
			fail_msg("%s does not sort before %s: '%s' '%s'", order[i - 1],
			    order[i], pinyin_sort_key(arena, order[i - 1], PINYIN_NAME),
			    pinyin_sort_key(arena, order[i], PINYIN_NAME));
	assert_int_equal(order_of("(上海)华信", "上海华信", PINYIN_NAME), 0);
	assert_int_equal(order_of("ＡＢＣ", "abc", PINYIN_NAME), 0);
	assert_true(order_of("曾一", "张一", PINYIN_PERSON) < 0);
	assert_true(order_of("单一", "邵一", PINYIN_PERSON) < 0);
	assert_true(order_of("单一", "邓一", PINYIN_NAME) < 0);
	/* Same sound: by character, so that one character's names stay together. */
	assert_true((order_of("李安", "里安", PINYIN_NAME) < 0) ==
		    (order_of("李长", "里阿", PINYIN_NAME) < 0));
}

static void
sort_key_is_short_and_whole(void **state)
{
	char text[3000] = "";

	for (int i = 0; i < 300; i++)
		strcat(text, i % 7 == 0 ? "x" : "庄");
	const char *key = pinyin_sort_key(arena, text, PINYIN_NAME);
	assert_true(strlen(key) <= 120 && strlen(key) > 100);
	assert_true(text_valid(key, strlen(key)));
}

static void
syllables_are_sorted_and_spelled(void **state)
{
	const char *spellings[PINYIN_SPELLINGS];
	size_t count = 0;

	for (; pinyin_syllable_at(count) != NULL; count++)
		if (count > 0)
			assert_true(strcmp(pinyin_syllable_at(count - 1),
					pinyin_syllable_at(count)) < 0);
	assert_true(count > 400 && count < 450);
	assert_int_equal(pinyin_spellings("lv", spellings), 2);
	assert_string_equal(spellings[1], "lyu");
	assert_int_equal(pinyin_spellings("zhong", spellings), 1);
}

/* --- measured against the data sets --- */

static FILE *
data_open(const char *path)
{
	const char *dir = getenv("KEHU_DATA");

	return dir == NULL ? NULL : fopen(arena_printf(arena, "%s/%s", dir, path), "r");
}

/* Whether letters lie anywhere in the text when every reading counts. */
static bool
initials_found(const char *text, const char *letters)
{
	struct pinyin_syllable *syllables;
	size_t count = pinyin_text(arena, text, PINYIN_NAME, &syllables), units = 0;
	char set[512][9] = { "" };

	for (size_t i = 0; i < count; i++) {
		for (size_t r = 0; syllables[i].han && r < syllables[i].count; r++)
			set[units][r] = syllables[i].readings[r][0];
		units += syllables[i].han;
		for (const char *at = syllables[i].readings[0];
		     !syllables[i].han && *at != '\0'; at++)
			set[units++][0] = *at;
	}
	for (size_t from = 0; from + strlen(letters) <= units; from++) {
		size_t at = 0;
		while (letters[at] != '\0' && strchr(set[from + at], letters[at]) != NULL)
			at++;
		if (letters[at] == '\0')
			return true;
	}
	return false;
}

static char *
csv_field(char **line)
{
	char *field = *line;
	bool quoted = *field == '"';

	*line = quoted ? strstr(field + 1, "\",") + 1 : strchr(field, ',');
	*(*line)++ = '\0';
	return field;
}

static void
listed_companies_are_found_by_their_given_initials(void **state)
{
	FILE *in = data_open("cn_listed_companies/companies.csv");
	char line[2048];
	size_t all = 0, equal = 0, found = 0;

	if (in == NULL)
		skip();
	assert_non_null(fgets(line, sizeof line, in));
	while (fgets(line, sizeof line, in) != NULL) {
		char *at = line, *fields[7], letters[64];
		size_t length = 0;
		struct arena_mark mark = arena_mark(arena);
		for (size_t i = 0; i < 7; i++)
			fields[i] = csv_field(&at);
		for (const char *c = fields[6]; *c != '\0' && length + 1 < sizeof letters; c++)
			if (isalnum((unsigned char)*c))
				letters[length++] = (char)tolower(*c);
		letters[length] = '\0';
		all++;
		equal += strcmp(pinyin_initials(arena, fields[1], PINYIN_NAME), letters) == 0;
		found += initials_found(fields[1], letters);
		arena_rewind(arena, mark);
	}
	fclose(in);
	print_message("# companies %zu, same initials %zu, found %zu\n", all, equal, found);
	assert_true(all > 3000);
	assert_true(equal * 1000 >= all * 985);
	assert_true(found * 1000 >= all * 995);
}

/* The letters of a reading with tone marks; ü as v. */
static void
untone(const char *marked, char *out, size_t room)
{
	static const char *const vowels[] = { "aāáǎà", "eēéěè", "iīíǐì", "oōóǒò", "uūúǔù",
		"vüǖǘǚǜ" };
	uint32_t code, letter;
	size_t at = 0, length;

	for (; *marked != '\0' && at + 1 < room; marked += length) {
		length = text_decode(marked, strlen(marked), &code);
		out[at] = (char)code;
		for (size_t v = 0; v < 6; v++)
			for (size_t i = 0; vowels[v][i] != '\0';) {
				i += text_decode(vowels[v] + i, 4, &letter);
				if (letter == code)
					out[at] = vowels[v][0];
			}
		at++;
	}
	out[at] = '\0';
}

static void
dictionary_phrases_are_mostly_read_right(void **state)
{
	FILE *in = data_open("pinyin/phrase_pinyin.txt");
	char line[1024], want[16];
	size_t all = 0, first = 0, any = 0;

	if (in == NULL)
		skip();
	while (fgets(line, sizeof line, in) != NULL) {
		struct pinyin_syllable *syllables;
		struct arena_mark mark = arena_mark(arena);
		char *colon = strchr(line, ':');
		if (line[0] == '#' || colon == NULL)
			continue;
		*colon = '\0';
		size_t at = 0, count = pinyin_text(arena, line, PINYIN_NAME, &syllables);
		for (char *word = strtok(colon + 1, " \n"); word != NULL && at < count;
		     word = strtok(NULL, " \n"), at++) {
			untone(word, want, sizeof want);
			bool known = false;
			for (size_t i = 0; i < syllables[at].count; i++)
				known = known || strcmp(syllables[at].readings[i], want) == 0;
			all++;
			any += known;
			first += strcmp(syllables[at].readings[0], want) == 0;
		}
		arena_rewind(arena, mark);
	}
	fclose(in);
	print_message(
	    "# syllables %zu, first reading right %zu, among ours %zu\n", all, first, any);
	assert_true(first * 1000 >= all * 970);
	assert_true(any * 1000 >= all * 990);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(character_has_all_its_readings),
		cmocka_unit_test(common_characters_all_have_readings),
		cmocka_unit_test(phrases_decide_places_and_trades),
		cmocka_unit_test(surname_comes_first_and_keeps_other_readings),
		cmocka_unit_test(latin_and_digits_pass_as_words),
		cmocka_unit_test(every_position_has_a_reading),
		cmocka_unit_test(sort_key_orders_latin_then_pinyin),
		cmocka_unit_test(sort_key_is_short_and_whole),
		cmocka_unit_test(syllables_are_sorted_and_spelled),
		cmocka_unit_test(listed_companies_are_found_by_their_given_initials),
		cmocka_unit_test(dictionary_phrases_are_mostly_read_right),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, pinyin_setup, pinyin_teardown);
}
