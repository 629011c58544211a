/*
 * Build-time program: reads the Unihan readings of Debian's package unicode-data and our own
 * common/pinyin_phrases.def, and prints build/gen/common/pinyin_table.h: the syllables, for
 * each code point its readings (best first, toneless, ü as v), and the phrases. Every phrase
 * is held against the readings, so that a slip in the list stops the build.
 *
 * It stands alone (nothing of common/ is built yet) and never frees: it prints and ends.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIHAN_DIR   "/usr/share/unicode/"
#define UNIHAN_FILE  "Unihan_Readings.txt"
#define CODE_MAX     0x32400u
#define READINGS_MAX 8
#define BLOCK_CODES  64
#define PHRASE_CHARS 8
#define LINE_BYTES   4096

/* Where a reading comes from, best first; a rare character's old readings only if no other. */
enum source { SOURCE_MANDARIN, SOURCE_PINLU, SOURCE_TGHZ, SOURCE_XHC, SOURCE_HANYU, SOURCES };

struct readings {
	uint16_t count; /* as wide as its neighbours: no padding, so memcmp holds */
	uint16_t syllable[READINGS_MAX];
};

enum row_kind { ROW_EXTRA, ROW_FIRST, ROW_ONLY, ROW_NAME, ROW_SURNAME };

struct row {
	enum row_kind kind;
	const char *text;
	const char *pinyin;
};

static const struct row rows[] = {
#define FIRST(text, pinyin)   { ROW_FIRST, text, pinyin },
#define ONLY(text, pinyin)    { ROW_ONLY, text, pinyin },
#define EXTRA(text, pinyin)   { ROW_EXTRA, text, pinyin },
#define NAME(text, pinyin)    { ROW_NAME, text, pinyin },
#define SURNAME(text, pinyin) { ROW_SURNAME, text, pinyin },
#include "common/pinyin_phrases.def"
};
#define ROWS (sizeof rows / sizeof rows[0])

struct phrase {
	const char *text;
	bool surname;
	size_t chars;
	uint16_t syllable[PHRASE_CHARS];
};

static char syllables[1024][8];
static size_t syllable_count;
static struct readings table[CODE_MAX][SOURCES]; /* as read; 18 MB of zero pages, mostly */
static struct readings merged[CODE_MAX];         /* what characters get */
static struct readings known[CODE_MAX];          /* what the phrase list may use */
static struct phrase phrases[ROWS];
static size_t phrase_count;

static size_t slips; /* in the phrase list; all are told before the program fails */

#define slip(...)                                                                              \
	(fprintf(stderr, "pinyin_phrases.def: " __VA_ARGS__), fputc('\n', stderr), slips++)

