/*
 * Reading a configuration: the defaults first, then the file's tree walked once, each leaf
 * looked up in the list. Walking the file instead of the list is what finds misspelt names.
 * Printing sample and manual is conf_print.c.
 */
#include "common/conf.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#define CONF_SECRET_BYTES 65536
#define CONF_DEPTH        16

struct conf_load {
	struct arena *arena;
	const struct setting *settings;
	size_t count;
	const char *file;
	void *values;
	bool *given; /* by index of settings */
	const char *why;
};

static void *
conf_slot(const struct conf_load *load, const struct setting *setting)
{
	return (char *)load->values + setting->offset;
}

static void
conf_store_text(const struct conf_load *load, const struct setting *setting, const char *text)
{
	memcpy(conf_slot(load, setting), &text, sizeof(text));
}

static void
conf_store_int(const struct conf_load *load, const struct setting *setting, int64_t number)
{
	memcpy(conf_slot(load, setting), &number, sizeof(number));
}

static void
conf_store_bool(const struct conf_load *load, const struct setting *setting, bool yes)
{
	memcpy(conf_slot(load, setting), &yes, sizeof(yes));
}

static void
conf_store_defaults(const struct conf_load *load)
{
	for (size_t i = 0; i < load->count; i++) {
		const struct setting *setting = &load->settings[i];
		switch (setting->type) {
		case SETTING_INT:
			conf_store_int(load, setting, setting->number);
			break;
		case SETTING_BOOL:
			conf_store_bool(load, setting, setting->number != 0);
			break;
		case SETTING_TEXT:
		case SETTING_FILE:
			conf_store_text(load, setting, setting->text);
			break;
		}
	}
}

static enum err conf_fail(struct conf_load *load, const config_setting_t *at,
    const char *format, ...) PRINTF_LIKE(3, 4);

static enum err
conf_fail(struct conf_load *load, const config_setting_t *at, const char *format, ...)
{
	const char *file = config_setting_source_file(at);
	va_list args;

	va_start(args, format);
	char *what = arena_vprintf(load->arena, format, args);
	va_end(args);
	load->why = arena_printf(load->arena, "%s:%d: %s", file != NULL ? file : load->file,
	    (int)config_setting_source_line(at), what);
	return ERR_CONFIG;
}

/* Edits between two names: letters added, dropped, changed. Only short names are compared. */
static size_t
conf_distance(const char *a, const char *b)
{
	size_t row[64], rows = strlen(a), cols = strlen(b);

	if (rows >= 64 || cols >= 64)
		return SIZE_MAX;
	for (size_t j = 0; j <= cols; j++)
		row[j] = j;
	for (size_t i = 1; i <= rows; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= cols; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);
			size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			diagonal = row[j];
			row[j] = change < least ? change : least;
		}
	}
	return row[cols];
}

/* The setting a wrong name most likely meant; also one of the right name in another group. */
static const char *
conf_nearest(const struct conf_load *load, const char *path)
{
	const char *best = NULL, *leaf = strrchr(path, '.');
	size_t least = 4, length = strlen(path);

	for (size_t i = 0; i < load->count; i++) {
		const char *name = load->settings[i].path, *name_leaf = strrchr(name, '.');
		size_t distance = conf_distance(path, name);
		if (leaf != NULL && name_leaf != NULL && strcmp(leaf, name_leaf) == 0 &&
		    distance > 2)
			distance = 2;
		if (distance < least && distance < length) {
			least = distance;
			best = name;
		}
	}
	return best;
}

static enum err
conf_fail_unknown(struct conf_load *load, const config_setting_t *at, const char *path)
{
	const char *nearest = conf_nearest(load, path);
	const char *shown = text_print(load->arena, path, TEXT_LINE);

	if (nearest == NULL)
		return conf_fail(load, at, "unknown setting %s", shown);
	return conf_fail(load, at, "unknown setting %s; did you mean %s?", shown, nearest);
}

