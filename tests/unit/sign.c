/* Passwords, their policy, and the codes of second factors, without a server. */
#include "client/print/qr.h"
#include "common/sealed.h"
#include "server/gate/password.h"
#include "server/gate/totp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct password_cost cheap = { 10, 1 };
static struct arena *arena;

static enum err
policy(const char *password)
{
	return password_policy(arena,
	    &(struct password_rules){
		.chars_min = 12, .company = "华信 huaxin", .user = "wangxm", .label = "王晓敏" },
	    password);
}

/* ---- hashes ------------------------------------------------------------------------------ */

static void
hash_is_checked_with_its_own_parameters(void **state)
{
	const char *stored = password_hash(arena, cheap, "correct horse battery");
	bool stale;

	assert_true(password_check(cheap, "correct horse battery", stored, &stale));
	assert_false(stale);
	assert_true(password_check((struct password_cost){ 11, 1 }, "correct horse battery", stored, &stale));
	assert_true(stale);
	assert_false(password_check(cheap, "correct horse batterz", stored, &stale));
	assert_string_not_equal(stored, password_hash(arena, cheap, "correct horse battery"));
}

static void
hash_is_the_same_however_it_was_typed(void **state)
{
	/* full-width letters, and é in one piece or two */
	const char *stored = password_hash(arena, cheap, "caf\u00e9 \uff41\uff42\uff43 1234567");
	bool stale;

	assert_true(password_check(cheap, "cafe\u0301 abc 1234567", stored, &stale));
	assert_false(password_check(cheap, "cafe abc 1234567", stored, &stale));
}

static void
hash_that_is_none_is_never_right(void **state)
{
	static const char *const bad[] = { "", "scrypt$", "plain", "scrypt$99$8$1$00$00",
		"scrypt$10$8$0$00000000000000000000000000000000$"
		"0000000000000000000000000000000000000000000000000000000000000000",
		"scrypt$10$8$1$0000000000000000000000000000000g$"
		"0000000000000000000000000000000000000000000000000000000000000000" };
	bool stale;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(password_check(cheap, "", bad[i], &stale));
	assert_false(password_check(cheap, "", password_nobody(arena, cheap), &stale));
	assert_false(stale);
}

/* ---- policy ------------------------------------------------------------------------------ */

