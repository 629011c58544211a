/*
 * Facts about text: decoding, cleaning, width, wrapping, folding, encodings of files. With
 * KEHU_DATA naming the folder of test data, every "naughty string" goes through all of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static int
text_setup(void **state)
{
	arena = arena_new(0);
	return 0;
}

static int
text_teardown(void **state)
{
	arena_free(arena);
	return 0;
}

static const char *
clean(const char *text, enum text_kind kind)
{
	const char *out = NULL;

	assert_int_equal(text_clean(arena, text, strlen(text), kind, &out), ERR_OK);
	return out;
}

static void
text_decode_refuses_what_is_not_utf8(void **state)
{
	static const char *const bad[] = { "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2",
		"\xC2 ", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xE5\xAE", "\xED\xA0\x80",
		"\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
		"\xF5\x80\x80\x80", "\xFE", "\xFF", "\xF0\x9F\x98" };
	uint32_t code;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(text_decode(bad[i], strlen(bad[i]), &code), 0);
		assert_false(text_valid(bad[i], strlen(bad[i])));
	}
	assert_int_equal(text_decode("", 0, &code), 0);
	assert_true(text_valid("", 0));
}

static void
text_every_code_point_survives_encode_and_decode(void **state)
{
	for (uint32_t code = 0; code <= 0x10FFFF; code++) {
		char out[4];
		uint32_t back = 0;
		size_t length = text_encode(code, out);
		if (code >= 0xD800 && code < 0xE000) {
			assert_int_equal(text_decode(out, length, &back), 0);
			continue;
		}
		if (text_decode(out, length, &back) != length || back != code)
			fail_msg("U+%04X", code);
	}
}

static void
text_counts_bytes_chars_and_cols_apart(void **state)
{
	assert_int_equal(strlen("客户"), 6);
	assert_int_equal(text_chars("客户"), 2);
	assert_int_equal(text_cols("客户"), 4);
	assert_int_equal(text_cols("e\xCC\x81"), 1);
	assert_int_equal(text_cols("😀"), 2);
	assert_int_equal(text_cols("…·§①"), 4); /* ambiguous: one each */
	assert_int_equal(text_cols("한글"), 4);
	assert_int_equal(text_cols("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"), 2); /* 한 in jamo */
	assert_int_equal(text_cols("ｱ！"), 3);
	assert_int_equal(text_cols("\xFF"), 1);
	assert_int_equal(text_code_cols(0x378), 1); /* unassigned */
	assert_int_equal(text_code_cols('\n'), 0);
	assert_int_equal(text_code_cols(0x20BB7), 2);
}

static void
text_clean_refuses_bad_bytes_and_nul(void **state)
{
	const char *out;

	assert_int_equal(text_clean(arena, "a\xFF", 2, TEXT_LINE, &out), ERR_BAD_TEXT);
	assert_int_equal(text_clean(arena, "a\0b", 3, TEXT_LINE, &out), ERR_BAD_TEXT);
	assert_int_equal(text_clean(arena, "\xED\xA0\x80", 3, TEXT_LINE, &out), ERR_BAD_TEXT);
	assert_int_equal(text_clean(arena, "\xE5\xAE", 2, TEXT_LINE, &out), ERR_BAD_TEXT);
	assert_int_equal(text_clean(arena, NULL, 0, TEXT_LINE, &out), ERR_OK);
	assert_string_equal(out, "");
}

static void
text_clean_makes_nfc(void **state)
{
	assert_string_equal(clean("Cafe\xCC\x81", TEXT_LINE), "Café");
	assert_string_equal(clean("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", TEXT_LINE), "한");
	assert_string_equal(clean("\xE2\x84\xA6", TEXT_LINE), "Ω");
	/* Marks are put in order: dot below before circumflex. */
	assert_string_equal(clean("e\xCC\x82\xCC\xA3", TEXT_LINE), "ệ");
	assert_string_equal(clean("上海浦东发展银行", TEXT_LINE), "上海浦东发展银行");
	/* What stood between a letter and its accent is gone first. */
	assert_string_equal(clean("e\xE2\x80\x8D\xCC\x81", TEXT_LINE), "é");
}

