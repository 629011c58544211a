/*
 * Facts about files that people bring: what each is taken for, what its rows are, what is said
 * of one that cannot be read. With KEHU_DATA every file of other projects is read whole and in
 * pieces.
 */
#include "common/intake.h"
#include "common/text.h"

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static struct arena *arena;

static int
intake_setup(void **state)
{
	arena = arena_new(0);
	return 0;
}

static int
intake_teardown(void **state)
{
	arena_free(arena);
	return 0;
}

/* All rows in one text: cells between '|', rows ended by '/', flaws as numbers; then what
 * stopped it. */
static const char *
read_pieces(const struct intake_options *options, const char *data, size_t bytes, size_t piece)
{
	struct intake *intake = intake_new(options);
	struct buf out = BUF_INIT;
	struct intake_row row;
	enum csv_status status;
	size_t at = 0;
	const char *text;

	for (;;) {
		status = intake_next(intake, arena, &row);
		if (status == CSV_ROW) {
			if (row.flaw != INTAKE_SOUND)
				buf_printf(&out, "!%d!", row.flaw);
			for (size_t i = 0; i < row.count; i++) {
				assert_true(text_valid(row.cells[i], strlen(row.cells[i])));
				buf_printf(&out, "%s%s", i == 0 ? "" : "|", row.cells[i]);
			}
			buf_puts(&out, "/");
		} else if (status == CSV_MORE && at < bytes) {
			size_t step = bytes - at < piece ? bytes - at : piece;

			intake_feed(intake, data + at, step);
			at += step;
		} else if (status == CSV_MORE) {
			intake_finish(intake);
		} else {
			break;
		}
	}
	if (status == CSV_BROKEN)
		buf_printf(&out, "[%s]", intake_fault(intake, arena, LANG_EN));
	intake_free(intake);
	text = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return text;
}

static const char *
read_text(const char *text)
{
	const struct intake_options options = { 0 };
	const char *whole = read_pieces(&options, text, strlen(text), SIZE_MAX);

	assert_string_equal(read_pieces(&options, text, strlen(text), 3), whole);
	return whole;
}

/* The cells of the first card by their columns: only those that are filled. */
static const char *
read_card(const char *text, size_t bytes)
{
	struct intake *intake = intake_new(&(struct intake_options){ 0 });
	struct intake_row header, row;
	struct buf out = BUF_INIT;
	const char *result;

	intake_feed(intake, text, bytes);
	intake_finish(intake);
	assert_int_equal(intake_next(intake, arena, &header), CSV_ROW);
	assert_string_equal(intake_format(intake), "vcard");
	assert_int_equal(intake_next(intake, arena, &row), CSV_ROW);
	for (size_t i = 0; i < row.count; i++)
		if (row.cells[i][0] != '\0')
			buf_printf(&out, "%s=%s;", header.cells[i], row.cells[i]);
	result = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	intake_free(intake);
	return result;
}

#define CARD(text) read_card(text, strlen(text))

static void
intake_tells_formats_apart(void **state)
{
	assert_string_equal(read_text("a,b\n1,2\n"), "a|b/1|2/");
	assert_string_equal(read_text("a\tb\n1\t2\n"), "a|b/1|2/");
	assert_string_equal(read_text("{\"a\":1,\"b\":\"x\"}\n{\"b\":null}\n"), "a|b/1|x/|/");
	assert_non_null(strstr(read_text("BEGIN:VCARD\nFN:Wang\nEND:VCARD\n"), "/Wang|"));
}

static void
intake_reads_a_card_with_its_parts(void **state)
{
	assert_string_equal(
	    CARD(
		"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:王伟\r\nN:王;伟;;;\r\nORG:东方贸易;采购部\r\n"
		"TEL;TYPE=cell;VALUE=uri:tel:+8613800000000\r\nTEL;TYPE=\"work,voice\":010-"
		"88880000\r\n"
		"EMAIL:w@example.com\r\nADR:;;长安街 1 号\\, 2 "
		"层;北京;;100000;中国\r\nBDAY:19800102\r\n"
		"NOTE:一行\\n两\r\n 行\r\nX-SKYPE:w\r\nEND:VCARD\r\n"),
	    "name=王伟;family=王;given=伟;customer=东方贸易;department=采购部;mobile=+"
	    "8613800000000;phone=010-88880000;"
	    "mail=w@example.com;address=长安街 1 号, 2 "
	    "层;locality=北京;postcode=100000;country=中国;birthday=1980-01-02;"
	    "remarks=一行\n两行;other=X-SKYPE: w;");
}

