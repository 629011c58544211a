/* Facts about configuration files: defaults, errors with file and line, secrets, samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct values {
	int64_t port, workers, limit;
	bool quick;
	const char *address, *password, *certificate, *motto;
	int64_t deep;
};

#define AT(field) offsetof(struct values, field)

static const struct setting settings[] = {
	{ .path = "net.port",
	    .type = SETTING_INT,
	    .offset = AT(port),
	    .min = 1,
	    .max = 65535,
	    .number = 7443,
	    .help = "The port to listen on." },
	{ .path = "net.address",
	    .type = SETTING_TEXT,
	    .offset = AT(address),
	    .text = "127.0.0.1",
	    .help = "The address to listen on. An empty one means all of them, and this "
		    "sentence is long enough to be wrapped by the sample's printer." },
	{ .path = "net.certificate",
	    .type = SETTING_FILE,
	    .offset = AT(certificate),
	    .help = "The certificate's file." },
	{ .path = "net.limits.bytes",
	    .type = SETTING_INT,
	    .offset = AT(limit),
	    .min = -5,
	    .max = 5,
	    .number = -1,
	    .unit = "KiB",
	    .reload = true,
	    .help = "A limit." },
	{ .path = "database.password",
	    .type = SETTING_TEXT,
	    .offset = AT(password),
	    .help = "The password." },
	{ .path = "database.quick",
	    .type = SETTING_BOOL,
	    .offset = AT(quick),
	    .number = 1,
	    .help = "Whether to be quick." },
	{ .path = "database.workers",
	    .type = SETTING_INT,
	    .offset = AT(workers),
	    .number = 4,
	    .help = ".Starts with a dot." },
	{ .path = "motto",
	    .type = SETTING_TEXT,
	    .offset = AT(motto),
	    .text = "a \"b\" \\c",
	    .help = "A motto \\ with a backslash." },
};

#define COUNT (sizeof(settings) / sizeof(settings[0]))

static struct arena *arena;
static char dir[] = "/tmp/kehu-conf-XXXXXX";

static int
conf_setup(void **state)
{
	arena = arena_new(0);
	return mkdtemp(dir) == NULL;
}

static int
conf_teardown(void **state)
{
	int status = system(arena_printf(arena, "rm -rf '%s'", dir));

	arena_free(arena);
	return status;
}

static const char *
put(const char *name, const char *text, size_t bytes)
{
	const char *path = arena_printf(arena, "%s/%s", dir, name);
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, bytes, out), bytes);
	fclose(out);
	return path;
}

static enum err
load(const char *text, struct values *values, const char **why)
{
	const char *path = put("test.conf", text, strlen(text));

	*why = NULL;
	return conf_load(arena, settings, COUNT, path, values, why);
}

static void
assert_defaults(const struct values *values)
{
	assert_int_equal(values->port, 7443);
	assert_int_equal(values->limit, -1);
	assert_int_equal(values->workers, 4);
	assert_true(values->quick);
	assert_string_equal(values->address, "127.0.0.1");
	assert_string_equal(values->motto, "a \"b\" \\c");
}

static void
conf_without_a_file_gives_defaults(void **state)
{
	struct values values;
	const char *why;

	memset(&values, 0xAA, sizeof(values));
	assert_int_equal(conf_load(arena, settings, COUNT, NULL, &values, &why), ERR_OK);
	assert_defaults(&values);
	assert_null(values.password);
	assert_null(values.certificate);
}

static void
conf_empty_file_gives_defaults(void **state)
{
	struct values values;
	const char *why;

	assert_int_equal(load("", &values, &why), ERR_OK);
	assert_defaults(&values);
	assert_int_equal(load("# only a comment\nnet: { };\n", &values, &why), ERR_OK);
	assert_defaults(&values);
}

static void
conf_file_overrides_defaults(void **state)
{
	struct values values;
	const char *why;

	assert_int_equal(
	    load("net: { port = 1; address = \"::\"; certificate = \"/c.crt\";\n"
		 "limits: { bytes = 5; }; };\n"
		 "database = { password = \"密码\"; quick = false; workers = 99999999999L; };\n"
		 "motto = \"\";\n",
		&values, &why),
	    ERR_OK);
	assert_int_equal(values.port, 1);
	assert_int_equal(values.limit, 5);
	assert_true(values.workers == 99999999999);
	assert_false(values.quick);
	assert_string_equal(values.address, "::");
	assert_string_equal(values.certificate, "/c.crt");
	assert_string_equal(values.password, "密码");
	assert_string_equal(values.motto, "");
}

static void
conf_errors_name_file_line_and_remedy(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "\nnet: {\n prot = 5; };",
		    ":3: unknown setting net.prot; did you mean net.port?" },
		{ "port = 5;", ":1: unknown setting port; did you mean" },
		{ "database: { port = 5; };",
		    ":1: unknown setting database.port; did you mean net.port?" },
		{ "xyzzy = 5;", ":1: unknown setting xyzzy" },
		{ "nett: { port = 5; };", ":1: unknown setting nett" },
		{ "net: { port = 0; };", ":1: net.port = 0 is not within 1..65535" },
		{ "net: {\n\nport = 65536; };", ":3: net.port = 65536 is not within 1..65535" },
		{ "net: { port = \"80\"; };", ":1: net.port must be a whole number" },
		{ "net: { port = 80.5; };", ":1: net.port must be a whole number" },
		{ "net: { port = [80]; };", ":1: net.port must be a whole number" },
		{ "net: { address = 5; };", ":1: net.address must be a text in quotes" },
		{ "database: { quick = 1; };", ":1: database.quick must be true or false" },
		{ "net = 5;", ":1: net is a group: write net: {" },
		{ "motto: { a = 1; };", ":1: motto is not a group" },
		{ "net: { port = 1; port = 2; };", ":1: duplicate setting name" },
		{ "net: { port = 1;\n\n", ":3: syntax error" },
		{ "net: { address = \"\\xFF\"; };", ":1: net.address is not UTF-8" },
		{ "database: { password_file = \"none\"; };",
		    "none: No such file or directory" },
		{ "database: { password_file = 5; };",
		    ":1: database.password_file must be a path" },
		{ "database: { workers_file = \"x\"; };",
		    ":1: unknown setting database.workers_file" },
		{ "database: { password = \"a\"; password_file = \"x\"; };",
		    ":1: database.password is given twice" },
	};
	struct values values;
	const char *why;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(load(rows[i].text, &values, &why), ERR_CONFIG);
		if (strncmp(why, dir, strlen(dir)) != 0 || strstr(why, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].text, why);
	}
}

static void
conf_missing_file_and_folder_are_errors(void **state)
{
	struct values values;
	const char *why;

	assert_int_equal(
	    conf_load(arena, settings, COUNT, "/nowhere.conf", &values, &why), ERR_CONFIG);
	assert_string_equal(why, "/nowhere.conf: No such file or directory");
	assert_int_equal(conf_load(arena, settings, COUNT, dir, &values, &why), ERR_CONFIG);
	assert_string_equal(why, arena_printf(arena, "%s: Is a directory", dir));
}

static void
conf_binary_file_is_refused(void **state)
{
	struct values values;
	const char *why;
	const char *path = put("bin.conf",
	    "\x7F"
	    "ELF\0\0\xFF\x01{;=",
	    11);

	assert_int_equal(conf_load(arena, settings, COUNT, path, &values, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "bin.conf:1: "));
}

static void
conf_secret_comes_from_its_own_file(void **state)
{
	struct values values;
	const char *why;

	put("secret", "p w\n", 4);
	assert_int_equal(
	    load("database: { password_file = \"secret\"; };", &values, &why), ERR_OK);
	assert_string_equal(
	    values.password, "p w"); /* relative to the configuration's folder */
	put("secret", "", 0);
	assert_int_equal(
	    load("database: { password_file = \"secret\"; };", &values, &why), ERR_OK);
	assert_string_equal(values.password, "");
	static const struct {
		const char *text;
		size_t bytes;
	} bad[] = { { "a\nb\n", 4 }, { "a\0b", 3 }, { "\xFF", 1 } };
	for (int i = 0; i < 3; i++) {
		put("secret", bad[i].text, bad[i].bytes);
		assert_int_equal(
		    load("database: { password_file = \"secret\"; };", &values, &why),
		    ERR_CONFIG);
		assert_non_null(strstr(why, "must hold one line of text"));
	}
	assert_int_equal(
	    load("database: { password_file = \".\"; };", &values, &why), ERR_CONFIG);
	assert_non_null(strstr(why, "Is a directory"));
}

