/* The key table and the two-language words. */
#include "client/ui/glyph.h"
#include "client/ui/key_file.h"
#include "client/ui/tr.h"
#include "common/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static enum act
act_of(enum ctx context, uint32_t code)
{
	struct event event = { .kind = EVENT_KEY, .code = code };

	return key_action(context, &event);
}

static void
no_key_has_two_meanings(void **state)
{
	struct arena *arena = arena_new(0);

	assert_string_equal(key_conflicts(arena), "");
	arena_free(arena);
}

static void
letters_are_commands_in_lists_and_text_in_forms(void **state)
{
	assert_int_equal(act_of(CTX_LIST, 'e'), ACT_edit);
	assert_int_equal(act_of(CTX_FORM, 'e'), ACT_NONE);
	assert_int_equal(act_of(CTX_LIST, '?'), ACT_help);
	assert_int_equal(act_of(CTX_INPUT, '?'), ACT_NONE);
	assert_int_equal(act_of(CTX_FORM, ' '), ACT_NONE);
	assert_int_equal(act_of(CTX_FORM, K_BACKSPACE), ACT_erase);
	assert_int_equal(act_of(CTX_LIST, K_CTRL('u')), ACT_half_up);
	assert_int_equal(act_of(CTX_INPUT, K_CTRL('u')), ACT_clear);
}

static void
full_width_forms_are_folded_in_commands(void **state)
{
	struct event event = { .kind = EVENT_KEY, .code = 0xff15 }; /* ５ */

	assert_int_equal(key_action(CTX_LIST, &event), ACT_option);
	assert_int_equal(event.code, '5');
	assert_int_equal(act_of(CTX_LIST, 0xff1a), ACT_go);   /* ： */
	assert_int_equal(act_of(CTX_LIST, 0xff0f), ACT_find); /* ／ */
	assert_int_equal(act_of(CTX_LIST, 0xff1f), ACT_help); /* ？ */
	assert_int_equal(act_of(CTX_LIST, 0x3000), ACT_mark);
	event.code = 0xff15;
	assert_int_equal(key_action(CTX_FORM, &event), ACT_NONE);
	assert_int_equal(event.code, 0xff15);
}

static void
two_keys_in_a_row_save(void **state)
{
	assert_int_equal(act_of(CTX_FORM, K_CTRL('x')), ACT_PREFIX);
	assert_int_equal(act_of(CTX_FORM, K_ENTER), ACT_save);
	assert_int_equal(act_of(CTX_FORM, K_ENTER), ACT_open);
	assert_int_equal(act_of(CTX_FORM, K_CTRL('x')), ACT_PREFIX);
	assert_int_equal(act_of(CTX_FORM, K_TAB), ACT_NONE);
	assert_int_equal(act_of(CTX_FORM, K_TAB), ACT_next);
}

static bool
only_help_works(void *arg, enum act act)
{
	(void)arg;
	return act == ACT_help;
}

static void
bar_never_passes_its_width_in_any_context(void **state)
{
	struct arena *arena = arena_new(0);

	for (int bit = 0; bit < CTX_COUNT; bit++) {
		for (int lang = LANG_EN; lang <= LANG_ZH; lang++) {
			for (int cols = 10; cols <= 79; cols += 23) {
				char *text =
				    key_bar(arena, &(struct key_bar){ .context = 1U << bit,
						       .lang = lang,
						       .width_cols = cols });

				assert_true(text_cols(text) <= (size_t)cols);
				assert_non_null(strstr(text, "F1"));
			}
		}
	}
	assert_string_equal(key_bar(arena, &(struct key_bar){ .context = CTX_LIST,
					       .lang = LANG_ZH,
					       .width_cols = 79,
					       .works = only_help_works }),
	    "F1帮助");
	arena_free(arena);
}

static void
every_action_has_words_in_both_languages_and_a_key(void **state)
{
	struct arena *arena = arena_new(0);

	for (int act = 1; act < ACT_COUNT; act++) {
		for (int lang = LANG_EN; lang <= LANG_ZH; lang++) {
			assert_true(*key_label((enum act)act, lang));
			assert_true(*key_help((enum act)act, lang));
		}
		assert_true(*key_keys(arena, (enum act)act, CTX_ALL));
		assert_int_equal(key_by_name(key_name((enum act)act)), act);
	}
	arena_free(arena);
}

static void
keys_can_be_bound_anew_but_not_twice(void **state)
{
	struct arena *arena = arena_new(0);
	const char *why = NULL;

	assert_int_equal(key_bind(arena, "refresh", "Ctrl-F J", &why), ERR_OK);
	assert_int_equal(act_of(CTX_LIST, 'J'), ACT_refresh);
	assert_int_not_equal(act_of(CTX_LIST, K_F5), ACT_refresh);
	assert_int_equal(key_bind(arena, "refresh", "F6", &why), ERR_CONFIG);
	assert_non_null(strstr(why, "F6"));
	assert_int_equal(act_of(CTX_LIST, 'J'), ACT_refresh);
	assert_int_equal(key_bind(arena, "refresh", "F99", &why), ERR_CONFIG);
	assert_int_equal(key_bind(arena, "no_such", "F5", &why), ERR_CONFIG);
	key_reset();
	assert_int_equal(act_of(CTX_LIST, K_F5), ACT_refresh);
	arena_free(arena);
}