static void
intake_reads_old_cards_with_their_charsets(void **state)
{
	static const char latin[] =
	    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=windows-1252:Do\xEB;John;;;\r\nTEL;CELL:"
	    "1\r\n"
	    "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=GB2312:=CD=F5=\r\n=CE=B0\r\nEND:VCARD\r\n";

	assert_string_equal(read_card(latin, sizeof(latin) - 1),
	    "name=John Doë;family=Doë;given=John;mobile=1;remarks=王伟;");
	assert_string_equal(CARD("BEGIN:VCARD\nVERSION:2.1\nN:a\nPHOTO;ENCODING=BASE64:\n "
				 "QUJD\n\nAGENT:\nBEGIN:VCARD\nFN:x\n"
				 "END:VCARD\nTEL:1\nEND:VCARD\n"),
	    "name=a;family=a;phone=1;other=PHOTO: QUJD\nFN:x;");
}

static void
intake_says_what_stops_it(void **state)
{
	static const char nul[] = "a,b\n1,\0\n";
	const struct intake_options options = { 0 };

	assert_non_null(strstr(read_text("PK\x03\x04rest"), "zip"));
	assert_non_null(strstr(read_text(""), "empty"));
	assert_non_null(strstr(read_text("BEGIN:VCARD\nFN:a\n"), "line 1: the card"));
	assert_non_null(
	    strstr(read_text("BEGIN:VCARD\nFN:a\nEND:VCARD\nx,y\n"), "line 4: this is not"));
	assert_non_null(strstr(read_text("{\"a\":1}\n{\"a\":"), "line 2: the object"));
	assert_non_null(strstr(read_text("[{\"a\":1},\n{\"a\":2}]\n"), "one object a line"));
	assert_non_null(strstr(read_text("a,b,c\n1,2,3\n4,5"), "line 3: the last row"));
	assert_non_null(strstr(read_text("a,b\n\"1,2\n"), "line 2: a quote"));
	assert_non_null(strstr(read_pieces(&options, nul, sizeof(nul) - 1, 2), "zero byte"));
	assert_non_null(strstr(read_text("a,b\n1,2\n\xE5\xAE"), "UTF-8"));
}

static void
intake_of_one_endless_line_stops_early(void **state)
{
	struct intake *intake = intake_new(&(struct intake_options){ 0 });
	static char piece[64 * 1024];
	struct intake_row row;
	enum csv_status status = CSV_MORE;
	size_t pieces = 0;

	memset(piece, 'x', sizeof(piece));
	while (status == CSV_MORE && pieces < 1000) {
		intake_feed(intake, piece, sizeof(piece));
		pieces++;
		status = intake_next(intake, arena, &row);
	}
	assert_int_equal(status, CSV_BROKEN);
	assert_true(pieces < 100);
	intake_free(intake);
}

static void
intake_refuses_rows_and_goes_on(void **state)
{
	assert_string_equal(
	    read_text("{\"a\":1}\nnonsense\n{\"b\":2}\n{\"a\":[1,{\"c\":\"\\u738b\"}]}\n"),
	    "a|b/1|/!2!nonsense|/|2/[1,{\"c\":\"\\u738b\"}]|/");
	assert_string_equal(read_text("a,b\n\"x\"y,2\n3,4\n"), "a|b/!1!xy|2/3|4/");
	assert_non_null(strstr(read_text("BEGIN:VCARD\nTEL:1\nEND:VCARD\n"), "!4!"));
}

static void
intake_without_a_header_numbers_its_columns(void **state)
{
	const struct intake_options options = { .no_header = true };

	assert_string_equal(read_pieces(&options, "x,y\nz,u\n", 8, 3), "1|2/x|y/z|u/");
}

