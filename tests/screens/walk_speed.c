/*
 * What acts cost on a slow line, in both ways of working: round trips and bytes of the protocol
 * where the client sits at the branch, bytes to the terminal where it sits at the head office
 * (UX.md 3.9). And the keys of ten daily tasks, besides free text. Both tables are printed.
 */
#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/desk.h"
#include "tests/lib/pg.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define DB "walk_speed"

static struct bed *bed;
static struct client *ada;

/* ---- the price of an act ----------------------------------------------------------------- */

struct cost {
	int rounds;      /* of requests that somebody waits for */
	size_t up, down; /* their bytes */
	size_t ahead;    /* bytes both ways of what nobody waits for: rows ahead, what is watched */
};

static const char *
trace_path(void)
{
	return arena_printf(bed->arena, "%s/trace", bed->dir);
}

static void
trace_forget(void)
{
	if (truncate(trace_path(), 0) != 0 && access(trace_path(), F_OK) == 0)
		fail_msg("the trace cannot be emptied");
}

/* Pings come by the clock, and followers are told when it comes. */
static struct cost
trace_read(void)
{
	FILE *file = fopen(trace_path(), "r");
	struct cost cost = { 0 };
	bool asked = false;
	unsigned number, behind[128], behind_count = 0;
	char way, name[40], low[8];
	size_t bytes;
	long long ms;

	while (file != NULL &&
	       fscanf(file, "%lld %c %u %39s %zu %7s", &ms, &way, &number, name, &bytes, low) == 6) {
		bool waited_for = strcmp(low, "low") != 0 && strcmp(name, "subscribe") != 0;

		if (number == 0 || strcmp(name, "ping") == 0 || strcmp(name, "pong") == 0)
			continue;
		if (!waited_for && behind_count < 128)
			behind[behind_count++] = number;
		for (unsigned i = 0; i < behind_count; i++)
			waited_for &= behind[i] != number;
		if (!waited_for) {
			cost.ahead += bytes;
			continue;
		}
		*(way == '>' ? &cost.up : &cost.down) += bytes;
		cost.rounds += way == '>' && !asked;
		asked = way == '>';
	}
	if (file != NULL)
		fclose(file);
	return cost;
}

struct budget {
	const char *act, *keys, *sees;
	int rounds;
	size_t up, down, terminal;
};

/* Does the act, prints its row, and holds it against its budget. */
static void
costs(struct vt *vt, const struct budget *budget)
{
	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
	trace_forget();
	vt_bytes(vt);
	vt_type(vt, budget->keys);
	if (budget->sees != NULL)
		desk_sees(vt, budget->sees);
	/* a filter rests before it asks, a preview and what is watched too */
	vt_wait_settled(vt, 2 * DESK_QUIET_MS, DESK_SOON_MS);

	size_t terminal = vt_bytes(vt);
	struct cost cost = trace_read();
	print_message("# %-34s %d/%d  %4zu/%4zu  %4zu/%4zu (%4zu)  %4zu/%4zu\n", budget->act, cost.rounds,
	    budget->rounds, cost.up, budget->up, cost.down, budget->down, cost.ahead, terminal,
	    budget->terminal);
	assert_in_range(cost.rounds, 0, budget->rounds);
	assert_in_range(cost.up, 0, budget->up);
	assert_in_range(cost.down, 0, budget->down);
	assert_in_range(terminal, 0, budget->terminal);
}

/*
 * Over UX.md's figure: a list's first page (1,700 to the terminal; its rows have colours by now), the
 * request for a customer (20 up; it names each of some thirty tabs), the first keystroke (10; it
 * marks the form, the field and the title as changed), and logging in with an empty cache, which
 * fetches the catalogue of fields once (2,500 down).
 */
