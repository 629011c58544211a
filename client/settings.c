/* Where the client's settings come from: file, then environment. Options are the caller's. */
#include "client/settings.h"

#include "client/link/place.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SETTINGS_SYSTEM_FILE    "/etc/kehu/kehu.conf"
#define SETTINGS_PASSWORD_BYTES 4096

const struct setting client_setting_table[] = {
#define SETTING(path_, member, type_, kind, number_, min_, max_, text_, unit_, reload_, help_) \
	{ .path = path_,                                                                       \
		.type = kind,                                                                  \
		.offset = offsetof(struct client_settings, member),                            \
		.min = min_,                                                                   \
		.max = max_,                                                                   \
		.number = number_,                                                             \
		.text = text_,                                                                 \
		.unit = unit_,                                                                 \
		.reload = reload_,                                                             \
		.help = help_ },
#include "client/settings.def"
#undef SETTING
};
const size_t client_setting_count =
    sizeof(client_setting_table) / sizeof(client_setting_table[0]);

static const char *
settings_file(struct arena *arena)
{
	const char *dir = place_config_dir(arena);
	const char *own = dir == NULL ? NULL : arena_printf(arena, "%s/kehu.conf", dir);

	if (own != NULL && access(own, F_OK) == 0)
		return own;
	return access(SETTINGS_SYSTEM_FILE, F_OK) == 0 ? SETTINGS_SYSTEM_FILE : NULL;
}

static void
settings_lay(const char *variable, const char **value)
{
	const char *text = getenv(variable);

	if (text != NULL && text[0] != '\0')
		*value = text;
}

enum err
settings_load(
    struct arena *arena, const char *path, struct client_settings *settings, const char **why)
{
	const char *password_file = NULL;

	if (path == NULL)
		path = settings_file(arena);
	enum err err =
	    conf_load(arena, client_setting_table, client_setting_count, path, settings, why);
	if (err != ERR_OK)
		return err;
	settings_lay("KEHU_SERVER", &settings->server);
	settings_lay("KEHU_CA", &settings->ca);
	settings_lay("KEHU_USER", &settings->user);
	settings_lay("KEHU_CERTIFICATE", &settings->certificate);
	settings_lay("KEHU_KEY", &settings->key);
	settings_lay("KEHU_OTP_FILE", &settings->otp_file);
	settings_lay("KEHU_TRACE", &settings->trace);
	settings_lay("KEHU_PASSWORD_FILE", &password_file);
	if (password_file == NULL)
		return ERR_OK;
	return settings_read_password(arena, password_file, &settings->password, why);
}

enum err
settings_lang(const struct client_settings *settings, enum lang *lang)
{
	static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	const char *text = settings->language;

	for (size_t i = 0; i < 3 && (text == NULL || text[0] == '\0'); i++)
		text = getenv(variables[i]);
	*lang = text != NULL && strncmp(text, "zh", 2) == 0 ? LANG_ZH : LANG_EN;
	if (settings->language == NULL || strcmp(settings->language, "zh") == 0 ||
	    strcmp(settings->language, "en") == 0)
		return ERR_OK;
	return ERR_CONFIG;
}

static int
settings_local_offset_min(void)
{
	time_t now = time(NULL);
	struct tm local;

	tzset();
	return localtime_r(&now, &local) == NULL ? 0 : (int)(local.tm_gmtoff / 60);
}

enum err
settings_offset(struct arena *arena, const struct client_settings *settings, int *offset_min,
    const char **why)
{
	const char *zone = settings->time_zone, *named = getenv("TZ");

	if ((named == NULL || *named == '\0') && zone != NULL && strcmp(zone, "local") != 0) {
		/* The C library takes a zone it does not know for UTC. */
		if (access(arena_printf(arena, "/usr/share/zoneinfo/%s", zone), R_OK) != 0) {
			*why = arena_printf(arena,
			    "client.time_zone: there is no zone \"%s\" (Asia/Shanghai, "
			    "Europe/Berlin, …, or local)",
			    zone);
			return ERR_CONFIG;
		}
		setenv("TZ", zone, 1);
		*offset_min = settings_local_offset_min();
		unsetenv("TZ");
	} else {
		*offset_min = settings_local_offset_min();
	}
	return ERR_OK;
}

enum err
settings_read_password(
    struct arena *arena, const char *path, const char **password, const char **why)
{
	uint8_t *data;
	size_t bytes;

	if (place_read(arena, path, SETTINGS_PASSWORD_BYTES, &data, &bytes) != ERR_OK) {
		*why = arena_printf(arena, "%s: %s", path, errno != 0 ? strerror(errno) : "?");
		return ERR_FILE_SYSTEM;
	}
	*password =
	    arena_strndup(arena, (const char *)data, strcspn((const char *)data, "\r\n"));
	return ERR_OK;
}
