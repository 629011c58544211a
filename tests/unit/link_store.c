/* Facts about what the client keeps: journal, outbox, page cache, catalogue, values. */
#include "client/link/cache.h"
#include "client/link/link.h"
#include "client/link/place.h"
#include "common/date.h"
#include "tests/lib/fake_server.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t key[32] = "0123456789abcdef0123456789abcde";

struct fixture {
	struct arena *arena;
	char directory[32];
};

static struct journal *
open_journal(struct fixture *fixture)
{
	const char *why = "";
	struct journal *journal = journal_open(
	    fixture->arena, fixture->directory, "host:1", "zhang", key, sizeof(key), &why);

	assert_non_null(journal);
	return journal;
}

static void
put(struct journal *journal, enum journal_kind kind, const char *name, const char *text)
{
	struct journal_entry entry = { .kind = kind,
		.key = name,
		.title = "拜访 华信",
		.at_us = 7,
		.data = (const uint8_t *)text,
		.bytes = strlen(text) };

	assert_int_equal(journal_put(journal, &entry), ERR_OK);
}

static const char *
text_of(struct fixture *fixture, const struct journal *journal, const char *name)
{
	const struct journal_entry *entry = journal_find(journal, JOURNAL_DRAFT, name);

	return entry == NULL
		   ? NULL
		   : arena_strndup(fixture->arena, (const char *)entry->data, entry->bytes);
}

static const char *
journal_file(struct fixture *fixture)
{
	const char *parts[] = { "host:1", "zhang" };

	return arena_printf(fixture->arena, "%s/journal-%s.0", fixture->directory,
	    place_name(fixture->arena, parts, 2));
}

