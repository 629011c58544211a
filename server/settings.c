/* kehud.conf: the table made from settings.def. */
#include "server/server.h"

#include <stddef.h>

const struct setting server_setting_table[] = {
#define SETTING(path_, member, type_, kind, number_, min_, max_, text_, unit_, reload_, ...) \
	{ .path = path_, .type = kind, .offset = offsetof(struct server_settings, member), \
	    .number = number_, .min = min_, .max = max_, .text = text_, .unit = unit_, \
	    .reload = reload_, .help = __VA_ARGS__ },
#include "server/settings.def"
#undef SETTING
};
const size_t server_setting_count =
    sizeof(server_setting_table) / sizeof(server_setting_table[0]);
