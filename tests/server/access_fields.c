/*
 * Field rights against a real kehud and PostgreSQL, on every path by which a field could show
 * itself: catalogue, list, sort, filter, search, get, related, history, conflict, report,
 * import, save, reveal, the command line. Secrets are looked for in the bytes of each answer.
 * Here are the company and the ways to ask it; the tests are in tests/parts/access_fields_*.c.
 */
#include "client/cli/kehu.h"
#include "server/entity/fields.h"
#include "tests/parts/access_fields.h"

#include <inttypes.h>
#include <sys/wait.h>
#include <unistd.h>

struct bed *bed;
struct client *ada, *mia, *hal, *both, *ext, *lea, *sam, *guo;
int64_t customer, contact, visit;

/* ---- the company ------------------------------------------------------------------------- */

static void
add_user(int64_t id, const char *name, const char *roles)
{
	pg_exec(DB,
	    "INSERT INTO users (id, name, name_key, label, label_key, branch_id, department_id, "
	    "disabled, password_hash) SELECT %" PRId64 ", '%s', '%s', '%s', '%s', 2, 12, false, "
	    "password_hash FROM users WHERE id = 101;"
	    "INSERT INTO user_role (user_id, role_id) SELECT %" PRId64
	    ", id FROM role WHERE name = ANY (string_to_array('%s', ' '))",
	    id, name, name, name, name, id, roles);
}

static void
add_role(const char *name, const char *grants, const char *fields)
{
	pg_exec(DB,
	    "INSERT INTO role (name, name_key, label, label_key) VALUES ('%s', '%s', '%s', '%s');"
	    "INSERT INTO role_grant (role_id, entity, scope, rights, states, actions) "
	    "SELECT r.id, g.* FROM role r, (VALUES %s) g WHERE r.name = '%s'",
	    name, name, name, name, grants, name);
	if (fields != NULL)
		pg_exec(DB,
		    "INSERT INTO role_field (role_id, entity, field, show, reveal) "
		    "SELECT r.id, f.* FROM role r, (VALUES %s) f WHERE r.name = '%s'",
		    fields, name);
}

static void
make_company(void)
{
	add_role("masker",
	    "('customer', 'all', 7::bigint, NULL, NULL), ('contact', 'all', 7, NULL, NULL),"
	    "('visit', 'all', 1, NULL, NULL), ('import', 'own', 257, NULL, NULL)",
	    "('customer', '*', 'masked', true), ('contact', '*', 'masked', false),"
	    "('customer', 'level', 'readonly', false), ('customer', 'capital', 'masked', false)");
	add_role("hider",
	    "('customer', 'all', 7::bigint, NULL, NULL), ('contact', 'all', 7, NULL, NULL),"
	    "('visit', 'all', 3, NULL, NULL), ('import', 'own', 257, NULL, NULL)",
	    "('customer', '*', 'hidden', false), ('customer', 'remarks', 'hidden', false),"
	    "('customer', 'name', 'masked', true), ('customer', 'short_name', 'hidden', false),"
	    "('customer', 'satisfaction', 'hidden', false), ('contact', '*', 'hidden', false)");
	add_role("leader", "('customer', 'team', 5::bigint, NULL, NULL)", NULL);
	add_role("stater",
	    "('customer', 'all', 5::bigint, 'potential active', NULL), ('visit', 'all', 1, NULL, NULL),"
	    "('visit', 'own', 256, NULL, 'start cancel')",
	    NULL);
	add_user(USER_MIA, "mia", "masker");
	add_user(USER_HAL, "hal", "hider");
	add_user(USER_BOTH, "bot", "masker hider");
	add_user(USER_EXT, "ext", "external_user");
	add_user(USER_LEA, "lea", "leader");
	add_user(USER_SAM, "sam", "stater");
	pg_exec(DB, "UPDATE users SET superior_id = 125 WHERE id = 102;"
		    "UPDATE users SET superior_id = 102 WHERE id = 101");
}

static void
make_records(void)
{
	customer = expect_written(client_save(ada, E_customer, 0, 0,
	    SENT(TEXT_OF(F_customer_name, NAME), TEXT_OF(F_customer_short_name, "保密"),
		TEXT_OF(F_customer_phone, PHONE), TEXT_OF(F_customer_tax_number, TAX),
		TEXT_OF(F_customer_bank_account, BANK), TEXT_OF(F_customer_remarks, NOTE),
		NUMBER_OF(F_customer_satisfaction, 77), NUMBER_OF(F_customer_capital, 987654321)),
	    (const struct sent_line[]){ { .entity = E_customer_phone, .id = -1,
		.values = SENT(TEXT_OF(F_customer_phone_number, PHONE2)) }, { 0 } }))->id;
	contact = expect_written(client_save(ada, E_contact, 0, 0,
	    SENT(TEXT_OF(F_contact_name, "许秘密"), NUMBER_OF(F_contact_customer_id, customer),
		TEXT_OF(F_contact_mobile, "13700001111")), NULL))->id;
	visit = expect_written(client_save(ada, E_visit, 0, 0,
	    SENT(NUMBER_OF(F_visit_customer_id, customer), TEXT_OF(F_visit_purpose, "看厂房")), NULL))->id;
}

/* ---- asking ------------------------------------------------------------------------------ */