static void
acts_stay_within_their_budgets(void **state)
{
	struct vt *vt = desk_open(bed, &(struct desk_options){ .user = "ada", .state = "speed" });

	desk_sees(vt, "RTT");
	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
	assert_in_range(vt_bytes(vt), 1, 1200);
	print_message("# %-34s rounds  up  down (ahead)  terminal; each with its limit\n", "act");
	costs(vt, &(struct budget){ "log in, home", BED_PASSWORD "{Enter}", "1首页", 3, 900, 50000, 2600 });
	costs(vt, &(struct budget){ "first list page", "2", "/60", 1, 120, 1400, 2300 });
	costs(vt, &(struct budget){ "cursor down", "{Down}", NULL, 0, 0, 0, 200 });
	costs(vt, &(struct budget){ "cursor up", "{Up}", NULL, 0, 0, 0, 200 });
	costs(vt, &(struct budget){ "to the edge", "{PgDn}", NULL, 0, 0, 0, 1700 });
	costs(vt, &(struct budget){ "next page, prefetched", "{PgDn}", NULL, 0, 0, 0, 1700 });
	costs(vt, &(struct budget){ "back to the first", "{Home}", NULL, 0, 0, 0, 1700 });
	desk_type(vt, "w");
	costs(vt, &(struct budget){ "cursor and detail beside it", "{Down}", NULL, 1, 60, 500, 660 });
	desk_type(vt, "w");
	costs(vt, &(struct budget){ "filter typed", "/西湖", "/12", 1, 80, 1400, 1760 });
	costs(vt, &(struct budget){ "filter closed", "{Enter}", NULL, 0, 0, 0, 300 });
	costs(vt, &(struct budget){ "go to box opens", "{F9}", NULL, 0, 0, 0, 950 });
	costs(vt, &(struct budget){ "and closes", "{Esc}", NULL, 0, 0, 0, 1100 });
	costs(vt, &(struct budget){ "customer, first tab", "{Enter}", "[概览]", 1, 500, 1600, 1600 });
	costs(vt, &(struct budget){ "other tab", "{Tab}", NULL, 0, 0, 0, 1500 });
	costs(vt, &(struct budget){ "form opens", "{F2}", "修改客户", 0, 0, 0, 1600 });
	costs(vt, &(struct budget){ "first keystroke", "a", NULL, 0, 0, 0, 260 });
	costs(vt, &(struct budget){ "keystroke", "b", NULL, 0, 0, 0, 10 });
	desk_type(vt, "{F5}{Tab}{Tab}{Tab}{Tab}");
	costs(vt, &(struct budget){ "list of values opens", "{F4}", NULL, 0, 0, 0, 950 });
	costs(vt, &(struct budget){ "and closes", "{Esc}", NULL, 0, 0, 0, 950 });
	desk_type(vt, "{F3}");
	desk_sees(vt, "[联系人");
	costs(vt, &(struct budget){ "new visit, its form", "{Tab}{F6}", "新建拜访", 0, 0, 0, 2200 });
	desk_type(vt, "报价跟进{BackTab}{BackTab}+9d");
	/* one for the save; the customer's screen below is read again */
	costs(vt, &(struct budget){ "save a visit, customer again", "{F10}", "[拜访", 2, 700, 1600, 1600 });
	desk_type(vt, "{F3}");
	desk_sees(vt, "F7 筛选> 西湖");
	costs(vt, &(struct budget){ "options of three rows", "7{Down}7{Down}7", NULL, 0, 0, 0, 500 });
	desk_end(vt);
}

/* ---- the keys of a day ------------------------------------------------------------------- */

static size_t keys_pressed;

/* Keys are counted: {F6} is one, {Space*5} five, so is each letter. */
static void
press(struct vt *vt, const char *keys)
{
	for (const char *at = keys; *at; at++) {
		size_t times = 1;

		if (*at == '{') {
			const char *star = strchr(at, '*');

			at += strcspn(at, "}");
			if (star != NULL && star < at)
				times = strtoul(star + 1, NULL, 10);
		}
		keys_pressed += times;
	}
	vt_type(vt, keys);
}