__attribute__((noreturn, format(printf, 1, 2))) static void
die(const char *format, ...)
{
	va_list args;

	fputs("pinyin_table: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static uint32_t
utf8_next(const char **text)
{
	const unsigned char *in = (const unsigned char *)*text;
	size_t length = in[0] < 0x80 ? 1 : in[0] < 0xE0 ? 2 : in[0] < 0xF0 ? 3 : 4;
	uint32_t code = length == 1 ? in[0] : in[0] & (0x7Fu >> length);

	for (size_t i = 1; i < length; i++) {
		if ((in[i] & 0xC0) != 0x80)
			die("bad UTF-8");
		code = code << 6 | (in[i] & 0x3Fu);
	}
	*text += length;
	return code;
}

/* The plain letter of one with a tone mark; 0 for a combining mark, which is left out. */
static char
letter_plain(uint32_t code)
{
	static const struct {
		const char *marked;
		char plain;
	} letters[] = {
		{ "āáǎà", 'a' },
		{ "ēéěèêếề", 'e' },
		{ "īíǐì", 'i' },
		{ "ōóǒò", 'o' },
		{ "ūúǔù", 'u' },
		{ "üǖǘǚǜ", 'v' },
		{ "ńňǹ", 'n' },
		{ "ḿ", 'm' },
	};

	if (code >= 'a' && code <= 'z')
		return (char)code;
	if (code >= 0x300 && code <= 0x36F)
		return 0;
	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
		for (const char *at = letters[i].marked; *at != '\0';)
			if (utf8_next(&at) == code)
				return letters[i].plain;
	die("unknown letter U+%04X in a reading", (unsigned)code);
}

#define SYLLABLE_NONE UINT16_MAX

/*
 * The number of a syllable; new ones are added. bytes of marked text. SYLLABLE_NONE for the
 * grunts without a vowel (m, ng, hm), which nobody types.
 */
static uint16_t
syllable_of(const char *marked, size_t bytes)
{
	char plain[8] = "";
	size_t at = 0;

	for (const char *from = marked; from < marked + bytes;) {
		char letter = letter_plain(utf8_next(&from));
		if (letter != 0 && at < sizeof plain - 1)
			plain[at++] = letter;
	}
	if (strpbrk(plain, "aeiouv") == NULL)
		return SYLLABLE_NONE;
	for (size_t i = 0; i < syllable_count; i++)
		if (strcmp(syllables[i], plain) == 0)
			return (uint16_t)i;
	if (syllable_count == sizeof syllables / sizeof syllables[0])
		die("too many syllables");
	memcpy(syllables[syllable_count], plain, sizeof plain);
	return (uint16_t)syllable_count++;
}

static bool
readings_has(const struct readings *readings, uint16_t syllable)
{
	for (size_t i = 0; i < readings->count; i++)
		if (readings->syllable[i] == syllable)
			return true;
	return false;
}

static void
readings_add(struct readings *readings, uint16_t syllable)
{
	if (syllable != SYLLABLE_NONE && readings->count < READINGS_MAX &&
	    !readings_has(readings, syllable))
		readings->syllable[readings->count++] = syllable;
}

/*
 * One value: "háng(218) xíng(2943)", "0442.080:háng 0460.010:xìng", "xíng", or
 * "20811.060:háng,xìng": skip to after a colon, end at a comma or bracket.
 */
static void
readings_parse(struct readings *readings, char *value)
{
	for (char *word = strtok(value, " \n"); word != NULL; word = strtok(NULL, " \n")) {
		char *colon = strchr(word, ':');
		char *from = colon == NULL ? word : colon + 1;
		while (*from != '\0' && *from != '(') {
			size_t bytes = strcspn(from, ",(");
			readings_add(readings, syllable_of(from, bytes));
			from += bytes + (from[bytes] == ',');
		}
	}
}

static FILE *
unihan_open(void)
{
	static const struct {
		const char *path, *command;
	} ways[] = {
		{ UNIHAN_DIR UNIHAN_FILE, "cat " UNIHAN_DIR UNIHAN_FILE },
		{ UNIHAN_DIR UNIHAN_FILE ".gz", "gzip -dc " UNIHAN_DIR UNIHAN_FILE ".gz" },
		{ UNIHAN_DIR UNIHAN_FILE ".bz2",
		    "bzip2 -dc " UNIHAN_DIR UNIHAN_FILE
		    ".bz2 2>/dev/null || python3 -c 'import bz2, sys;"
		    " sys.stdout.buffer.write(bz2.open(sys.argv[1]).read())' " UNIHAN_DIR
			UNIHAN_FILE ".bz2" },
	};

	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		FILE *probe = fopen(ways[i].path, "r");
		if (probe == NULL)
			continue;
		fclose(probe);
		FILE *pipe = popen(ways[i].command, "r");
		if (pipe == NULL)
			die("cannot run %s: %s", ways[i].command, strerror(errno));
		return pipe;
	}
	die(UNIHAN_DIR UNIHAN_FILE "(.bz2) is missing: apt-get install unicode-data bzip2");
}

static void
unihan_read(void)
{
	static const char *const names[SOURCES] = {
		[SOURCE_MANDARIN] = "kMandarin",
		[SOURCE_PINLU] = "kHanyuPinlu",
		[SOURCE_TGHZ] = "kTGHZ2013",
		[SOURCE_XHC] = "kXHC1983",
		[SOURCE_HANYU] = "kHanyuPinyin",
	};
	static char line[LINE_BYTES];
	size_t values = 0;
	FILE *in = unihan_open();

	while (fgets(line, sizeof line, in) != NULL) {
		char *name = strchr(line, '\t');
		char *value = name == NULL ? NULL : strchr(name + 1, '\t');
		if (strncmp(line, "U+", 2) != 0 || value == NULL)
			continue;
		*value++ = '\0';
		unsigned long code = strtoul(line + 2, NULL, 16);
		for (size_t source = 0; source < SOURCES; source++) {
			if (strcmp(name + 1, names[source]) != 0)
				continue;
			if (code >= CODE_MAX)
				die("U+%lX is past the table", code);
			readings_parse(&table[code][source], value);
			values++;
		}
	}
	if (pclose(in) != 0 || values < 50000)
		die("only %zu readings in " UNIHAN_DIR UNIHAN_FILE
		    ": is package bzip2 there and unicode-data whole?",
		    values);
}

/*
 * All sources of one character in one list. A character of today's standard list (TGHZ)
 * needs no older dictionary (市 is not read fu in any name), but phrases may use it: 六 is
 * lu in 六安 alone.
 */
static void
readings_merge(uint32_t code)
{
	for (size_t source = 0; source < SOURCES; source++) {
		const struct readings *here = &table[code][source];
		bool old = (source == SOURCE_XHC && table[code][SOURCE_TGHZ].count > 0) ||
			   (source == SOURCE_HANYU && merged[code].count > 0);
		for (size_t i = 0; i < here->count; i++) {
			readings_add(&known[code], here->syllable[i]);
			if (!old)
				readings_add(&merged[code], here->syllable[i]);
		}
	}
}

static uint32_t
row_code(const struct row *row)
{
	const char *at = row->text;
	uint32_t code = utf8_next(&at);

	if (*at != '\0' || code >= CODE_MAX)
		die("\"%s\" must be one Han character", row->text);
	return code;
}

static void
row_apply_char(const struct row *row)
{
	uint32_t code = row_code(row);
	struct readings sorted = { 0 };

	for (const char *at = row->pinyin; *at != '\0';) {
		size_t bytes = strcspn(at, " ");
		uint16_t syllable = syllable_of(at, bytes);
		if (readings_has(&known[code], syllable) != (row->kind != ROW_EXTRA))
			slip("%s: Unihan %s the reading %s", row->text,
			    row->kind == ROW_EXTRA ? "has" : "lacks", at);
		readings_add(row->kind == ROW_EXTRA ? &known[code] : &sorted, syllable);
		at += bytes + (at[bytes] == ' ');
	}
	for (size_t i = 0; i < merged[code].count && row->kind != ROW_ONLY; i++)
		readings_add(&sorted, merged[code].syllable[i]);
	merged[code] = sorted;
}

static void
row_add_phrase(const struct row *row)
{
	struct phrase *phrase = &phrases[phrase_count++];
	const char *pinyin = row->pinyin;

	*phrase = (struct phrase){ .text = row->text, .surname = row->kind == ROW_SURNAME };
	for (const char *at = row->text; *at != '\0';) {
		const char *from = at;
		uint32_t code = utf8_next(&at);
		size_t bytes = strcspn(pinyin, " ");
		if (phrase->chars == PHRASE_CHARS || bytes == 0 || code >= CODE_MAX) {
			slip("\"%s\": syllables are missing, or over %d", row->text,
			    PHRASE_CHARS);
			return;
		}
		uint16_t syllable = syllable_of(pinyin, bytes);
		if (!readings_has(&known[code], syllable))
			slip("\"%s\": %.*s is not read %.*s", row->text, (int)(at - from), from,
			    (int)bytes, pinyin);
		phrase->syllable[phrase->chars++] = syllable;
		pinyin += bytes + (pinyin[bytes] == ' ');
	}
	if (*pinyin != '\0')
		slip("\"%s\" has more syllables than characters", row->text);
}

static int
phrase_compare(const void *left, const void *right)
{
	const struct phrase *a = left, *b = right;
	int order = strcmp(a->text, b->text);

	return order != 0 ? order : a->surname - b->surname;
}

static void
rows_apply(void)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind <= ROW_ONLY)
			row_apply_char(&rows[i]);
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind > ROW_ONLY)
			row_add_phrase(&rows[i]);
	qsort(phrases, phrase_count, sizeof phrases[0], phrase_compare);
	for (size_t i = 1; i < phrase_count; i++)
		if (phrase_compare(&phrases[i - 1], &phrases[i]) == 0)
			slip("\"%s\" is listed twice", phrases[i].text);
	if (slips > 0)
		die("%zu slips in the phrase list", slips);
}

