/* The person commands of kehu-admin: a person's rights. */
#ifndef KEHU_ADMIN_PERSON_H
#define KEHU_ADMIN_PERSON_H

#include "client/cli/cli.h"

enum err admin_person_find(struct cli *cli);
enum err admin_person_export(struct cli *cli);
enum err admin_person_erase(struct cli *cli);
enum err admin_person_journal(struct cli *cli);
enum err admin_person_replay(struct cli *cli);
enum err admin_person_retention(struct cli *cli);

#endif