/* Free text is not. */
static void
say(struct vt *vt, const char *text)
{
	vt_type(vt, text);
}

static void
task_begins(void)
{
	keys_pressed = 0;
}

static void
task_took(const char *task, size_t limit)
{
	print_message("# %-40s %2zu keys, at most %zu\n", task, keys_pressed, limit);
	assert_in_range(keys_pressed, 1, limit);
}

/* The sixty customers' first is 上海华信科技有限公司. */
static void
customer_is_found_changed_and_visited(void **state)
{
	const long customer = (long)desk_customer(0);
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	task_begins();
	press(vt, "{F9}shhx");
	desk_sees(vt, "|>上海华信科技有限公司");
	press(vt, "{Enter}");
	desk_sees(vt, "[概览]");
	task_took("find a customer by initials", 6);

	task_begins();
	press(vt, "{F8}jb");
	desk_sees(vt, "|>修改 级别");
	press(vt, "{Enter}");
	desk_sees(vt, "修改客户");
	press(vt, "b{F10}");
	desk_sees(vt, "级别 B");
	task_took("change a level", 6);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM customer WHERE id = %ld AND level = 'B'", customer), 1);

	task_begins();
	press(vt, "{F6}");
	desk_sees(vt, "新建拜访");
	say(vt, "报价跟进第二轮");
	press(vt, "{Tab}1{Tab}");
	say(vt, "等合同");
	press(vt, "{Tab}{Tab}+7d{F10}");
	desk_sees(vt, "拜访次数 1");
	task_took("log a visit, with the next one's day", 25);

	task_begins();
	press(vt, "{F6}");
	desk_sees(vt, "新建拜访");
	say(vt, "送合同");
	press(vt, "{BackTab}{BackTab}+3d{F10}");
	desk_sees(vt, "送合同 计划中");
	task_took("plan the next visit", 10);
	assert_int_equal(pg_int(DB, "SELECT count(*) FROM visit WHERE customer_id = %ld AND state = 'planned' AND"
				    " purpose = '送合同' AND at::date - current_date BETWEEN 2 AND 4", customer), 1);

	task_begins();
	press(vt, "{Tab}");
	desk_sees(vt, "[联系人");
	press(vt, "{F6}");
	desk_sees(vt, "新建联系人");
	say(vt, "马晓东");
	press(vt, "{F10}");
	desk_sees(vt, "联系人 马晓东 已保存");
	task_took("add a contact", 15);
	desk_leave(vt);
}

static void
lists_are_narrowed_kept_printed_and_given_away(void **state)
{
	struct vt *vt = desk_home(bed, "ada", "zh", 24, 80);

	desk_type(vt, "2");
	desk_sees(vt, "/60");
	task_begins();
	press(vt, "/");
	say(vt, "西湖");
	press(vt, "{Enter}");
	desk_sees(vt, "/12");
	press(vt, "{F9}save ");
	say(vt, "西湖系");
	desk_sees(vt, "|>");
	press(vt, "{Enter}");
	desk_sees(vt, "视图已保存");
	task_took("filter and save a view", 12);

	task_begins();
	press(vt, "{Ctrl-T}");
	desk_sees(vt, "|>当前列表：客户");
	press(vt, "{Enter}");
	desk_sees(vt, "第 1");
	press(vt, "P");
	desk_sees(vt, "打印");
	task_took("print a list", 6);
	desk_type(vt, "{F3}");
	desk_sees(vt, "/12");

	task_begins();
	press(vt, "{Space*5}{F8}");
	desk_sees(vt, "对选中的 5 条");
	press(vt, "z");
	desk_sees(vt, "|>转移");
	press(vt, "{Enter}");
	desk_sees(vt, "新负责人");
	press(vt, "be{F10}");
	desk_sees(vt, "可执行 5 条");
	press(vt, "{F10}");
	desk_sees(vt, "转移：已完成 5 条");
	task_took("reassign five customers", 12);
	desk_leave(vt);
}