static uint16_t syllable_rank[1024]; /* number as read -> number in alphabetical order */

static int
syllable_compare(const void *left, const void *right)
{
	return strcmp(syllables[*(const uint16_t *)left], syllables[*(const uint16_t *)right]);
}

static void
print_syllables(void)
{
	static uint16_t order[1024];

	for (size_t i = 0; i < syllable_count; i++)
		order[i] = (uint16_t)i;
	qsort(order, syllable_count, sizeof order[0], syllable_compare);
	printf("#define PINYIN_SYLLABLES %zu\n\n", syllable_count);
	printf("static const char pinyin_syllables[PINYIN_SYLLABLES][8] = {");
	for (size_t i = 0; i < syllable_count; i++) {
		syllable_rank[order[i]] = (uint16_t)i;
		printf("%s\"%s\",", i % 10 == 0 ? "\n\t" : " ", syllables[order[i]]);
	}
	printf("\n};\n\n");
}

static uint16_t list_of[CODE_MAX]; /* where the code's list starts in pinyin_lists; 0: none */

/* Each distinct list once: its count, then its syllables. */
static void
print_lists(void)
{
	static uint16_t start[8192];
	static uint32_t holder[8192];
	size_t lists = 0, at = 1;

	printf("static const uint16_t pinyin_lists[] = {\n\t0,");
	for (uint32_t code = 0; code < CODE_MAX; code++) {
		size_t i = 0;
		if (merged[code].count == 0)
			continue;
		while (i < lists &&
		       memcmp(&merged[holder[i]], &merged[code], sizeof merged[0]) != 0)
			i++;
		if (i == lists) {
			if (lists == sizeof start / sizeof start[0] ||
			    at > UINT16_MAX - READINGS_MAX)
				die("too many different lists of readings");
			holder[lists] = code;
			start[lists++] = (uint16_t)at;
			printf("\n\t%u,", merged[code].count);
			for (size_t j = 0; j < merged[code].count; j++)
				printf(" %u,", syllable_rank[merged[code].syllable[j]]);
			at += merged[code].count + 1u;
		}
		list_of[code] = start[i];
	}
	printf("\n};\n\n");
}