static void
text_clean_removes_what_cannot_be_seen(void **state)
{
	static const uint32_t gone[] = { 1, 7, 8, 0x1B, 0x7F, 0x80, 0x9B, 0xAD, 0x61C, 0x115F,
		0x180E, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202E, 0x2060, 0x2066,
		0x2069, 0x3164, 0xE000, 0xFEFF, 0xFFF9, 0xFFFE, 0xFFFF, 0xFDD0, 0xE0001,
		0xE0041, 0xF0000, 0x10FFFD, 0x1FFFE };
	char text[8];

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		text[0] = 'a';
		size_t at = 1 + text_encode(gone[i], text + 1);
		text[at++] = 'b';
		text[at] = '\0';
		assert_false(text_code_allowed(gone[i]));
		assert_string_equal(clean(text, TEXT_LINE), "ab");
		assert_string_equal(text_print(arena, text, TEXT_BLOCK), "ab");
	}
}

static void
text_clean_keeps_ordinary_signs(void **state)
{
	static const char *const kept[] = { "€¥£©®™", "“引号”《书名》【】", "→←↑↓√×÷±≤≥",
		"①②③㈱", "😀👍", "Ⅷ", "ｶﾞ", "नमस्ते", "مرحبا", "שלום", "Привет", "α", "〇",
		"𠮷野家", "・" };

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		assert_string_equal(clean(kept[i], TEXT_LINE), kept[i]);
}

static void
text_clean_trims_every_kind_of_space(void **state)
{
	assert_string_equal(clean("  \t客 户\xE3\x80\x80\xC2\xA0\n", TEXT_BLOCK), "客 户");
	assert_string_equal(clean("\xE3\x80\x80", TEXT_LINE), "");
	assert_string_equal(clean("\xE2\x80\x83x", TEXT_LINE), "x");
	assert_string_equal(clean("\n\n a\n\n", TEXT_BLOCK), "a");
}

static void
text_clean_lines_and_blocks_treat_newlines_differently(void **state)
{
	assert_string_equal(clean("a\r\nb\rc\nd\te", TEXT_LINE), "a b c d e");
	assert_string_equal(clean("a\r\nb\rc\nd\te", TEXT_BLOCK), "a\nb\nc\nd e");
	assert_string_equal(clean("a\r\n\r\nb\n\rc", TEXT_BLOCK), "a\n\nb\n\nc");
	assert_string_equal(clean("a\xE2\x80\xA8"
				  "b\x0B"
				  "c\xC2\x85"
				  "d",
				TEXT_BLOCK),
	    "a\nb\nc\nd");
	assert_string_equal(clean("a\xE2\x80\xA9"
				  "b",
				TEXT_LINE),
	    "a b");
}

static void
text_clean_keeps_four_combining_marks(void **state)
{
	char zalgo[1 + 2 * 50 + 2] = "x";

	for (int i = 0; i < 50; i++)
		memcpy(zalgo + 1 + 2 * i, "\xCC\x8D", 2);
	strcpy(zalgo + 101, "y");
	const char *out = clean(zalgo, TEXT_LINE);
	assert_int_equal(text_chars(out), 6);
	assert_int_equal(text_cols(out), 2);
	assert_string_equal(clean(out, TEXT_LINE), out);
}

static void
text_print_returns_good_text_itself(void **state)
{
	const char *good = "Kehu 客户，ok\n";

	assert_ptr_equal(text_print(arena, good, TEXT_BLOCK), good);
	assert_string_equal(text_print(arena, good, TEXT_LINE), "Kehu 客户，ok ");
	const char *other = "Привет 😀";
	assert_ptr_equal(text_print(arena, other, TEXT_LINE), other);
}

static void
text_print_never_fails(void **state)
{
	assert_string_equal(text_print(arena, "a\xFF\xC3(", TEXT_LINE), "a?"
									"?(");
	assert_string_equal(text_print(arena,
				"\033[31mred\xC2\x9B"
				"0m",
				TEXT_LINE),
	    "[31mred0m");
	assert_string_equal(text_print(arena, " a ", TEXT_LINE), " a ");
	assert_string_equal(text_print(arena, "\xE5\xAE", TEXT_LINE), "??");
}

static void
text_fit_never_splits_a_character(void **state)
{
	size_t used;

	assert_int_equal(text_fit("客户", 3, &used), 3);
	assert_int_equal(used, 2);
	assert_int_equal(text_fit("客户", 4, &used), 6);
	assert_int_equal(text_fit("客户", 1, &used), 0);
	assert_int_equal(used, 0);
	assert_int_equal(text_fit("ae\xCC\x81z", 2, NULL), 4); /* the accent comes along */
	assert_int_equal(text_fit("", 5, &used), 0);
	assert_int_equal(text_fit("abc", 100, &used), 3);
	assert_int_equal(used, 3);
}