/* ---- without a link ---------------------------------------------------------------------- */

/* So many records were read ahead. */
static size_t
trace_kept(void)
{
	FILE *file = fopen(trace_path(), "r");
	char line[200];
	size_t count = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, "get") != NULL && strstr(line, "low") != NULL;
	if (file != NULL)
		fclose(file);
	return count;
}

static void
own_customers_are_read_and_visited_without_a_link(void **state)
{
	const char *visits = "SELECT count(*) FROM visit WHERE purpose = '断网时的拜访'";
	int64_t until = date_monotonic_us() + 60 * US_PER_SECOND;
	struct vt *vt;

	trace_forget();
	vt = desk_open(bed, &(struct desk_options){ .user = "ada", .password = BED_PASSWORD, .reads_ahead = true });
	desk_sees(vt, "1首页");
	while (trace_kept() < DESK_CUSTOMERS - 5 && date_monotonic_us() < until)
		vt_wait_settled(vt, 40, 400);
	assert_true(trace_kept() >= DESK_CUSTOMERS - 5); /* five were given away */
	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
	bed_kill(bed, SIGKILL);
	desk_sees(vt, "断 ");
	/* never opened before */
	vt_type(vt, "{F9}cdhx");
	desk_sees(vt, "|>成都华信");
	vt_type(vt, "{Enter}");
	desk_sees(vt, "本屏读于 0 分钟前");
	desk_sees(vt, "世纪大道 88 号");
	vt_type(vt, "{F6}");
	desk_sees(vt, "新建拜访");
	vt_type(vt, "断网时的拜访{BackTab}{BackTab}+2d{F10}");
	desk_sees(vt, "待同步 1");
	assert_int_equal(pg_int(DB, "%s", visits), 0);
	bed_start(bed);
	vt_type(vt, "{Ctrl-L}");
	desk_sees(vt, "断网时的拜访");
	assert_int_equal(pg_int(DB, "%s", visits), 1);
	desk_leave(vt);
}

/* ---- the program itself ------------------------------------------------------------------ */

enum { START_CPU_MS = 50, LISTS = 10, MEMORY_KIB = 32 * 1024 };

/* The first number of a file of /proc/PID, behind a word; -1: it is not there. */
static long long
proc_number(struct vt *vt, const char *name, const char *word)
{
	FILE *file = fopen(arena_printf(bed->arena, "/proc/%d/%s", vt_pid(vt), name), "r");
	long long number = -1;
	char line[200];

	while (file != NULL && number < 0 && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, word, strlen(word)) == 0)
			number = strtoll(line + strlen(word), NULL, 10);
	if (file != NULL)
		fclose(file);
	return number;
}

static void
it_starts_quickly_and_stays_small(void **state)
{
	struct vt *vt = desk_open(bed, &(struct desk_options){ .user = "ada" });
	long long cpu_ms, memory_kib;

	desk_sees(vt, "RTT");
	cpu_ms = proc_number(vt, "schedstat", "") / 1000000;
	vt_type(vt, BED_PASSWORD "{Enter}");
	desk_sees(vt, "1首页");
	for (int i = 0; i < LISTS; i++) {
		desk_type(vt, "{F9}khl{Enter}");
		desk_sees(vt, "[客户]");
		desk_sees(vt, "北京华信");
	}
	memory_kib = proc_number(vt, "status", "VmRSS:");
	print_message("# to the login screen %lld ms of CPU, at most %d; with %d lists open %lld KiB, at most %d\n", cpu_ms,
	    START_CPU_MS, LISTS, memory_kib, MEMORY_KIB);
	assert_in_range(memory_kib, 1, MEMORY_KIB);
	assert_in_range(cpu_ms, 0, START_CPU_MS);
	desk_end(vt);
}