/* Two stages: blocks of 64 codes; the block without any reading is number 0. */
static void
print_blocks(void)
{
	size_t blocks = CODE_MAX / BLOCK_CODES, used = 1;
	static const uint16_t none[BLOCK_CODES];
	static uint16_t number[CODE_MAX / BLOCK_CODES];

	printf("#define PINYIN_BLOCK %d\n#define PINYIN_CODES 0x%X\n\n", BLOCK_CODES, CODE_MAX);
	printf("static const uint16_t pinyin_blocks[][PINYIN_BLOCK] = {\n\t{ 0 },\n");
	for (size_t i = 0; i < blocks; i++) {
		const uint16_t *block = &list_of[i * BLOCK_CODES];
		if (memcmp(block, none, sizeof none) == 0)
			continue;
		number[i] = (uint16_t)used++;
		printf("\t{ ");
		for (size_t j = 0; j < BLOCK_CODES; j++)
			printf("%u,", block[j]);
		printf(" },\n");
	}
	printf("};\n\nstatic const uint16_t pinyin_block_of[] = {");
	for (size_t i = 0; i < blocks; i++)
		printf("%s%u,", i % 20 == 0 ? "\n\t" : "", number[i]);
	printf("\n};\n\n");
}

static void
print_phrases(void)
{
	printf("#define PINYIN_PHRASES %zu\n#define PINYIN_PHRASE_CHARS %d\n\n", phrase_count,
	    PHRASE_CHARS);
	printf("static const struct pinyin_phrase {\n\tconst char *text;\n\tuint8_t chars;\n"
	       "\tuint8_t surname;\n\tuint16_t syllable[PINYIN_PHRASE_CHARS];\n"
	       "} pinyin_phrases[PINYIN_PHRASES] = {\n");
	for (size_t i = 0; i < phrase_count; i++) {
		const struct phrase *phrase = &phrases[i];
		printf("\t{ \"%s\", %zu, %d, { ", phrase->text, phrase->chars, phrase->surname);
		for (size_t j = 0; j < phrase->chars; j++)
			printf("%u, ", syllable_rank[phrase->syllable[j]]);
		printf("} },\n");
	}
	printf("};\n");
}

int
main(void)
{
	unihan_read();
	for (uint32_t code = 0; code < CODE_MAX; code++)
		readings_merge(code);
	rows_apply();
	printf("/* Made by common/gen/pinyin_table.c from Unihan and pinyin_phrases.def. */\n"
	       "#include <stdint.h>\n\n");
	print_syllables();
	print_lists();
	print_blocks();
	print_phrases();
	if (fflush(stdout) != 0 || ferror(stdout))
		die("cannot write: %s", strerror(errno));
	return 0;
}
