/* See desk.h. */
#include "tests/lib/desk.h"

#include "common/date.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static int64_t desk_customers[DESK_CUSTOMERS];
static int desk_states;

static const char *
desk_password_file(struct bed *bed, const char *password)
{
	const char *path = arena_printf(bed->arena, "%s/password-%d", bed->dir, desk_states);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "%s\n", password);
	assert_int_equal(fchmod(fileno(file), 0600), 0);
	fclose(file);
	return path;
}

/* What is read ahead behind a test's back would be in its counts. A test's own file stays. */
static void
desk_configure(struct bed *bed, bool reads_ahead)
{
	const char *dir = arena_printf(bed->arena, "%s/config", bed->dir);
	const char *inner = arena_printf(bed->arena, "%s/kehu", dir);
	const char *path = arena_printf(bed->arena, "%s/kehu.conf", inner);
	FILE *file;

	if (!reads_ahead && access(path, F_OK) == 0)
		return;
	mkdir(dir, 0700);
	mkdir(inner, 0700);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "client = { offline = %d; };\n", reads_ahead ? 100 : 0);
	fclose(file);
}

struct vt *
desk_open(struct bed *bed, const struct desk_options *options)
{
	struct arena *arena = bed->arena;
	const char *state = arena_printf(arena, "%s/state-%d", bed->dir, desk_states++),
		   *env[16];
	const char *argv[8] = { bed_program("kehu"), "--language",
		options->lang != NULL ? options->lang : "zh", NULL };
	size_t count = 0;

	for (size_t i = 0; options->open != NULL && options->open[i] != NULL && i < 4; i++)
		argv[3 + i] = options->open[i];
	desk_configure(bed, options->reads_ahead);
	if (options->state != NULL)
		state = arena_printf(arena, "%s/%s", bed->dir, options->state);
	env[count++] = arena_printf(arena, "KEHU_SERVER=%s",
	    options->server != NULL ? options->server : bed_server(bed));
	env[count++] = arena_printf(arena, "KEHU_CA=%s", bed_ca(bed));
	env[count++] = options->user == NULL
			   ? "KEHU_USER"
			   : arena_printf(arena, "KEHU_USER=%s", options->user);
	env[count++] = options->password == NULL
			   ? "KEHU_PASSWORD_FILE"
			   : arena_printf(arena, "KEHU_PASSWORD_FILE=%s",
				 desk_password_file(bed, options->password));
	env[count++] = arena_printf(arena, "XDG_STATE_HOME=%s", state);
	env[count++] = arena_printf(arena, "XDG_CACHE_HOME=%s/cache", bed->dir);
	env[count++] = arena_printf(arena, "XDG_CONFIG_HOME=%s/config", bed->dir);
	env[count++] = "TZ=CST-8";
	if (options->term != NULL)
		env[count++] = arena_printf(arena, "TERM=%s", options->term);
	env[count] = NULL;
	struct vt *vt = vt_open(&(struct vt_options){
	    .argv = argv, .env = env, .rows = options->rows, .cols = options->cols });
	vt_mask(vt, "[0-9]{2}:[0-9]{2} (OK|未连接|not connected)", "00:00 OK");
	vt_mask(vt, "127\\.0\\.0\\.1:[0-9]{5}", "127.0.0.1:00000");
	vt_mask(vt, "RTT [0-9]+ms", "RTT 0ms");
	vt_mask(vt, "#[0-9]{4,7}", "#000000");
	/* what followers are told comes when it comes */
	vt_mask(vt, "\nI [^\n]*( changed |更改了)[^\n]*", "\n");
	return vt;
}

struct vt *
desk_home(struct bed *bed, const char *user, const char *lang, int rows, int cols)
{
	struct vt *vt = desk_open(bed, &(struct desk_options){ .user = user,
					   .password = BED_PASSWORD,
					   .lang = lang,
					   .rows = rows,
					   .cols = cols });

	desk_sees(vt, strcmp(lang, "zh") == 0 ? "1首页" : "1Home");
	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
	return vt;
}

void
desk_expect(struct vt *vt, const char *text, bool there, const char *file, int line)
{
	bool good =
	    there ? vt_wait_text(vt, text, DESK_SOON_MS) : vt_wait_gone(vt, text, DESK_SOON_MS);

	if (good)
		return;
	fprintf(stderr, "%s:%d: %s on the screen: %s\n%s\n", file, line,
	    there ? "not" : "still", text, vt_screen_text(vt));
	_fail(file, line);
}

void
desk_type(struct vt *vt, const char *keys)
{
	vt_type(vt, keys);
	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
}