/* A path as the configuration file means it: from its own folder. */
static const char *
conf_resolve(const struct conf_load *load, const char *path)
{
	const char *slash = strrchr(load->file, '/');

	if (path[0] == '/' || path[0] == '\0' || slash == NULL)
		return path;
	return arena_printf(
	    load->arena, "%.*s/%s", (int)(slash - load->file), load->file, path);
}

static enum err
conf_take_int(struct conf_load *load, const config_setting_t *at, const struct setting *setting)
{
	int type = config_setting_type(at);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return conf_fail(load, at, "%s must be a whole number", setting->path);
	int64_t number = config_setting_get_int64(at);
	bool ranged = setting->min != 0 || setting->max != 0;
	if (ranged && (number < setting->min || number > setting->max))
		return conf_fail(load, at, "%s = %lld is not within %lld..%lld", setting->path,
		    (long long)number, (long long)setting->min, (long long)setting->max);
	conf_store_int(load, setting, number);
	return ERR_OK;
}

static enum err
conf_take_text(
    struct conf_load *load, const config_setting_t *at, const struct setting *setting)
{
	const char *text = config_setting_get_string(at);

	if (text == NULL)
		return conf_fail(load, at, "%s must be a text in quotes", setting->path);
	if (!text_valid(text, strlen(text)))
		return conf_fail(load, at, "%s is not UTF-8", setting->path);
	text = arena_strdup(load->arena, text);
	if (setting->type == SETTING_FILE)
		text = conf_resolve(load, text);
	conf_store_text(load, setting, text);
	return ERR_OK;
}

/* NAME_file: the secret is the file's first and only line. */
static enum err
conf_take_secret(
    struct conf_load *load, const config_setting_t *at, const struct setting *setting)
{
	const char *given = config_setting_get_string(at);
	struct arena_mark mark = arena_mark(load->arena);

	if (given == NULL)
		return conf_fail(load, at, "%s_file must be a path in quotes", setting->path);
	const char *path = conf_resolve(load, given);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return conf_fail(
		    load, at, "%s_file: %s: %s", setting->path, path, strerror(errno));
	char *text = arena_alloc(load->arena, CONF_SECRET_BYTES + 1);
	size_t bytes = fread(text, 1, CONF_SECRET_BYTES, file);
	bool bad = ferror(file) != 0, more = fgetc(file) != EOF;
	int saved = errno;
	fclose(file);
	if (bad)
		return conf_fail(
		    load, at, "%s_file: %s: %s", setting->path, path, strerror(saved));
	while (bytes > 0 && (text[bytes - 1] == '\n' || text[bytes - 1] == '\r'))
		bytes--;
	if (more || strlen(text) < bytes || !text_valid(text, bytes) ||
	    memchr(text, '\n', bytes) != NULL)
		return conf_fail(
		    load, at, "%s_file: %s must hold one line of text", setting->path, path);
	char *kept = mem_strndup(text, bytes);
	explicit_bzero(text, CONF_SECRET_BYTES);
	arena_rewind(load->arena, mark);
	conf_store_text(load, setting, arena_strdup(load->arena, kept));
	explicit_bzero(kept, bytes);
	free(kept);
	return ERR_OK;
}

/* The setting of a path; *secret when it is the NAME_file form of a text. */
static const struct setting *
conf_find(const struct conf_load *load, const char *path, bool *secret)
{
	static const char suffix[] = "_file";
	size_t bytes = strlen(path), cut = sizeof(suffix) - 1;
	bool suffixed = bytes > cut && strcmp(path + bytes - cut, suffix) == 0;

	*secret = false;
	for (size_t i = 0; i < load->count; i++)
		if (strcmp(load->settings[i].path, path) == 0)
			return &load->settings[i];
	*secret = true;
	for (size_t i = 0; suffixed && i < load->count; i++)
		if (load->settings[i].type == SETTING_TEXT &&
		    strlen(load->settings[i].path) == bytes - cut &&
		    strncmp(load->settings[i].path, path, bytes - cut) == 0)
			return &load->settings[i];
	return NULL;
}