static void
text_cut_fills_exactly_the_cells(void **state)
{
	assert_string_equal(text_cut(arena, "上海浦东", 8, true), "上海浦东");
	assert_string_equal(text_cut(arena, "上海浦东", 7, true), "上海.. ");
	assert_string_equal(text_cut(arena, "上海浦东", 7, false), "上海..");
	assert_string_equal(text_cut(arena, "abc", 5, true), "abc  ");
	assert_string_equal(text_cut(arena, "abc", 2, true), "..");
	assert_string_equal(text_cut(arena, "abc", 1, true), ".");
	assert_string_equal(text_cut(arena, "abc", 0, true), "");
	for (size_t cols = 0; cols < 30; cols++)
		assert_int_equal(
		    text_cols(text_cut(arena, "a客b户😀c漢字テスト", cols, true)), cols);
}

static void
assert_wraps(const char *text, size_t cols, const char *joined)
{
	const char **lines;
	struct buf buf = BUF_INIT;
	size_t count = text_wrap(arena, text, cols, &lines);

	for (size_t i = 0; i < count; i++)
		buf_printf(&buf, "%s%s", i == 0 ? "" : "|", lines[i]);
	assert_string_equal(buf_text(&buf), joined);
	buf_fini(&buf);
}

static void
text_wrap_breaks_at_spaces_and_between_han(void **state)
{
	assert_wraps("the quick brown fox", 10, "the quick|brown fox");
	assert_wraps("上海浦东发展银行", 6, "上海浦|东发展|银行");
	assert_wraps("上海ABC银行", 6, "上海|ABC银|行");
	assert_wraps("a  b", 2, "a|b");
	assert_wraps("abcdefgh", 3, "abc|def|gh");
	assert_wraps("客户", 1, "客|户"); /* too narrow: one character a line all the same */
}

static void
text_wrap_keeps_newlines_and_empty_lines(void **state)
{
	assert_wraps("", 10, "");
	assert_wraps("a\n\nb", 10, "a||b");
	assert_wraps("a\n", 10, "a|");
	assert_wraps("one two\nthree", 4, "one|two|thre|e");
}

static void
text_wrap_does_not_begin_a_line_with_closing_punctuation(void **state)
{
	assert_wraps("今天拜访，明天", 8, "今天拜|访，明天");
	assert_wraps("他说（好）", 6, "他说|（好）");
	assert_wraps("hello, world", 5, "hello|,|world");
}

static void
text_fold_ignores_case_width_and_form(void **state)
{
	assert_string_equal(text_fold(arena, "ACME Inc"), "acme inc");
	assert_string_equal(text_fold(arena, "万科Ａ"), "万科a");
	assert_string_equal(text_fold(arena, "ＡＢＣ１２３"), "abc123");
	assert_string_equal(text_fold(arena, "Straße"), "strasse");
	assert_string_equal(text_fold(arena, "ÉCOLE"), text_fold(arena, "e\xCC\x81"
									"cole"));
	assert_string_equal(text_fold(arena, "ﾃｽﾄ"), "テスト");
	assert_string_equal(text_fold(arena, "\xE3\x8F\x80"), "kω");
	assert_string_equal(text_fold(arena, "a\xFF"), "a?");
	assert_string_equal(text_fold(arena, ""), "");
}

static void
text_fold_width_makes_ascii(void **state)
{
	assert_string_equal(
	    text_fold_width(arena, "城市：上海，＞＝１０\xE3\x80\x80～"), "城市:上海,>=10 ~");
	assert_string_equal(text_fold_width(arena, "plain。"), "plain。");
}

static void
text_digits_keeps_digits_of_any_width(void **state)
{
	assert_string_equal(text_digits(arena, "+86 (021) ６１６１-８８８８"), "8602161618888");
	assert_string_equal(text_digits(arena, "无"), "");
}

static void
text_is_han_knows_han_from_other_wide(void **state)
{
	assert_true(text_is_han(0x5BA2));
	assert_true(text_is_han(0x3007));
	assert_true(text_is_han(0x20BB7));
	assert_false(text_is_han(0x3042)); /* あ */
	assert_false(text_is_han(0xAC00));
	assert_false(text_is_han(0x3002)); /* 。 */
}

static const char *
detect(const char *data, size_t bytes)
{
	return text_detect_encoding(data, bytes);
}