/* ---- any keys at all --------------------------------------------------------------------- */

enum { KEYS_TYPED = 3000, KEYS_FULL = 100000, KEYS_AT_ONCE = 40 };

static uint32_t keys_state;

static uint32_t
keys_random(uint32_t below)
{
	keys_state ^= keys_state << 13;
	keys_state ^= keys_state >> 17;
	keys_state ^= keys_state << 5;
	return keys_state % below;
}

/* Whatever a hand, a cat or a broken line may send. */
static void
keys_some(struct vt *vt)
{
	static const char *const special[] = { "\033OP", "\033OQ", "\033OS", "\033[15~", "\033[17~",
		"\033[18~", "\033[19~", "\033[20~", "\033[21~", "\033[24~", "\033[A", "\033[B", "\033[C", "\033[D",
		"\033[5~", "\033[6~", "\033[H", "\033[F", "\033[Z", "\t", "\r", "\r", "\177", "\033", "\007", "\016",
		"\025", "\032", "\013", "\022", "\024", "\033[200~贴\n入\033[201~", "\033[200~", "\xbf\xcd", "\xff",
		"\033[<0;10;10M", "银", "行", "１", "：", "/", "2", "5", "7", " ", "*", "-", "s", "S", "c", "t", "w",
		"q", "n", "+3d", "a", "x", "z", "v" };

	for (size_t i = 0; i < KEYS_AT_ONCE; i++) {
		const char *key = special[keys_random(sizeof(special) / sizeof(special[0]))];

		vt_send(vt, key, strlen(key));
	}
}

static void
any_keys_at_any_size_leave_it_running(void **state)
{
	const struct desk_options options = { .user = "ada", .password = BED_PASSWORD };
	/* libvterm itself does not live through any size. */
	static const int sizes[][2] = { { 24, 80 }, { 40, 120 }, { 18, 60 }, { 10, 40 }, { 50, 160 } };
	uint32_t size;
	size_t wanted = getenv("KEHU_FULL") != NULL ? KEYS_FULL : KEYS_TYPED, left = 0;
	struct vt *vt = desk_open(bed, &options);

	keys_state = getenv("SEED") != NULL ? (uint32_t)strtoul(getenv("SEED"), NULL, 10) | 1 : 20261123;
	for (size_t typed = 0; typed < wanted; typed += KEYS_AT_ONCE) {
		keys_some(vt);
		size = keys_random(40);
		if (size < sizeof(sizes) / sizeof(sizes[0]))
			vt_resize(vt, sizes[size][0], sizes[size][1]);
		vt_wait_settled(vt, 10, 200);
		if (!vt_wait_exit(vt, 0))
			continue;
		/* It was left by the door. */
		assert_false(vt_alt_screen(vt));
		assert_int_equal(vt_close(vt), 0);
		left++;
		vt = desk_open(bed, &options);
	}
	print_message("# %zu random keys, left %zu times\n", wanted, left);
	vt_signal(vt, SIGTERM);
	assert_true(vt_wait_exit(vt, DESK_SOON_MS));
	assert_false(vt_alt_screen(vt));
	assert_true(vt_cursor_visible(vt));
	assert_int_equal(vt_close(vt), 0);
}

static int
setup(void **state)
{
	bed = bed_new(DB);
	ada = client_new(bed, "ada", LANG_ZH);
	desk_company(ada);
	setenv("KEHU_TRACE", trace_path(), 1);
	return 0;
}

static int
teardown(void **state)
{
	client_free(ada);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acts_stay_within_their_budgets),
		cmocka_unit_test(customer_is_found_changed_and_visited),
		cmocka_unit_test(lists_are_narrowed_kept_printed_and_given_away),
		cmocka_unit_test(it_starts_quickly_and_stays_small),
		cmocka_unit_test(own_customers_are_read_and_visited_without_a_link),
		cmocka_unit_test(any_keys_at_any_size_leave_it_running),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
