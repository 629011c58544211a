/* The settings of kehu and kehu-admin, from one list (client/settings.def). */
#ifndef KEHU_CLIENT_SETTINGS_H
#define KEHU_CLIENT_SETTINGS_H

#include "common/conf.h"

struct client_settings {
#define SETTING(path, member, type, kind, ...) type member;
#include "client/settings.def"
#undef SETTING
};
extern const struct setting client_setting_table[];
extern const size_t client_setting_count;

/*
 * path NULL: kehu.conf in the user's configuration folder, else /etc/kehu/kehu.conf, else only
 * defaults. Environment variables are laid over the file. ERR_CONFIG and *why (in arena).
 */
MUST_CHECK enum err settings_load(
    struct arena *arena, const char *path, struct client_settings *settings, const char **why);
/* The language asked for, else the locale's. ERR_CONFIG: no such language. */
MUST_CHECK enum err settings_lang(const struct client_settings *settings, enum lang *lang);
/*
 * The clock of the session in minutes east of UTC, now: TZ's where that is set, else that of
 * the setting. ERR_CONFIG and *why (in arena): there is no such zone.
 */
MUST_CHECK enum err settings_offset(struct arena *arena, const struct client_settings *settings,
    int *offset_min, const char **why);
/* The first line of a file, wiped of its newline. ERR_FILE_SYSTEM and *why. */
MUST_CHECK enum err settings_read_password(
    struct arena *arena, const char *path, const char **password, const char **why);

#endif