static void
text_detect_encoding_by_mark_and_validity(void **state)
{
	assert_string_equal(detect("", 0), "UTF-8");
	assert_string_equal(detect("name,city", 9), "UTF-8");
	assert_string_equal(detect("\xEF\xBB\xBFx", 4), "UTF-8");
	assert_string_equal(detect("客户", 5), "UTF-8"); /* cut in a character */
	assert_string_equal(detect("\xFF\xFE"
				   "a\0",
				4),
	    "UTF-16LE");
	assert_string_equal(detect("\xFE\xFF\0a", 4), "UTF-16BE");
	assert_string_equal(detect("a\0,\0b\0\n\0", 8), "UTF-16LE");
	assert_string_equal(detect("\0a\0,\0b\0\n", 8), "UTF-16BE");
	assert_string_equal(
	    detect("\xBF\xCD\xBB\xA7\xC3\xFB\xB3\xC6", 8), "GB18030"); /* 客户名称 */
	assert_string_equal(detect("caf\xE9 fran\xE7"
				   "ais, \xE9t\xE9",
				18),
	    "ISO-8859-1");
	assert_string_equal(detect("\x84\x31\x95\x33\xBF\xCD", 6), "GB18030");
}

static enum err
decode_all(const char *encoding, const char *data, size_t bytes, size_t piece, struct buf *out,
    uint64_t *offset)
{
	enum err err = ERR_OK;
	struct text_decoder *decoder = text_decoder_open(encoding);

	assert_non_null(decoder);
	for (size_t at = 0; at < bytes && err == ERR_OK; at += piece)
		err = text_decoder_feed(
		    decoder, data + at, at + piece < bytes ? piece : bytes - at, out);
	if (err == ERR_OK)
		err = text_decoder_end(decoder, out);
	*offset = text_decoder_offset(decoder);
	text_decoder_close(decoder);
	return err;
}

/* Nothing has to be refused or replaced when a file goes out in GB18030. */
static void
text_gb18030_holds_every_character(void **state)
{
	struct buf text = BUF_INIT, bytes = BUF_INIT, back = BUF_INIT;
	struct text_decoder *decoder = text_decoder_open("GB18030");
	char out[4];

	for (uint32_t code = 1; code <= 0x10FFFF; code++)
		if (text_code_allowed(code))
			buf_put(&text, out, text_encode(code, out));
	assert_int_equal(text_encode_to("GB18030", buf_text(&text), text.bytes, &bytes), ERR_OK);
	assert_int_equal(text_decoder_feed(decoder, bytes.data, bytes.bytes, &back), ERR_OK);
	assert_int_equal(text_decoder_end(decoder, &back), ERR_OK);
	assert_int_equal(back.bytes, text.bytes);
	assert_memory_equal(back.data, text.data, text.bytes);
	assert_int_equal(text_encode_to("no such", "a", 1, &bytes), ERR_BAD_TEXT);
	assert_int_equal(text_encode_to("ISO-8859-1", "客", 3, &bytes), ERR_BAD_TEXT);
	text_decoder_close(decoder);
	buf_fini(&text);
	buf_fini(&bytes);
	buf_fini(&back);
}

static void
text_decoder_gives_the_same_for_any_pieces(void **state)
{
	static const struct {
		const char *encoding, *data;
		size_t bytes;
		const char *utf8;
	} rows[] = {
		{ "GB18030", "\xBF\xCD\xBB\xA7,\x95\x32\x82\x36\n", 10,
		    "客户,\xF0\xA0\x80\x80\n" },
		{ "UTF-16LE", "\xFF\xFE\xA2\x5B,\0\x3D\xD8\0\xDE", 10, "客,😀" },
		{ "UTF-16BE", "\xFE\xFF\x5B\xA2\0,\xD8\x3D\xDE\0", 10, "客,😀" },
		{ "UTF-8", "\xEF\xBB\xBF客户😀", 13, "客户😀" },
		{ "ISO-8859-1", "\xE9t\xE9", 3, "été" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t piece = 1; piece <= rows[i].bytes; piece++) {
			struct buf out = BUF_INIT;
			uint64_t offset;
			assert_int_equal(decode_all(rows[i].encoding, rows[i].data,
					     rows[i].bytes, piece, &out, &offset),
			    ERR_OK);
			assert_string_equal(buf_text(&out), rows[i].utf8);
			assert_int_equal(offset, rows[i].bytes);
			buf_fini(&out);
		}
	}
}