static enum err
conf_take_leaf(struct conf_load *load, const config_setting_t *at, const char *path)
{
	bool secret;
	const struct setting *setting = conf_find(load, path, &secret);

	if (setting == NULL)
		return conf_fail_unknown(load, at, path);
	if (load->given[setting - load->settings])
		return conf_fail(load, at, "%s is given twice, once as %s_file", setting->path,
		    setting->path);
	load->given[setting - load->settings] = true;
	if (secret)
		return conf_take_secret(load, at, setting);
	if (setting->type == SETTING_INT)
		return conf_take_int(load, at, setting);
	if (setting->type != SETTING_BOOL)
		return conf_take_text(load, at, setting);
	if (config_setting_type(at) != CONFIG_TYPE_BOOL)
		return conf_fail(load, at, "%s must be true or false", setting->path);
	conf_store_bool(load, setting, config_setting_get_bool(at) != 0);
	return ERR_OK;
}

static bool
conf_is_group(const struct conf_load *load, const char *path)
{
	size_t bytes = strlen(path);

	for (size_t i = 0; i < load->count; i++)
		if (strncmp(load->settings[i].path, path, bytes) == 0 &&
		    load->settings[i].path[bytes] == '.')
			return true;
	return false;
}

static enum err
conf_walk(struct conf_load *load, const config_setting_t *group, const char *prefix, int depth)
{
	enum err err = ERR_OK;
	int length = config_setting_length(group);

	for (int i = 0; i < length && err == ERR_OK; i++) {
		const config_setting_t *at = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(at);
		const char *path =
		    *prefix == '\0' ? name : arena_printf(load->arena, "%s.%s", prefix, name);
		bool secret, is_group = config_setting_is_group(at),
			     known = conf_is_group(load, path);
		if (is_group && known && depth < CONF_DEPTH)
			err = conf_walk(load, at, path, depth + 1);
		else if (is_group && conf_find(load, path, &secret) != NULL)
			err =
			    conf_fail(load, at, "%s is not a group: write %s = …;", path, path);
		else if (is_group)
			err = conf_fail_unknown(load, at, path);
		else if (known)
			err =
			    conf_fail(load, at, "%s is a group: write %s: { … };", path, path);
		else
			err = conf_take_leaf(load, at, path);
	}
	return err;
}

static enum err
conf_read(struct conf_load *load, config_t *config)
{
	FILE *file = fopen(load->file, "re");
	enum err err = ERR_CONFIG;

	if (file == NULL) {
		load->why = arena_printf(load->arena, "%s: %s", load->file, strerror(errno));
		return ERR_CONFIG;
	}
	/* A folder opens, but cannot be read; libconfig would call that an empty file. */
	if (fgetc(file) == EOF && ferror(file)) {
		load->why = arena_printf(load->arena, "%s: %s", load->file, strerror(errno));
		goto out;
	}
	rewind(file);
	const char *slash = strrchr(load->file, '/');
	if (slash != NULL)
		config_set_include_dir(config,
		    arena_strndup(load->arena, load->file, (size_t)(slash - load->file)));
	if (config_read(config, file) != CONFIG_TRUE) {
		const char *at = config_error_file(config);
		load->why = arena_printf(load->arena, "%s:%d: %s", at != NULL ? at : load->file,
		    config_error_line(config), config_error_text(config));
		goto out;
	}
	err = conf_walk(load, config_root_setting(config), "", 0);
out:
	fclose(file);
	return err;
}

enum err
conf_load(struct arena *arena, const struct setting *settings, size_t count, const char *path,
    void *values, const char **why)
{
	struct conf_load load = {
		.arena = arena,
		.settings = settings,
		.count = count,
		.file = path,
		.values = values,
		.given = ARENA_ARRAY(arena, bool, count),
	};
	config_t config;
	enum err err = ERR_OK;

	conf_store_defaults(&load);
	if (path != NULL) {
		config_init(&config);
		err = conf_read(&load, &config);
		config_destroy(&config);
	}
	*why = load.why;
	return err;
}