static void
journal_gives_back_what_was_put(void **state)
{
	struct fixture *fixture = *state;
	struct journal *journal = open_journal(fixture);
	struct stat status;

	put(journal, JOURNAL_DRAFT, "a", "one");
	put(journal, JOURNAL_DRAFT, "b", "two");
	put(journal, JOURNAL_DRAFT, "a", "three");
	assert_int_equal(journal_drop(journal, JOURNAL_DRAFT, "b"), ERR_OK);
	put(journal, JOURNAL_OUTBOX, "b", "other kind");
	journal_close(journal);
	assert_int_equal(stat(journal_file(fixture), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	journal = open_journal(fixture);
	assert_int_equal(journal_count(journal), 2);
	assert_string_equal(text_of(fixture, journal, "a"), "three");
	assert_null(text_of(fixture, journal, "b"));
	assert_string_equal(journal_at(journal, 0)->title, "拜访 华信");
	assert_int_equal(journal_at(journal, 0)->at_us, 7);
	journal_close(journal);
}

static void
journal_is_not_readable_on_disk(void **state)
{
	struct fixture *fixture = *state;
	struct journal *journal = open_journal(fixture);
	uint8_t *data;
	size_t bytes;

	put(journal, JOURNAL_DRAFT, "a", "confidential words");
	journal_close(journal);
	assert_int_equal(
	    place_read(fixture->arena, journal_file(fixture), 100000, &data, &bytes), ERR_OK);
	assert_null(memmem(data, bytes, "confidential", 12));
}

/* Cut at every byte: what was durable before the cut record is there, and nothing is refused.
 */
static void
journal_survives_a_cut_anywhere(void **state)
{
	struct fixture *fixture = *state;
	struct journal *journal = open_journal(fixture);
	uint8_t *data;
	size_t bytes, first;

	put(journal, JOURNAL_DRAFT, "a", "one");
	journal_close(journal);
	journal = open_journal(fixture);
	assert_int_equal(
	    place_read(fixture->arena, journal_file(fixture), 100000, &data, &first), ERR_OK);
	put(journal, JOURNAL_DRAFT, "b", "two");
	journal_close(journal);
	assert_int_equal(
	    place_read(fixture->arena, journal_file(fixture), 100000, &data, &bytes), ERR_OK);
	assert_true(bytes > first);
	for (size_t cut = 0; cut <= bytes; cut++) {
		assert_int_equal(place_write(journal_file(fixture), data, cut), ERR_OK);
		journal = open_journal(fixture);
		assert_int_equal(journal_count(journal), cut == bytes   ? 2
							 : cut >= first ? 1
									: 0);
		journal_close(journal);
	}
}

static void
journal_passes_over_damage_and_keeps_it_aside(void **state)
{
	struct fixture *fixture = *state;
	struct journal *journal = open_journal(fixture);
	uint8_t *data;
	size_t bytes;

	put(journal, JOURNAL_DRAFT, "a", "one");
	put(journal, JOURNAL_DRAFT, "b", "two");
	journal_close(journal);
	assert_int_equal(
	    place_read(fixture->arena, journal_file(fixture), 100000, &data, &bytes), ERR_OK);
	data[8 + 4 + 8 + 12 + 3] ^= 1;
	assert_int_equal(place_write(journal_file(fixture), data, bytes), ERR_OK);
	journal = open_journal(fixture);
	assert_int_equal(journal_unreadable(journal), 1);
	assert_null(text_of(fixture, journal, "a"));
	assert_string_equal(text_of(fixture, journal, "b"), "two");
	journal_close(journal);
	const char *find = arena_printf(
	    fixture->arena, "test $(ls %s | grep -c unreadable) = 1", fixture->directory);
	assert_int_equal(system(find), 0);
}

static void
journal_of_a_crashed_client_is_taken_over(void **state)
{
	struct fixture *fixture = *state;
	struct journal *one = open_journal(fixture), *two = open_journal(fixture);

	put(one, JOURNAL_DRAFT, "a", "of the first");
	put(two, JOURNAL_DRAFT, "b", "of the second");
	assert_null(text_of(fixture, two, "a"));
	journal_close(two);
	journal_close(one);
	one = open_journal(fixture);
	assert_string_equal(text_of(fixture, one, "a"), "of the first");
	assert_string_equal(text_of(fixture, one, "b"), "of the second");
	journal_close(one);
	one = open_journal(fixture);
	assert_int_equal(journal_count(one), 2);
	journal_close(one);
}

static void
journal_does_not_grow_without_end(void **state)
{
	struct fixture *fixture = *state;
	struct journal *journal = open_journal(fixture);
	char *text = arena_alloc(fixture->arena, 20001);
	struct stat status;

	memset(text, 'x', 20000);
	for (int i = 0; i < 100; i++)
		put(journal, JOURNAL_DRAFT, "a", text);
	assert_int_equal(stat(journal_file(fixture), &status), 0);
	assert_true(status.st_size < 400000);
	journal_close(journal);
}

static void
journal_reports_a_place_it_cannot_use(void **state)
{
	struct fixture *fixture = *state;
	const char *why = NULL;
	const char *file = arena_printf(fixture->arena, "%s/file", fixture->directory);

	assert_int_equal(place_write(file, "x", 1), ERR_OK);
	assert_null(journal_open(fixture->arena, arena_printf(fixture->arena, "%s/sub", file),
	    "h", "u", key, sizeof(key), &why));
	assert_non_null(strstr(why, "/file/sub"));
}

/* ---- outbox ---- */

struct desk {
	atomic_int saves, deletes;
	atomic_bool silent; /* saves come in and no answer goes out */
	uint8_t intention[16];
	enum err refuse;
	int told;
	char key[64];
	enum err outcome;
};

static bool
desk_answer(void *context, struct fake_server *fake, const Kehu__ClientFrame *frame)
{
	struct desk *desk = context;
	Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
	Kehu__Written written = KEHU__WRITTEN__INIT;

	if (frame->request_case != KEHU__CLIENT_FRAME__REQUEST_SAVE)
		return false;
	if (desk->saves++ == 0)
		memcpy(desk->intention, frame->save->intention.data, 16);
	else if (memcmp(desk->intention, frame->save->intention.data, 16) != 0)
		desk->saves = 1000;
	if (desk->silent)
		return true;
	if (desk->refuse != ERR_OK) {
		fake_answer_error(fake, frame, desk->refuse);
		return true;
	}
	written.has_id = true;
	written.id = 5;
	answer.answer_case = KEHU__SERVER_FRAME__ANSWER_WRITTEN;
	answer.written = &written;
	fake_answer(fake, frame, &answer);
	return true;
}

static void
desk_told(void *context, const struct journal_entry *entry, const Kehu__ServerFrame *answer)
{
	struct desk *desk = context;

	desk->told++;
	desk->outcome = link_error(answer);
	snprintf(desk->key, sizeof(desk->key), "%s", entry->key);
}

static struct link *
desk_link(struct fixture *fixture, struct desk *desk, struct fake_server *fake)
{
	struct link *link = link_new(&(struct link_options){
	    .server = fake_address(fake),
	    .ca_file = fake_ca(fake),
	    .state_dir = fixture->directory,
	    .cache_dir = fixture->directory,
	    .backoff_ms = 5,
	    .events = { .context = desk, .outbox = desk_told },
	});

	link_login(link, "zhang", "right", NULL);
	assert_int_equal(link_wait(link, 5000), ERR_OK);
	return link;
}

/* The program is killed after the save was sent: the next run repeats the same intention. */
static void
killed_and_started_again(struct fixture *fixture, struct desk *desk, struct fake_server *fake)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Record record = KEHU__RECORD__INIT;
	int64_t until_us = date_monotonic_us() + 5000000;
	bool never = false;

	save.record = &record;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	struct link *link = desk_link(fixture, desk, fake);
	struct journal_entry draft = { .kind = JOURNAL_DRAFT,
		.key = "visit:new",
		.title = "拜访",
		.data = (const uint8_t *)"typed",
		.bytes = 5 };
	assert_int_equal(journal_put(link_journal(link), &draft), ERR_OK);
	link_send(link,
	    &(struct link_request){
		.frame = &frame, .flags = LINK_OUTBOX, .title = "拜访", .key = "visit:new" });
	while (desk->saves == 0 && date_monotonic_us() < until_us)
		assert_int_equal(link_run(link, &never, 10), ERR_TIMEOUT);
	link_free(link);
	desk->silent = false;
	link = desk_link(fixture, desk, fake);
	assert_int_equal(fake_counts(fake).catalogs, 1); /* the second came from disk */
	while (desk->told == 0 && date_monotonic_us() < until_us)
		assert_int_equal(link_run(link, &never, 10), ERR_TIMEOUT);
	assert_int_equal(desk->told, 1);
	assert_string_equal(desk->key, "visit:new");
	assert_int_equal(desk->saves, 2);
	link_free(link);
}

static void
outbox_outlives_the_program(void **state)
{
	struct fixture *fixture = *state;
	struct desk desk = { .silent = true };
	struct fake_server *fake = fake_start(&(struct fake_options){
	    .context = &desk, .answer = desk_answer, .directory = fixture->directory });

	killed_and_started_again(fixture, &desk, fake);
	assert_int_equal(desk.outcome, ERR_OK);
	struct link *link = desk_link(fixture, &desk, fake);
	assert_int_equal(journal_count(link_journal(link)), 0);
	link_free(link);
	fake_stop(fake);
}

static void
outbox_keeps_what_was_refused_as_a_draft(void **state)
{
	struct fixture *fixture = *state;
	struct desk desk = { .silent = true, .refuse = ERR_REQUIRED };
	struct fake_server *fake = fake_start(&(struct fake_options){
	    .context = &desk, .answer = desk_answer, .directory = fixture->directory });

	killed_and_started_again(fixture, &desk, fake);
	assert_int_equal(desk.outcome, ERR_REQUIRED);
	struct link *link = desk_link(fixture, &desk, fake);
	const struct journal *journal = link_journal(link);
	assert_int_equal(journal_count(journal), 1);
	assert_int_equal(journal_at(journal, 0)->kind, JOURNAL_DRAFT);
	assert_memory_equal(journal_at(journal, 0)->data, "typed", 5);
	assert_string_equal(journal_at(journal, 0)->note, err_text(ERR_REQUIRED, LANG_EN));
	link_free(link);
	fake_stop(fake);
}

/* ---- cache ---- */

static void
cache_forgets_the_oldest_and_knows_what_is_stale(void **state)
{
	struct fixture *fixture = *state;
	struct link_cache *cache = link_cache_new(4000);
	Kehu__ServerFrame answer = KEHU__SERVER_FRAME__INIT;
	Kehu__Notice notice = KEHU__NOTICE__INIT;
	uint8_t hash[32] = { 0 };
	int64_t age_ms;
	bool fresh;

	notice.text = arena_alloc(fixture->arena, 901);
	memset(notice.text, 'x', 900);
	answer.answer_case = KEHU__SERVER_FRAME__ANSWER_NOTICE;
	answer.notice = &notice;
	for (hash[0] = 0; hash[0] < 5; hash[0]++)
		link_cache_put(cache, hash, hash[0], &answer);
	hash[0] = 0;
	assert_null(link_cache_get(cache, fixture->arena, hash, &age_ms, &fresh));
	hash[0] = 4;
	Kehu__ServerFrame *copy = link_cache_get(cache, fixture->arena, hash, &age_ms, &fresh);
	assert_string_equal(copy->notice->text, notice.text);
	assert_true(fresh);
	link_cache_stale(cache, 4);
	assert_non_null(link_cache_get(cache, fixture->arena, hash, &age_ms, &fresh));
	assert_false(fresh);
	hash[0] = 3;
	assert_non_null(link_cache_get(cache, fixture->arena, hash, &age_ms, &fresh));
	assert_true(fresh);
	link_cache_free(cache);
}

/* ---- catalogue and values ---- */

static void
catalogue_finds_by_name_label_and_alias(void **state)
{
	struct cat *cat = cat_new(fake_catalog());
	const Kehu__Entity *customer = cat_entity_called(cat, "customer");
	uint32_t columns[8];

	assert_int_equal(customer->number, 10);
	assert_ptr_equal(cat_entity_called(cat, "客户"), customer);
	assert_ptr_equal(cat_entity_called(cat, "ＫＨＬ"), customer);
	assert_null(cat_entity_called(cat, "khl kh"));
	assert_int_equal(cat_field_called(customer, "负责")->number, 25);
	assert_int_equal(cat_field_called(customer, "LEVEL")->number, 9);
	assert_null(cat_field_called(customer, ""));
	assert_int_equal(cat_line_called(cat, customer, "phones")->number, 11);
	assert_int_equal(cat_line_called(cat, customer, "phone")->number, 11);
	assert_null(cat_line_called(cat, customer, "visits"));
	assert_int_equal(cat_columns(customer, columns, 8), 4);
	assert_string_equal(cat_entity_nearest(cat, "cutsomer"), "customer");
	assert_string_equal(cat_field_nearest(customer, "nmae"), "name");
	assert_string_equal(cat_field_nearest(customer, "remark"), "remarks");
	assert_null(cat_field_nearest(customer, "zzzzzz"));
	assert_null(cat_field_nearest(customer, ""));
	cat_free(cat);
}

struct typed {
	const char *field, *text;
	enum err err;
	const char *shown, *plain;
};

static void
values_are_read_and_shown(void **state)
{
	static const struct typed cases[] = {
		{ "name", " 华信 ", ERR_OK, "华信", "华信" },
		{ "name", "123456789012345678901", ERR_TOO_LONG, NULL, NULL },
		{ "name", "\xff", ERR_BAD_TEXT, NULL, NULL },
		{ "level", "a", ERR_OK, "重点", "A" },
		{ "level", "重点", ERR_OK, "重点", "A" },
		{ "level", "zd", ERR_OK, "重点", "A" },
		{ "level", "D", ERR_NOT_IN_LIST, NULL, NULL },
		{ "capital", "32万", ERR_OK, "320,000.00 CNY", "320000.00 CNY" },
		{ "capital", "100.5 USD", ERR_OK, "100.50 USD", "100.50 USD" },
		{ "capital", "JPY 300", ERR_OK, "300 JPY", "300 JPY" },
		{ "capital", "much", ERR_NOT_A_NUMBER, NULL, NULL },
		{ "founded_on", "2026-02-30", ERR_NOT_A_DATE, NULL, NULL },
		{ "founded_on", "今天", ERR_OK, "2026-11-23", "2026-11-23" },
		{ "last_visit_at", "2026-11-23 14:05", ERR_OK, "2026-11-23 14:05",
		    "2026-11-23T06:05:00Z" },
		{ "owner", "#42", ERR_OK, "#42", "#42" },
		{ "owner", "张三", ERR_NOT_IN_LIST, NULL, NULL },
		{ "owner", "-3", ERR_NOT_IN_LIST, NULL, NULL },
		{ "area", "12.5", ERR_OK, "12.5", "12.500" },
		{ "listed", "是", ERR_OK, "yes", "true" },
		{ "listed", "maybe", ERR_INVALID, NULL, NULL },
		{ "remarks", "a\r\nb", ERR_OK, "a\nb", "a\nb" },
		{ "level", "", ERR_OK, "", "" },
	};
	struct fixture *fixture = *state;
	struct cat *cat = cat_new(fake_catalog());
	const Kehu__Entity *customer = cat_entity_called(cat, "customer");
	int64_t day = date_from_ymd((struct ymd){ 2026, 11, 23 });
	struct cat_now now = { .now_us = day * US_PER_DAY, .today = day, .offset_min = 480 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const Kehu__Field *field = cat_field_called(customer, cases[i].field);
		Kehu__Value value;

		enum err err =
		    cat_value_parse(fixture->arena, cat, field, cases[i].text, &now, &value);
		if (err != cases[i].err)
			fail_msg("%s=%s gave %s", cases[i].field, cases[i].text, err_name(err));
		if (err != ERR_OK)
			continue;
		struct cat_style style = { .offset_min = 480 };
		assert_string_equal(
		    cat_value_text(fixture->arena, cat, field, &value, &style), cases[i].shown);
		style.plain = true;
		assert_string_equal(
		    cat_value_text(fixture->arena, cat, field, &value, &style), cases[i].plain);
	}
	cat_free(cat);
}

/* ---- */

static int
setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->arena = arena_new(0);
	strcpy(fixture->directory, "/tmp/kehu-store-XXXXXX");
	*state = fixture;
	return mkdtemp(fixture->directory) == NULL;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;
	int status = system(arena_printf(fixture->arena, "rm -r %s", fixture->directory));

	arena_free(fixture->arena);
	free(fixture);
	return status;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(journal_gives_back_what_was_put),
		T(journal_is_not_readable_on_disk),
		T(journal_survives_a_cut_anywhere),
		T(journal_passes_over_damage_and_keeps_it_aside),
		T(journal_of_a_crashed_client_is_taken_over),
		T(journal_does_not_grow_without_end),
		T(journal_reports_a_place_it_cannot_use),
		T(outbox_outlives_the_program),
		T(outbox_keeps_what_was_refused_as_a_draft),
		T(cache_forgets_the_oldest_and_knows_what_is_stale),
		T(catalogue_finds_by_name_label_and_alias),
		T(values_are_read_and_shown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