static void
text_decoder_names_the_bad_byte(void **state)
{
	for (size_t piece = 1; piece <= 8; piece++) {
		struct buf out = BUF_INIT;
		uint64_t offset;
		assert_int_equal(
		    decode_all("UTF-8", "abc客\xFFz", 8, piece, &out, &offset), ERR_BAD_TEXT);
		assert_int_equal(offset, 6);
		assert_string_equal(buf_text(&out), "abc客");
		buf_clear(&out);
		assert_int_equal(decode_all("UTF-8", "abc\xE5\xAE", 5, piece, &out, &offset),
		    ERR_BAD_TEXT); /* cut at the end */
		assert_int_equal(offset, 3);
		buf_clear(&out);
		assert_int_equal(
		    decode_all("GB18030", "ab\xBF\xCD\xFF\xFF", 6, piece, &out, &offset),
		    ERR_BAD_TEXT);
		assert_int_equal(offset, 4);
		buf_fini(&out);
	}
}

/* glibc's own converter lets these through. */
static void
text_decoder_refuses_code_points_beyond_unicode(void **state)
{
	static const char *const bad[] = { "a\xF4\xB8\x8B\xBF", "a\xED\xA0\x80z", "a\xC0\x80" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf out = BUF_INIT;
		uint64_t offset;
		assert_int_equal(
		    decode_all("utf-8", bad[i], strlen(bad[i]), 1 + i, &out, &offset),
		    ERR_BAD_TEXT);
		assert_int_equal(offset, 1);
		buf_fini(&out);
	}
}

static void
text_decoder_refuses_an_unknown_encoding(void **state)
{
	assert_null(text_decoder_open("KLINGON-7"));
}

static void
text_decoder_takes_more_than_its_own_buffers(void **state)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	uint64_t offset;

	for (int i = 0; i < 50000; i++)
		buf_put(&in, "\xBF\xCD", 2);
	assert_int_equal(
	    decode_all("GB18030", in.data, in.bytes, 99999, &out, &offset), ERR_OK);
	assert_int_equal(out.bytes, 150000);
	assert_memory_equal(out.data + 149997, "客", 3);
	buf_fini(&in);
	buf_fini(&out);
}

/* The invariants of cleaned text, for any input at all. */
static void
check_invariants(const char *text, size_t bytes)
{
	const char *once, *twice;
	uint32_t code;

	for (int kind = TEXT_LINE; kind <= TEXT_BLOCK; kind++) {
		const char *shown = text_print(arena, text, (enum text_kind)kind);
		assert_true(text_valid(shown, strlen(shown)));
		assert_string_equal(text_print(arena, shown, (enum text_kind)kind), shown);
		if (text_clean(arena, text, bytes, (enum text_kind)kind, &once) != ERR_OK)
			continue;
		assert_int_equal(
		    text_clean(arena, once, strlen(once), (enum text_kind)kind, &twice),
		    ERR_OK);
		assert_string_equal(once, twice);
		assert_ptr_equal(text_print(arena, once, (enum text_kind)kind), once);
		for (size_t at = 0; once[at] != '\0';) {
			at += text_decode(once + at, strlen(once + at), &code);
			assert_true(
			    text_code_allowed(code) || (kind == TEXT_BLOCK && code == '\n'));
		}
		char *folded = text_fold(arena, once);
		assert_string_equal(text_fold(arena, folded), folded);
	}
	for (size_t cols = 0; cols < 20; cols++) {
		const char *shown = text_print(arena, text, TEXT_LINE), **lines;
		assert_int_equal(text_cols(text_cut(arena, shown, cols, true)), cols);
		size_t count = text_wrap(arena, shown, cols, &lines);
		for (size_t i = 0; i < count && cols >= 2; i++)
			assert_true(text_cols(lines[i]) <= cols);
	}
	arena_reset(arena);
}

static void
text_invariants_hold_for_random_bytes(void **state)
{
	static const char *const parts[] = { "a", " ", "\n", "\r", "客", "户", "，", "\xCC\x81",
		"\xE2\x80\x8D", "😀", "\xFF", "\xE5", "\xAE", "\033", "é", "\xE1\x85\xA1",
		"\xE1\x84\x92", "（", "-", "\xC2", "ﬁ", "İ", "\xCD\x85", "\xE3\x80\x80" };
	unsigned seed = 12345;

	for (int round = 0; round < 3000; round++) {
		char text[256] = "";
		for (int i = 0; i < 24; i++) {
			seed = seed * 1103515245 + 12345;
			strcat(text, parts[(seed >> 16) % (sizeof(parts) / sizeof(parts[0]))]);
		}
		check_invariants(text, strlen(text));
	}
}

