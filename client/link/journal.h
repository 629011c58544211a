/*
 * Drafts and the outbox on disk: what the user typed is kept until the server has it.
 *
 * Records are encrypted (AES-256-GCM) with the key the server hands out after login, in files
 * of mode 0600. A file is appended to, each record made durable; a torn last record is dropped
 * when it is read again; it is written anew (temporary file, fsync, rename) when most of it is
 * stale. Several clients of one user each hold a slot (lock file); slots left behind by a crash
 * are taken over.
 */
#ifndef KEHU_JOURNAL_H
#define KEHU_JOURNAL_H

#include "common/arena.h"
#include "common/error.h"
#include <stdint.h>

enum journal_kind {
	JOURNAL_DRAFT = 1,  /* a form being filled in; data is the screens' own */
	JOURNAL_OUTBOX = 2, /* a ClientFrame on its way; key is its intention id */
	JOURNAL_NOTE = 3,   /* what screens remember for themselves; not for people */
};

struct journal_entry {
	enum journal_kind kind;
	const char *key;   /* unique within its kind: "visit:new:0192…", "customer:4711" */
	const char *title; /* for people */
	const char *note;  /* why the server refused it; "" */
	int64_t at_us;
	const uint8_t *data;
	size_t bytes;
};

struct journal;

/*
 * dir is made when missing (0700). key: 32 bytes, or any number, hashed. NULL and *why (in
 * arena, a reason for the log) when nothing can be kept.
 */
struct journal *journal_open(struct arena *arena, const char *dir, const char *server,
    const char *user, const void *key, size_t key_bytes, const char **why);
void journal_close(struct journal *journal);

/* Copies everything; replaces an entry of the same kind and key. ERR_FILE_SYSTEM: not on disk.
 */
MUST_CHECK enum err journal_put(struct journal *journal, const struct journal_entry *entry);
MUST_CHECK enum err journal_drop(
    struct journal *journal, enum journal_kind kind, const char *key);

/* In order of first being put; entries are valid until the next put or drop. */
size_t journal_count(const struct journal *journal);
const struct journal_entry *journal_at(const struct journal *journal, size_t index);
const struct journal_entry *journal_find(
    const struct journal *journal, enum journal_kind kind, const char *key);
/* Records that could not be read back (other key, damage); their file is kept aside. */
size_t journal_unreadable(const struct journal *journal);

#endif