void
desk_tab(struct vt *vt, const char *key, const char *tab)
{
	char open[100];

	snprintf(open, sizeof(open), "[%s ", tab);
	for (int i = 0; i < 60 && strstr(vt_screen_text(vt), open) == NULL; i++)
		desk_type(vt, key);
	desk_sees(vt, open);
}

void
desk_shows(struct vt *vt, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "tests/screens/golden/%s.txt", name);
	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
	assert_true(vt_expect_screen(vt, path));
}

void
desk_costs(struct vt *vt, const char *what, const char *keys, size_t limit)
{
	vt_wait_settled(vt, DESK_QUIET_MS, DESK_SOON_MS);
	vt_bytes(vt);
	vt_type(vt, keys);
	vt_wait_settled(
	    vt, 2 * DESK_QUIET_MS, DESK_SOON_MS); /* a filter rests before it asks */
	size_t bytes = vt_bytes(vt);
	print_message("# %s: %zu bytes, limit %zu\n", what, bytes, limit);
	assert_in_range(bytes, 1, limit);
}

void
desk_leave(struct vt *vt)
{
	for (int i = 0; i < 12 && strstr(vt_row(vt, 0), "1首页") == NULL &&
			strstr(vt_row(vt, 0), "1Home") == NULL;
	     i++)
		desk_type(vt, "{F3}");
	desk_type(vt, "{F3}");
	desk_type(vt, "{Enter}");
	assert_true(vt_wait_exit(vt, DESK_SOON_MS));
	assert_false(vt_alt_screen(vt));
	assert_true(vt_cursor_visible(vt));
	assert_int_equal(vt_close(vt), 0);
}

void
desk_end(struct vt *vt)
{
	vt_close(vt);
}

/* ---- the company ------------------------------------------------------------------------- */

static int64_t
desk_save_customer(struct client *client, size_t number)
{
	static const char *const cities[] = { "上海", "杭州", "宁波", "深圳", "北京", "成都" };
	static const char *const words[] = { "华信", "明珠", "西湖", "天府", "浦江" };
	static const char *const trades[] = { "科技", "贸易", "物流", "银行", "软件", "电力",
		"纺织" };
	static const char *const levels[] = { "A", "B", "C", "D" };
	const char *name = arena_printf(client->arena, "%s%s%s有限公司", cities[number % 6],
	    words[number % 5], trades[number % 7]);
	const char *phone = arena_printf(client->arena, "021-6882 %04zu", 1000 + number * 37);

	if (number % 10 == 9)
		name =
		    arena_printf(client->arena, "Northwind Traders %zu Ltd", number / 10 + 1);
	return expect_written(client_save(client, E_customer, 0, 0,
				  SENT(TEXT_OF(F_customer_name, name),
				      TEXT_OF(F_customer_level, levels[number % 4]),
				      TEXT_OF(F_customer_phone, phone),
				      TEXT_OF(F_customer_address, "世纪大道 88 号"),
				      NUMBER_OF(F_customer_employees, (int64_t)number + 5)),
				  NULL))
	    ->id;
}

/* days from today at hour o'clock, eight hours east. */
static void
desk_save_visit(
    struct client *client, int64_t customer, int days, int hour, const char *purpose, bool done)
{
	int64_t day = date_today(480) + days;
	int64_t at_us = day * US_PER_DAY + (hour - 8) * INT64_C(3600) * US_PER_SECOND;

	expect_written(client_save(client, E_visit, 0, 0,
	    done ? SENT(NUMBER_OF(F_visit_customer_id, customer), NUMBER_OF(F_visit_at, at_us),
		       TEXT_OF(F_visit_purpose, purpose), TEXT_OF(F_visit_outcome, "agreed"))
		 : SENT(NUMBER_OF(F_visit_customer_id, customer), NUMBER_OF(F_visit_at, at_us),
		       TEXT_OF(F_visit_purpose, purpose)),
	    NULL));
}

void
desk_company(struct client *client)
{
	for (size_t i = 0; i < DESK_CUSTOMERS; i++)
		desk_customers[i] = desk_save_customer(client, i);
	for (size_t i = 0; i < 12; i++)
		expect_written(client_save(client, E_contact, 0, 0,
		    SENT(TEXT_OF(F_contact_name, i % 2 ? "张经理" : "李主任"),
			NUMBER_OF(F_contact_customer_id, desk_customers[i / 2]),
			TEXT_OF(F_contact_mobile, "13800138000")),
		    NULL));
	desk_save_visit(client, desk_customers[0], -12, 10, "报价跟进", false);
	desk_save_visit(client, desk_customers[1], -3, 14, "合同续签", false);
	desk_save_visit(client, desk_customers[2], -40, 9, "演示产品", true);
	desk_save_visit(client, desk_customers[3], 5, 9, "首次拜访", false);
}

int64_t
desk_customer(size_t number)
{
	return desk_customers[number];
}