static void
text_invariants_hold_for_naughty_strings(void **state)
{
	const char *data = getenv("KEHU_DATA");
	char path[512], *line = NULL;
	size_t room = 0, count = 0;
	ssize_t got;

	if (data == NULL)
		skip();
	snprintf(path, sizeof(path), "%s/naughty_strings/blns.txt", data);
	FILE *in = fopen(path, "r");
	if (in == NULL)
		skip();
	while ((got = getline(&line, &room, in)) > 0) {
		check_invariants(line, (size_t)got);
		count++;
	}
	assert_true(count > 500);
	free(line);
	fclose(in);
}

static void
text_encodings_of_real_files_are_found(void **state)
{
	static const char *const files[][2] = { { "text_encodings/utf-8.txt", "UTF-8" },
		{ "text_encodings/gb18030.txt", "GB18030" },
		{ "csv_oddities/csvkit/test_utf16_big.csv", "UTF-16BE" },
		{ "csv_oddities/csvkit/test_utf16_little.csv", "UTF-16LE" },
		{ "csv_oddities/csvkit/test_latin1.csv", "ISO-8859-1" },
		{ "csv_oddities/china-ecom/taobao-gb18030.csv", "GB18030" },
		{ "cn_listed_companies/companies_gb18030.csv", "GB18030" },
		{ "cn_listed_companies/companies.csv", "UTF-8" } };
	const char *data = getenv("KEHU_DATA");
	char path[512], sample[65536];

	if (data == NULL)
		skip();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", data, files[i][0]);
		FILE *in = fopen(path, "r");
		if (in == NULL)
			continue;
		size_t got = fread(sample, 1, sizeof(sample), in);
		assert_string_equal(text_detect_encoding(sample, got), files[i][1]);
		fclose(in);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_decode_refuses_what_is_not_utf8),
		cmocka_unit_test(text_every_code_point_survives_encode_and_decode),
		cmocka_unit_test(text_counts_bytes_chars_and_cols_apart),
		cmocka_unit_test(text_clean_refuses_bad_bytes_and_nul),
		cmocka_unit_test(text_clean_makes_nfc),
		cmocka_unit_test(text_clean_removes_what_cannot_be_seen),
		cmocka_unit_test(text_clean_keeps_ordinary_signs),
		cmocka_unit_test(text_clean_trims_every_kind_of_space),
		cmocka_unit_test(text_clean_lines_and_blocks_treat_newlines_differently),
		cmocka_unit_test(text_clean_keeps_four_combining_marks),
		cmocka_unit_test(text_print_returns_good_text_itself),
		cmocka_unit_test(text_print_never_fails),
		cmocka_unit_test(text_fit_never_splits_a_character),
		cmocka_unit_test(text_cut_fills_exactly_the_cells),
		cmocka_unit_test(text_wrap_breaks_at_spaces_and_between_han),
		cmocka_unit_test(text_wrap_keeps_newlines_and_empty_lines),
		cmocka_unit_test(text_wrap_does_not_begin_a_line_with_closing_punctuation),
		cmocka_unit_test(text_fold_ignores_case_width_and_form),
		cmocka_unit_test(text_fold_width_makes_ascii),
		cmocka_unit_test(text_digits_keeps_digits_of_any_width),
		cmocka_unit_test(text_is_han_knows_han_from_other_wide),
		cmocka_unit_test(text_detect_encoding_by_mark_and_validity),
		cmocka_unit_test(text_gb18030_holds_every_character),
		cmocka_unit_test(text_decoder_gives_the_same_for_any_pieces),
		cmocka_unit_test(text_decoder_names_the_bad_byte),
		cmocka_unit_test(text_decoder_refuses_code_points_beyond_unicode),
		cmocka_unit_test(text_decoder_refuses_an_unknown_encoding),
		cmocka_unit_test(text_decoder_takes_more_than_its_own_buffers),
		cmocka_unit_test(text_invariants_hold_for_random_bytes),
		cmocka_unit_test(text_invariants_hold_for_naughty_strings),
		cmocka_unit_test(text_encodings_of_real_files_are_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("text", tests, text_setup, text_teardown);
}
