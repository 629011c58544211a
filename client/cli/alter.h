/*
 * Commands that change many records at once, those that --where finds.
 */
#ifndef KEHU_CLI_ALTER_H
#define KEHU_CLI_ALTER_H

#include "client/cli/cli.h"

/* --where stands in place of an id. */
bool cli_alters(const struct cli *cli);
/* The rest of the command's words, after the entity: fields; an action and its arguments; none. */
enum err cli_alter_set(struct cli *cli, const Kehu__Entity *entity);
enum err cli_alter_act(struct cli *cli, const Kehu__Entity *entity);
enum err cli_alter_remove(struct cli *cli, const Kehu__Entity *entity, bool restore);

#endif