bool
holds(const Kehu__ServerFrame *answer, const char *secret)
{
	size_t bytes = kehu__server_frame__get_packed_size(answer);
	uint8_t *packed = malloc(bytes + 1);
	bool found;

	assert_non_null(packed);
	kehu__server_frame__pack(answer, packed);
	found = memmem(packed, bytes, secret, strlen(secret)) != NULL;
	free(packed);
	return found;
}

/* Nothing of the secrets in any form; what is allowed to show is another test's. */
void
expect_no_secret(const Kehu__ServerFrame *answer)
{
	static const char *const secrets[] = { "5566", PHONE2, "13700001111", "XYZSECRET", BANK };

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (holds(answer, secrets[i]))
			fail_msg("\"%s\" is in an answer of kind %d", secrets[i], answer->answer_case);
}

const Kehu__Field *
field_of(struct client *client, uint32_t entity, uint32_t field)
{
	return cat_field(cat_entity(link_catalog(client->link), entity), field);
}

Kehu__ServerFrame *
list_columns(struct client *client, uint32_t entity, const char *query, uint32_t column, uint32_t sort)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__List list = KEHU__LIST__INIT;

	list.has_entity = true;
	list.entity = entity;
	list.query = arena_strdup(client->arena, query);
	list.n_columns = column != 0;
	list.columns = &column;
	list.has_sort = sort != 0;
	list.sort = sort;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_LIST;
	frame.list = &list;
	return client_call(client, &frame);
}

Kehu__ServerFrame *
history(struct client *client, uint32_t entity, int64_t id)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__History request = KEHU__HISTORY__INIT;

	request.has_entity = request.has_id = true;
	request.entity = entity;
	request.id = id;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_HISTORY;
	frame.history = &request;
	return client_call(client, &frame);
}

Kehu__ServerFrame *
related(struct client *client, uint32_t entity, int64_t id, uint32_t other)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Related request = KEHU__RELATED__INIT;

	request.has_entity = request.has_id = request.has_related = true;
	request.entity = entity;
	request.id = id;
	request.related = other;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_RELATED;
	frame.related = &request;
	return client_call(client, &frame);
}

Kehu__ServerFrame *
reveal_line(struct client *client, int64_t id, uint32_t field, uint32_t line_entity, int64_t line,
    const char *reason)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Reveal request = KEHU__REVEAL__INIT;

	request.has_entity = request.has_id = request.has_field = true;
	request.entity = E_customer;
	request.id = id;
	request.field = field;
	request.has_line_entity = request.has_line = line_entity != 0;
	request.line_entity = line_entity;
	request.line = line;
	request.reason = reason != NULL ? arena_strdup(client->arena, reason) : NULL;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REVEAL;
	frame.reveal = &request;
	return client_call(client, &frame);
}

Kehu__ServerFrame *
reveal(struct client *client, int64_t id, uint32_t field, const char *reason)
{
	return reveal_line(client, id, field, 0, 0, reason);
}

uint32_t
version_of(void)
{
	return client_get(ada, E_customer, customer)->get->record->version;
}

/* kehu as a person at a shell runs it; words are separated by '|'. Output in *text. */
int
run(const char *user, const char *words, const char **text)
{
	const char *path = arena_printf(bed->arena, "%s/out", bed->dir);
	char *argv[40], *copy = arena_strdup(bed->arena, words), *word, buffer[8192] = "";
	int argc = 1, status;
	FILE *file;
	pid_t pid;

	argv[0] = copy;
	while ((word = strsep(&copy, "|")) != NULL)
		argv[argc++] = word;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		const struct cli_program kehu = kehu_program(NULL);

		file = fopen(arena_printf(bed->arena, "%s/password", bed->dir), "w");
		fputs(BED_PASSWORD "\n", file);
		fclose(file);
		setenv("KEHU_SERVER", bed_server(bed), 1);
		setenv("KEHU_CA", bed_ca(bed), 1);
		setenv("KEHU_USER", user, 1);
		setenv("KEHU_PASSWORD_FILE", arena_printf(bed->arena, "%s/password", bed->dir), 1);
		setenv("XDG_CACHE_HOME", bed->dir, 1);
		setenv("XDG_CONFIG_HOME", bed->dir, 1);
		if (freopen("/dev/null", "r", stdin) == NULL || freopen(path, "w", stdout) == NULL ||
		    dup2(fileno(stdout), 2) < 0)
			_exit(99);
		status = cli_run(&kehu, argc, argv);
		fflush(NULL);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	file = fopen(path, "r");
	assert_non_null(file);
	buffer[fread(buffer, 1, sizeof(buffer) - 1, file)] = '\0';
	fclose(file);
	*text = arena_strdup(bed->arena, buffer);
	return WEXITSTATUS(status);
}

static int
fields_start(void **state)
{
	bed = bed_new(DB);
	make_company();
	ada = client_new(bed, "ada", LANG_EN);
	guo = client_new(bed, "guo", LANG_ZH);
	make_records();
	mia = client_new(bed, "mia", LANG_EN);
	hal = client_new(bed, "hal", LANG_EN);
	both = client_new(bed, "bot", LANG_ZH);
	ext = client_new(bed, "ext", LANG_ZH);
	lea = client_new(bed, "lea", LANG_EN);
	sam = client_new(bed, "sam", LANG_ZH);
	return 0;
}

static int
fields_end(void **state)
{
	struct client *all[] = { ada, mia, hal, both, ext, lea, sam, guo };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		client_free(all[i]);
	bed_free(bed);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test(name),
#include "tests/parts/access_fields.def"
#undef TEST
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fields_start, fields_end);
}
