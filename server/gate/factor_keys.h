/*
 * The keys that secrets of second factors are sealed with: found by kehud.conf, checked at the
 * start, changed over. Which one is in use is the database's to say, so that every kehud agrees.
 */
#ifndef KEHU_FACTOR_KEYS_H
#define KEHU_FACTOR_KEYS_H

#include "server/gate/call.h"
#include "server/server.h"

/* Where the key file is: sign.keys, or factor.keys beside net.key; NULL: neither is set. In arena. */
const char *factor_keys_path(struct arena *arena, const struct server_settings *settings);

/*
 * Before serving: the file is there and has every key that something is sealed with. ERR_CONFIG
 * and *why (in arena) says what to do.
 */
MUST_CHECK enum err factor_keys_check(struct store *store, struct arena *arena,
    const struct server_settings *settings, const char **why);

/* A secret as it is to be kept; NULL and a failed call: no key. In the call's arena. */
const uint8_t *factor_keys_seal(
    struct call *call, int64_t user, const void *secret, size_t bytes, size_t *sealed_bytes);
/*
 * What was kept, made plain, in the call's arena (cleanse it); one from before there were keys is
 * as it was. *old: it should be sealed anew. NULL and a failed call: its key is not here.
 */
const uint8_t *factor_keys_open(
    struct call *call, int64_t user, const uint8_t *kept, size_t bytes, bool *old);

/*
 * As the owner: what is plain or under an old key is sealed anew. newest: the file's last key comes
 * into use first; ERR_CONFIG when it is in use already. *done counts secrets, *key (in arena) names
 * the key in use. Without a key file only plain secrets fail.
 */
MUST_CHECK enum err factor_keys_renew(struct store *store, struct arena *arena,
    const struct server_settings *settings, bool newest, size_t *done, const char **key,
    const char **why);

#endif
