/*
 * The error list as a table. Details (which field, which record) travel beside the number
 * and are no business of this file.
 */
#include "common/error.h"

#include <stddef.h>
#include <string.h>

struct err_row {
	enum err err;
	bool retry;
	int exit;
	const char *name;
	const char *text[2];
};

static const struct err_row err_rows[] = {
#define E(number, name, retry, exit, en, zh) { ERR_##name, retry, exit, #name, { en, zh } },
#include "common/error.def"
#undef E
};

enum err_at {
#define E(number, name, retry, exit, en, zh) ERR_AT_##name,
#include "common/error.def"
#undef E
};

static const struct err_row *
err_row(enum err err)
{
	for (size_t i = 0; i < sizeof(err_rows) / sizeof(err_rows[0]); i++)
		if (err_rows[i].err == err)
			return &err_rows[i];
	return &err_rows[ERR_AT_INTERNAL];
}

/* A number given twice in error.def would make two equal cases here: it does not compile. */
bool
err_known(int number)
{
	switch (number) {
#define E(number, name, retry, exit, en, zh) case number:
#include "common/error.def"
#undef E
		return true;
	default:
		return false;
	}
}

const char *
err_name(enum err err)
{
	return err_row(err)->name;
}

enum err
err_named(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof(err_rows) / sizeof(err_rows[0]); i++)
		if (strcmp(err_rows[i].name, name) == 0)
			return err_rows[i].err;
	return ERR_FORBIDDEN;
}

const char *
err_text(enum err err, enum lang lang)
{
	return err_row(err)->text[lang == LANG_ZH];
}

bool
err_retry_safe(enum err err)
{
	return err_row(err)->retry;
}

int
err_exit_status(enum err err)
{
	return err_row(err)->exit;
}