static void
conf_relative_files_start_at_the_configuration(void **state)
{
	struct values values;
	const char *why;

	assert_int_equal(load("net: { certificate = \"tls/c.crt\"; };", &values, &why), ERR_OK);
	assert_string_equal(values.certificate, arena_printf(arena, "%s/tls/c.crt", dir));
}

static char *
printed(void (*print)(FILE *, const struct setting *, size_t))
{
	char *data = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&data, &bytes);

	assert_non_null(out);
	print(out, settings, COUNT);
	fclose(out);
	char *kept = arena_strdup(arena, data);
	free(data);
	return kept;
}

static void
conf_sample_loads_and_says_the_defaults(void **state)
{
	struct values values;
	const char *why;
	char *sample = printed(conf_print_sample);

	assert_int_equal(load(sample, &values, &why), ERR_OK);
	assert_defaults(&values);
	/* Settings begin at "#name", prose at "# ". Without the mark all must say the default.
	 */
	for (char *at = sample; *at != '\0'; at++)
		if (*at == '#' && at[1] != ' ')
			*at = ' ';
	if (load(sample, &values, &why) != ERR_OK)
		fail_msg("%s\n%s", why, sample);
	assert_defaults(&values);
	assert_string_equal(values.password, "");
	for (size_t i = 0; i < COUNT; i++) {
		const char *leaf = strrchr(settings[i].path, '.');
		assert_non_null(strstr(sample, leaf == NULL ? settings[i].path : leaf + 1));
	}
	assert_non_null(strstr(sample, "# Range -5..5 KiB. A reload applies it.\n"));
	for (char *line = strtok(sample, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 80);
}

static void
conf_mdoc_lists_every_setting(void **state)
{
	char *page = printed(conf_print_mdoc);

	assert_non_null(strstr(page, ".It Ic net.port No = Ar number\n"));
	assert_non_null(strstr(page, "Range 1..65535.\nA change needs a restart.\n"));
	assert_non_null(strstr(page, "The default is 7443.\n"));
	assert_non_null(strstr(page, "\n\\&.Starts with a dot.\n"));
	assert_non_null(strstr(page, "A motto \\e with a backslash.\n"));
	for (char *line = strtok(page, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert_true(line[0] != '.' || strncmp(line, ".It ", 4) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_without_a_file_gives_defaults),
		cmocka_unit_test(conf_empty_file_gives_defaults),
		cmocka_unit_test(conf_file_overrides_defaults),
		cmocka_unit_test(conf_errors_name_file_line_and_remedy),
		cmocka_unit_test(conf_missing_file_and_folder_are_errors),
		cmocka_unit_test(conf_binary_file_is_refused),
		cmocka_unit_test(conf_secret_comes_from_its_own_file),
		cmocka_unit_test(conf_relative_files_start_at_the_configuration),
		cmocka_unit_test(conf_sample_loads_and_says_the_defaults),
		cmocka_unit_test(conf_mdoc_lists_every_setting),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("conf", tests, conf_setup, conf_teardown);
}
