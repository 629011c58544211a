/* Settings that administrators change while kehud runs, and the first rows of what they set up. */
#ifndef KEHU_RUNTIME_H
#define KEHU_RUNTIME_H

#include "server/server.h"

/* Puts what is stored over server->settings. Store idle. */
MUST_CHECK enum err runtime_load(struct server *server, struct store *store, struct arena *arena);
/* One row for each setting, and for each kind of document that has numbers; those there stay. */
MUST_CHECK enum err runtime_seed(struct store *store, struct arena *arena);
MUST_CHECK enum err numbering_seed(struct store *store, struct arena *arena);

#endif