static void
policy_takes_what_people_can_remember(void **state)
{
	static const char *const good[] = { "correct horse battery", "an even longer passphrase",
		"昨夜西风凋碧树独上高楼望尽", "my Kehu, on the 3rd floor", "vT7#qLm2!xRz", "привет из далёкого",
		"a passphrase of my own" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (policy(good[i]) != ERR_OK)
			fail_msg("refused: %s", good[i]);
	for (int i = 0; i < 200; i++)
		assert_int_equal(policy(password_make(arena)), ERR_OK);
}

static void
policy_refuses_what_everybody_guesses_first(void **state)
{
	static const char *const common[] = { "passwordpassword", "Password2026!!", "P@ssw0rd1234",
		"iloveyou2026", "woaini1314520", "woaizhongguo", "zhongguo20261122", "qwertyuiop123",
		"1qaz2wsx3edc", "asdfghjkl;123", "abcdefghijkl", "aaaaaaaaaaaa", "123456789012",
		"wangxm-2026-11", "wangxiaomin1990", "王晓敏王晓敏王晓敏王晓敏", "Huaxin2026Kehu",
		"administrator1", "letmein123456", "woaiwojia520", "mimamima1234", "qqqqwwwweeee",
		"19900101199001", "kehukehukehu", "Beijing@20080808" };

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (policy(common[i]) != ERR_PASSWORD_COMMON)
			fail_msg("taken: %s (%d)", common[i], policy(common[i]));
}

static void
policy_counts_characters_not_bytes(void **state)
{
	struct password_rules rules = { .chars_min = 12 };
	char *long_one = arena_alloc(arena, 200);

	assert_int_equal(policy("昨夜西风凋碧树"), ERR_PASSWORD_WEAK);
	assert_int_equal(policy("short one"), ERR_PASSWORD_WEAK);
	assert_int_equal(policy(""), ERR_PASSWORD_WEAK);
	assert_int_equal(policy("bad \xff utf-8 bytes"), ERR_PASSWORD_WEAK);
	for (int i = 0; i < 129; i++)
		long_one[i] = (char)('!' + i * 7 % 90);
	long_one[129] = '\0';
	assert_int_equal(policy(long_one), ERR_PASSWORD_WEAK);
	long_one[128] = '\0';
	assert_int_equal(policy(long_one), ERR_OK);
	rules.classes_min = 3;
	assert_int_equal(password_policy(arena, &rules, "correct horse battery"), ERR_PASSWORD_WEAK);
	assert_int_equal(password_policy(arena, &rules, "Correct Horse Battery 7"), ERR_OK);
}

/* ---- codes ------------------------------------------------------------------------------- */

/* RFC 6238, appendix B: the last six of its eight digits. */
static void
code_is_that_of_the_standard(void **state)
{
	static const struct {
		int64_t time_s;
		const char *code;
	} rows[] = { { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" },
		{ 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" } };
	const uint8_t *secret = (const uint8_t *)"12345678901234567890";
	char code[7];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t step = totp_step(rows[i].time_s * 1000000);

		totp_code(secret, step, code);
		assert_string_equal(code, rows[i].code);
		assert_int_equal(totp_find(secret, rows[i].code, step - 1, step + 1), step);
		assert_int_equal(totp_find(secret, rows[i].code, step + 1, step + 3), 0);
	}
	assert_string_equal(totp_base32(arena, secret, 20), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	assert_string_equal(totp_base32(arena, (const uint8_t *)"foob", 4), "MZXW6YQ");
	assert_string_equal(totp_uri(arena, secret, "wang xm"),
	    "otpauth://totp/Kehu:wang%20xm?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

static void
code_may_be_typed_with_blanks_and_nothing_else(void **state)
{
	const uint8_t *secret = (const uint8_t *)"12345678901234567890";

	assert_int_equal(totp_find(secret, "287 082", 0, 2), 1);
	assert_int_equal(totp_find(secret, "287082 ", 0, 2), 1);
	assert_int_equal(totp_find(secret, "28708", 0, 2), 0);
	assert_int_equal(totp_find(secret, "2870820", 0, 2), 0);
	assert_int_equal(totp_find(secret, "28708a", 0, 2), 0);
	assert_int_equal(totp_find(secret, "", 0, 2), 0);
}

static void
recovery_code_is_known_in_any_spelling(void **state)
{
	uint8_t first[TOTP_HASH_BYTES], second[TOTP_HASH_BYTES];
	const char *code = totp_recovery_make(arena);
	char spelt[32];

	assert_int_equal(strlen(code), 19);
	assert_true(totp_recovery_hash(code, first));
	snprintf(spelt, sizeof(spelt), "%.4s %.4s%.9s", code, code + 5, code + 10);
	for (char *c = spelt; *c != '\0'; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
	assert_true(totp_recovery_hash(spelt, second));
	assert_memory_equal(first, second, sizeof(first));
	assert_true(totp_recovery_hash(totp_recovery_make(arena), second));
	assert_memory_not_equal(first, second, sizeof(first));
	assert_false(totp_recovery_hash("287082", second));
	assert_false(totp_recovery_hash("k7mq-k7mq-k7mq-k7m1", second));
}

/* ---- the code on the screen -------------------------------------------------------------- */

/* Modules read back from the half blocks; outside of a line they are dark. */
static bool
module_is_light(const struct qr *qr, int y, int x)
{
	const char *at = qr->lines[y / 2];
	bool upper, lower;

	for (int i = 0; i < x; i++)
		at += (unsigned char)*at < 0x80 ? 1 : 3;
	upper = strncmp(at, "█", 3) == 0 || strncmp(at, "▀", 3) == 0;
	lower = strncmp(at, "█", 3) == 0 || strncmp(at, "▄", 3) == 0;
	return y % 2 == 0 ? upper : lower;
}

static void
qr_code_fits_the_smallest_screen(void **state)
{
	const uint8_t *secret = (const uint8_t *)"12345678901234567890";
	/* a margin of light, and the three corner marks every reader looks for */
	static const char *const mark[] = { "1111111", "1000001", "1011101", "1011101", "1011101",
		"1000001", "1111111" };
	const struct qr *qr = qr_new(arena, totp_uri(arena, secret, "zhangxiaoming.sh88"));

	assert_non_null(qr);
	assert_int_equal(qr->cols, 35);
	assert_int_equal(qr->rows, 18);
	for (int i = 0; i < qr->cols; i++)
		assert_true(module_is_light(qr, 0, i) && module_is_light(qr, i, 0) &&
			    module_is_light(qr, qr->cols - 1, i) && module_is_light(qr, i, qr->cols - 1));
	for (int y = 0; y < 7; y++)
		for (int x = 0; x < 7; x++) {
			assert_int_equal(module_is_light(qr, 1 + y, 1 + x), mark[y][x] == '0');
			assert_int_equal(module_is_light(qr, 1 + y, qr->cols - 8 + x), mark[y][x] == '0');
			assert_int_equal(module_is_light(qr, qr->cols - 8 + y, 1 + x), mark[y][x] == '0');
		}
	char *long_one = arena_alloc(arena, 4001);
	memset(long_one, 'x', 4000);
	long_one[4000] = '\0';
	assert_null(qr_new(arena, long_one));
}

/* ---- secrets kept sealed ------------------------------------------------------------------ */

static const char *
key_file(const char *name)
{
	static const char *dir;
	char made[] = "/tmp/kehu-keys-XXXXXX";

	if (dir == NULL) {
		assert_non_null(mkdtemp(made));
		dir = arena_strdup(arena, made);
	}
	return arena_printf(arena, "%s/%s", dir, name);
}

static void
put_key_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void
sealed_secret_is_opened_by_its_key_for_its_owner(void **state)
{
	const char *path = key_file("one"), *first, *second, *why;
	const uint8_t secret[20] = "twenty bytes of it..";
	uint8_t held[20 + SEALED_EXTRA], again[20 + SEALED_EXTRA], plain[20];
	char id[SEALED_ID_CHARS + 1];
	struct sealed_keys keys;
	struct stat about;

	assert_int_equal(sealed_add(arena, path, &first, &why), ERR_OK);
	assert_int_equal(sealed_make(arena, path, &why), ERR_OK);
	assert_int_equal(sealed_add(arena, path, &second, &why), ERR_OK);
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	assert_int_equal(sealed_read(arena, path, &keys, &why), ERR_OK);
	assert_int_equal(keys.count, 2);
	assert_string_equal(keys.keys[0].id, first);
	assert_string_equal(keys.keys[1].id, second);
	sealed_seal(&keys.keys[0], "user 7", secret, sizeof(secret), held);
	sealed_seal(&keys.keys[0], "user 7", secret, sizeof(secret), again);
	assert_memory_not_equal(held, again, sizeof(held));
	assert_null(memmem(held, sizeof(held), secret, 8));
	assert_true(sealed_id(held, sizeof(held), id));
	assert_string_equal(id, first);
	assert_true(sealed_open(&keys.keys[0], "user 7", held, sizeof(held), plain));
	assert_memory_equal(plain, secret, sizeof(secret));
	assert_false(sealed_open(&keys.keys[0], "user 8", held, sizeof(held), plain));
	assert_false(sealed_open(&keys.keys[1], "user 7", held, sizeof(held), plain));
	for (size_t i = 0; i < sizeof(held); i++) {
		held[i] ^= 1;
		assert_false(sealed_open(&keys.keys[0], "user 7", held, sizeof(held), plain));
		held[i] ^= 1;
	}
	for (size_t bytes = 0; bytes <= SEALED_EXTRA; bytes++)
		assert_false(sealed_open(&keys.keys[0], "user 7", held, bytes, plain));
}

static void
key_file_that_is_none_is_named(void **state)
{
	static const char key[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
	const struct {
		const char *text;
		mode_t mode;
		const char *says;
	} rows[] = {
		{ "", 0600, "holds no key" },
		{ "# nothing\n\n", 0600, "holds no key" },
		{ "0011\n", 0600, ":1: a key has 64" },
		{ arena_printf(arena, "%s\n%.63sg\n", key, key), 0600, ":2: a key has 64" },
		{ key, 0604, "chmod" },
	};
	const char *path = key_file("bad"), *id, *why;
	struct sealed_keys keys;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_key_file(path, rows[i].text, rows[i].mode);
		assert_int_equal(sealed_read(arena, path, &keys, &why), ERR_CONFIG);
		assert_non_null(strstr(why, rows[i].says));
		assert_int_equal(sealed_add(arena, path, &id, &why), ERR_CONFIG);
	}
	assert_int_equal(sealed_read(arena, key_file("none"), &keys, &why), ERR_FILE_SYSTEM);
	assert_int_equal(sealed_add(arena, key_file("no/such"), &id, &why), ERR_FILE_SYSTEM);
	/* one without an end of its last line, and with remarks, goes on being read */
	put_key_file(path, arena_printf(arena, "# ours\n%s # made in May", key), 0640);
	assert_int_equal(sealed_add(arena, path, &id, &why), ERR_OK);
	assert_int_equal(sealed_read(arena, path, &keys, &why), ERR_OK);
	assert_int_equal(keys.count, 2);
	assert_string_equal(keys.keys[1].id, id);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(key_file("one")), 0);
	assert_int_equal(rmdir(arena_strndup(arena, path, strlen(path) - strlen("/bad"))), 0);
}

static int
sign_start(void **state)
{
	arena = arena_new(0);
	return 0;
}

static int
sign_end(void **state)
{
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_is_checked_with_its_own_parameters),
		cmocka_unit_test(hash_is_the_same_however_it_was_typed),
		cmocka_unit_test(hash_that_is_none_is_never_right),
		cmocka_unit_test(policy_takes_what_people_can_remember),
		cmocka_unit_test(policy_refuses_what_everybody_guesses_first),
		cmocka_unit_test(policy_counts_characters_not_bytes),
		cmocka_unit_test(code_is_that_of_the_standard),
		cmocka_unit_test(code_may_be_typed_with_blanks_and_nothing_else),
		cmocka_unit_test(recovery_code_is_known_in_any_spelling),
		cmocka_unit_test(qr_code_fits_the_smallest_screen),
		cmocka_unit_test(sealed_secret_is_opened_by_its_key_for_its_owner),
		cmocka_unit_test(key_file_that_is_none_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, sign_start, sign_end);
}