static void
intake_finds_header_and_date_order(void **state)
{
	static const struct {
		const char *text;
		bool header;
		enum intake_order order;
	} files[] = {
		{ "name,day\na,31/12/2024\n", true, INTAKE_ORDER_DMY },
		{ "name,day\na,12/31/2024\n", true, INTAKE_ORDER_MDY },
		{ "name,day\na,03.04.24\nb,05.06.24 10:00\n", true, INTAKE_ORDER_EITHER },
		{ "name,day\na,2024-12-31\n", true, INTAKE_ORDER_YMD },
		{ "Wang,13800000000,w@example.com\nLi,13900000000,l@example.com\n", false,
		    INTAKE_ORDER_NONE },
		{ "1,2\na,b\n", true, INTAKE_ORDER_NONE },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct intake_found found;

		intake_find(arena, &(struct intake_options){ 0 }, files[i].text,
		    strlen(files[i].text), true, 2, LANG_EN, &found);
		if (found.header != files[i].header || found.order != files[i].order ||
		    found.fault != NULL)
			fail_msg("%s: header %d order %s fault %s", files[i].text, found.header,
			    intake_order_word(found.order), found.fault);
	}
	assert_string_equal(intake_date(arena, "3/4/2024", INTAKE_ORDER_DMY), "2024-04-03");
	assert_string_equal(
	    intake_date(arena, "03.04.24 10:00", INTAKE_ORDER_MDY), "2024-03-04 10:00");
	assert_string_equal(intake_date(arena, "2024-04-03", INTAKE_ORDER_MDY), "2024-04-03");
	assert_string_equal(intake_day(arena, "1996-07-04 00:00:00.000"), "1996-07-04");
	assert_string_equal(intake_day(arena, "4.7.1996 00:00"), "4.7.1996");
	assert_string_equal(intake_day(arena, "1996-07-04T00:00:01"), "1996-07-04T00:00:01");
	assert_string_equal(intake_day(arena, "1996-07-04 00:00:00.5"), "1996-07-04 00:00:00.5");
	assert_string_equal(intake_day(arena, " 00:00"), " 00:00");
}

/* ---- files of other projects ------------------------------------------------------------- */

static size_t read_folders, read_files;

static void
read_file(const char *path)
{
	const struct intake_options options = { 0 };
	struct buf data = BUF_INIT;
	FILE *file = fopen(path, "r");
	const char *whole;
	size_t got;

	assert_non_null(file);
	while ((got = fread(buf_reserve(&data, 65536), 1, 65536, file)) > 0)
		buf_wrote(&data, got);
	fclose(file);
	whole = read_pieces(&options, buf_text(&data), data.bytes, SIZE_MAX);
	if (strcmp(whole, read_pieces(&options, buf_text(&data), data.bytes, 7)) != 0)
		fail_msg("%s reads otherwise in pieces", path);
	/* whatever it is, it gave rows or a reason */
	if (whole[0] == '\0')
		fail_msg("%s gives nothing", path);
	read_files++;
	buf_fini(&data);
	arena_reset(arena);
}

static void
read_folder(const char *path)
{
	char name[1024];
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL) {
		read_file(path);
		return;
	}
	read_folders++;
	while ((entry = readdir(dir)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			read_folder(name);
	}
	closedir(dir);
}

static void
intake_reads_files_of_other_projects_alike_in_pieces(void **state)
{
	static const char *const folders[] = { "csv_oddities", "vcards", "text_encodings",
		"naughty_strings" };
	const char *data = getenv("KEHU_DATA");
	char path[1024];

	if (data == NULL)
		skip();
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", data, folders[i]);
		read_folder(path);
	}
	assert_true(read_files > 200);
}

static void
intake_reads_every_card_of_other_projects(void **state)
{
	const char *data = getenv("KEHU_DATA");
	static const struct {
		const char *name, *holds;
	} cards[] = {
		{ "android/v21_japanese_1.vcf", "安藤ロイド" },
		{ "roundcube/johndoe.vcf", "John Doë" },
		{ "roundcube/utf-16_sample.vcf", "name=Ǽgean" },
		{ "khard/tel-value-uri.vcf", "name=" },
		{ "ez-vcard/outlook-2003.vcf", "John Doe" },
		{ "android/v21_complicated.vcf", "Joe Due" },
	};

	if (data == NULL)
		skip();
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		struct buf bytes = BUF_INIT;
		FILE *file =
		    fopen(arena_printf(arena, "%s/vcards/%s", data, cards[i].name), "r");
		size_t got;
		const char *card;

		assert_non_null(file);
		while ((got = fread(buf_reserve(&bytes, 65536), 1, 65536, file)) > 0)
			buf_wrote(&bytes, got);
		fclose(file);
		card = read_card(buf_text(&bytes), bytes.bytes);
		if (strstr(card, cards[i].holds) == NULL)
			fail_msg("%s: %s", cards[i].name, card);
		buf_fini(&bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intake_tells_formats_apart),
		cmocka_unit_test(intake_reads_a_card_with_its_parts),
		cmocka_unit_test(intake_reads_old_cards_with_their_charsets),
		cmocka_unit_test(intake_says_what_stops_it),
		cmocka_unit_test(intake_of_one_endless_line_stops_early),
		cmocka_unit_test(intake_refuses_rows_and_goes_on),
		cmocka_unit_test(intake_without_a_header_numbers_its_columns),
		cmocka_unit_test(intake_finds_header_and_date_order),
		cmocka_unit_test(intake_reads_files_of_other_projects_alike_in_pieces),
		cmocka_unit_test(intake_reads_every_card_of_other_projects),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, intake_setup, intake_teardown);
}