static enum err
load_keys(struct arena *arena, const char *text, const char **why)
{
	char path[] = "/tmp/kehu-keys-XXXXXX";
	int fd = mkstemp(path);
	enum err err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	err = key_file_load(arena, path, why);
	unlink(path);
	return err;
}

static void
file_gives_keys_and_tells_the_line_that_is_wrong(void **state)
{
	struct arena *arena = arena_new(0);
	const char *why = NULL;

	assert_int_equal(load_keys(arena, "# mine\n\nmark_all  Ctrl-W *   # both\nrefresh = Ctrl-F\n", &why), ERR_OK);
	assert_int_equal(act_of(CTX_LIST, K_CTRL('W')), ACT_mark_all);
	assert_int_equal(act_of(CTX_LIST, '*'), ACT_mark_all);
	assert_int_equal(act_of(CTX_LIST, K_CTRL('F')), ACT_refresh);
	assert_string_equal(key_conflicts(arena), "");
	key_reset();
	assert_int_equal(load_keys(arena, "mark_all Ctrl-W\nrefresh F6\n", &why), ERR_CONFIG);
	assert_non_null(strstr(why, ":2: "));
	/* and nothing of it holds */
	assert_int_not_equal(act_of(CTX_LIST, K_CTRL('W')), ACT_mark_all);
	assert_int_equal(load_keys(arena, "fly F13\n", &why), ERR_CONFIG);
	assert_int_equal(load_keys(arena, "refresh\n", &why), ERR_CONFIG);
	assert_int_equal(key_file_load(arena, "/no/such/keys", &why), ERR_FILE_SYSTEM);
	arena_free(arena);
}

static void
manual_has_every_action(void **state)
{
	char *text = NULL;
	size_t bytes = 0, items = 0;
	FILE *out = open_memstream(&text, &bytes);

	key_print_mdoc(out, LANG_EN);
	fclose(out);
	for (const char *at = text; (at = strstr(at, ".It Sy ")); at++)
		items++;
	assert_int_equal(items, ACT_COUNT - 1);
	free(text);
}

/* The conversions of a format, "%zu%s", so that two languages can be compared. */
static void
conversions(const char *format, char out[64])
{
	size_t used = 0;

	for (; *format; format++) {
		if (format[0] != '%')
			continue;
		if (format[1] == '%') {
			format++;
			continue;
		}
		do
			out[used++] = *format;
		while (!strchr("diouxXeEfgGcsp", *format) && *++format && used < 60);
	}
	out[used] = '\0';
}

static void
words_take_the_same_arguments_in_both_languages(void **state)
{
	char en[64], zh[64];

	for (int id = 0; id < T_COUNT; id++) {
		conversions(tr_in((enum text_id)id, LANG_EN), en);
		conversions(tr_in((enum text_id)id, LANG_ZH), zh);
		assert_string_equal(en, zh);
		assert_true(*tr_in((enum text_id)id, LANG_EN));
	}
}

static void
expect_safe_width(const char *text)
{
	size_t bytes = strlen(text), step;
	uint32_t code;
	int cols;

	for (; bytes; text += step, bytes -= step) {
		step = text_decode(text, bytes, &code);
		assert_true(step > 0);
		if (glyph_ambiguous(code) ||
		    glyph_for(code, CELLS_ANY, CELLS_WIDE, &cols) != code)
			fail_msg("U+%04X has no sure width: %s", code, text);
	}
}

static void
words_have_no_character_of_unsure_width(void **state)
{
	for (int lang = LANG_EN; lang <= LANG_ZH; lang++) {
		for (int id = 0; id < T_COUNT; id++)
			expect_safe_width(tr_in((enum text_id)id, lang));
		for (int act = 1; act < ACT_COUNT; act++) {
			expect_safe_width(key_label((enum act)act, lang));
			expect_safe_width(key_help((enum act)act, lang));
		}
	}
}

static void
language_switches_at_once(void **state)
{
	tr_set_lang(LANG_EN);
	assert_string_equal(tr(T_YES), "Yes");
	assert_string_equal(tr_pick("Level", "级别"), "Level");
	tr_set_lang(LANG_ZH);
	assert_string_equal(tr(T_YES), "是");
	assert_string_equal(tr_pick("Level", "级别"), "级别");
	assert_string_equal(tr_pick("Level", ""), "Level");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_key_has_two_meanings),
		cmocka_unit_test(letters_are_commands_in_lists_and_text_in_forms),
		cmocka_unit_test(full_width_forms_are_folded_in_commands),
		cmocka_unit_test(two_keys_in_a_row_save),
		cmocka_unit_test(bar_never_passes_its_width_in_any_context),
		cmocka_unit_test(every_action_has_words_in_both_languages_and_a_key),
		cmocka_unit_test(keys_can_be_bound_anew_but_not_twice),
		cmocka_unit_test(file_gives_keys_and_tells_the_line_that_is_wrong),
		cmocka_unit_test(manual_has_every_action),
		cmocka_unit_test(words_take_the_same_arguments_in_both_languages),
		cmocka_unit_test(words_have_no_character_of_unsure_width),
		cmocka_unit_test(language_switches_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
