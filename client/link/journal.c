/*
 * The journal file: a header, then records. Each record is
 *
 *     u32 length of the rest, u64 sequence, 12 bytes nonce, ciphertext, 16 bytes GCM tag
 *
 * sealed with AES-256-GCM; length and sequence are authenticated too, so that records cannot be
 * reordered. The plaintext is kind, flag "dropped", key, title, note, time, data. The last
 * record of a key counts.
 */
#include "client/link/journal.h"

#include "client/link/place.h"
#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/uuid.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/queue.h>
#include <unistd.h>

#define JOURNAL_MAGIC       "KEHUJ1\n\0"
#define JOURNAL_MAGIC_BYTES 8
#define JOURNAL_NONCE_BYTES 12
#define JOURNAL_TAG_BYTES   16
#define JOURNAL_HEAD_BYTES  (4 + 8 + JOURNAL_NONCE_BYTES)
#define JOURNAL_RECORD_MAX  ((size_t)4 * 1024 * 1024)
#define JOURNAL_FILE_MAX    ((size_t)64 * 1024 * 1024)
#define JOURNAL_SLOTS       16
#define JOURNAL_STALE_BYTES (256 * 1024) /* rewritten when more than this and half is stale */

struct held {
	TAILQ_ENTRY(held) link;
	struct journal_entry entry;
	char *key, *title, *note;
	uint8_t *data;
	size_t disk_bytes;
};
TAILQ_HEAD(held_list, held);

struct journal {
	uint8_t key[32];
	char *dir, *stem; /* "journal-<hash>" */
	int slot, lock_fd, fd;
	uint64_t sequence;
	struct held_list entries;
	size_t count, disk_bytes, live_bytes, unreadable;
};

/* ---- numbers and texts in a record ---- */

static void
journal_put_number(struct buf *out, uint64_t number, int bytes)
{
	for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
		buf_putc(out, (char)(number >> shift & 0xff));
}

static void
journal_put_text(struct buf *out, const char *text)
{
	size_t bytes = text == NULL ? 0 : strlen(text);

	journal_put_number(out, bytes, 4);
	buf_put(out, text, bytes);
}

struct journal_cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static uint64_t
journal_take_number(struct journal_cursor *cursor, size_t bytes)
{
	uint64_t number = 0;

	if (cursor->left < bytes) {
		cursor->bad = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		number = number << 8 | cursor->at[i];
	cursor->at += bytes;
	cursor->left -= bytes;
	return number;
}

static const uint8_t *
journal_take_bytes(struct journal_cursor *cursor, size_t *bytes)
{
	const uint8_t *at;

	*bytes = (size_t)journal_take_number(cursor, 4);
	if (cursor->bad || cursor->left < *bytes) {
		cursor->bad = true;
		*bytes = 0;
		return NULL;
	}
	at = cursor->at;
	cursor->at += *bytes;
	cursor->left -= *bytes;
	return at;
}

static char *
journal_take_text(struct journal_cursor *cursor)
{
	size_t bytes;
	const uint8_t *at = journal_take_bytes(cursor, &bytes);
	char *text = at == NULL ? NULL : mem_strndup((const char *)at, bytes);

	return text != NULL ? text : mem_strdup("");
}

/* ---- sealing ---- */

static bool
journal_seal(
    const struct journal *journal, struct buf *record, const uint8_t *plain, size_t bytes)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t nonce[JOURNAL_NONCE_BYTES], tag[JOURNAL_TAG_BYTES];
	int length = 0, tail = 0;
	bool good = false;

	random_bytes(nonce, sizeof(nonce));
	journal_put_number(record, 8 + JOURNAL_NONCE_BYTES + bytes + JOURNAL_TAG_BYTES, 4);
	journal_put_number(record, journal->sequence, 8);
	buf_put(record, nonce, sizeof(nonce));
	uint8_t *out = (uint8_t *)buf_reserve(record, bytes + JOURNAL_TAG_BYTES);
	good = context != NULL &&
	       EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, journal->key, nonce) == 1 &&
	       EVP_EncryptUpdate(context, NULL, &length, (uint8_t *)record->data, 12) == 1 &&
	       EVP_EncryptUpdate(context, out, &length, plain, (int)bytes) == 1 &&
	       EVP_EncryptFinal_ex(context, out + length, &tail) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, sizeof(tag), tag) == 1;
	EVP_CIPHER_CTX_free(context);
	if (!good)
		return false;
	buf_wrote(record, bytes);
	buf_put(record, tag, sizeof(tag));
	return true;
}

/* record: from its length on; record_bytes all of it. plain has room for the same. */
static bool
journal_unseal(const struct journal *journal, const uint8_t *record, size_t record_bytes,
    uint8_t *plain, size_t *plain_bytes)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	size_t bytes = record_bytes - JOURNAL_HEAD_BYTES - JOURNAL_TAG_BYTES;
	uint8_t tag[JOURNAL_TAG_BYTES];
	int length = 0, tail = 0;

	memcpy(tag, record + record_bytes - JOURNAL_TAG_BYTES, sizeof(tag));
	bool good = context != NULL &&
		    EVP_DecryptInit_ex(
			context, EVP_aes_256_gcm(), NULL, journal->key, record + 12) == 1 &&
		    EVP_DecryptUpdate(context, NULL, &length, record, 12) == 1 &&
		    EVP_DecryptUpdate(context, plain, &length, record + JOURNAL_HEAD_BYTES,
			(int)bytes) == 1 &&
		    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, sizeof(tag), tag) == 1 &&
		    EVP_DecryptFinal_ex(context, plain + length, &tail) == 1;
	EVP_CIPHER_CTX_free(context);
	*plain_bytes = bytes;
	return good;
}

/* ---- entries in memory ---- */

static struct held *
journal_held(const struct journal *journal, enum journal_kind kind, const char *key)
{
	struct held *held;

	TAILQ_FOREACH(held, &journal->entries, link)
	if (held->entry.kind == kind && strcmp(held->key, key) == 0)
		return held;
	return NULL;
}

static void
journal_held_free(struct held *held)
{
	free(held->key);
	free(held->title);
	free(held->note);
	if (held->data != NULL)
		OPENSSL_cleanse(held->data, held->entry.bytes);
	free(held->data);
	free(held);
}

static void
journal_forget(struct journal *journal, struct held *held)
{
	TAILQ_REMOVE(&journal->entries, held, link);
	journal->count--;
	journal->live_bytes -= held->disk_bytes;
	journal_held_free(held);
}

/* Takes over held; an older one of the same key gives its place to it. */
static void
journal_keep(struct journal *journal, struct held *held)
{
	struct held *old = journal_held(journal, held->entry.kind, held->key);

	held->entry.key = held->key;
	held->entry.title = held->title;
	held->entry.note = held->note;
	held->entry.data = held->data;
	if (old != NULL) {
		TAILQ_INSERT_BEFORE(old, held, link);
		journal_forget(journal, old);
	} else {
		TAILQ_INSERT_TAIL(&journal->entries, held, link);
	}
	journal->count++;
	journal->live_bytes += held->disk_bytes;
}

static void *
journal_alloc(size_t bytes)
{
	void *memory = mem_zalloc(1, bytes);

	return memory;
}

static char *
journal_copy(const char *text)
{
	size_t bytes = text == NULL ? 0 : strlen(text);
	char *copy = journal_alloc(bytes + 1);

	if (bytes > 0)
		memcpy(copy, text, bytes);
	return copy;
}

static struct held *
journal_held_new(const struct journal_entry *entry)
{
	struct held *held = journal_alloc(sizeof(*held));

	held->entry = *entry;
	held->key = journal_copy(entry->key);
	held->title = journal_copy(entry->title);
	held->note = journal_copy(entry->note);
	held->data = journal_alloc(entry->bytes + 1);
	if (entry->bytes > 0)
		memcpy(held->data, entry->data, entry->bytes);
	return held;
}

/* ---- records ---- */

static void
journal_plain(struct buf *plain, const struct journal_entry *entry, bool dropped)
{
	buf_putc(plain, (char)entry->kind);
	buf_putc(plain, (char)dropped);
	journal_put_text(plain, entry->key);
	journal_put_text(plain, entry->title);
	journal_put_text(plain, entry->note);
	journal_put_number(plain, (uint64_t)entry->at_us, 8);
	journal_put_number(plain, entry->bytes, 4);
	buf_put(plain, entry->data, entry->bytes);
}

/* Appends a sealed record to out; its bytes, 0 when it cannot be made. */
static size_t
journal_record(
    struct journal *journal, struct buf *out, const struct journal_entry *entry, bool dropped)
{
	struct buf plain = BUF_INIT, record = BUF_INIT;
	size_t bytes = 0;

	journal_plain(&plain, entry, dropped);
	if (plain.bytes <= JOURNAL_RECORD_MAX &&
	    journal_seal(journal, &record, (const uint8_t *)plain.data, plain.bytes)) {
		journal->sequence++;
		bytes = record.bytes;
		buf_put(out, record.data, record.bytes);
	}
	OPENSSL_cleanse(plain.data, plain.bytes);
	buf_fini(&plain);
	buf_fini(&record);
	return bytes;
}

static void
journal_apply(struct journal *journal, const uint8_t *plain, size_t bytes, size_t disk_bytes)
{
	struct journal_cursor cursor = { plain, bytes, false };
	struct journal_entry entry = { .kind =
					   (enum journal_kind)journal_take_number(&cursor, 1) };
	bool dropped = journal_take_number(&cursor, 1) != 0;
	char *key = journal_take_text(&cursor), *title = journal_take_text(&cursor);
	char *note = journal_take_text(&cursor);

	entry.key = key;
	entry.title = title;
	entry.note = note;
	entry.at_us = (int64_t)journal_take_number(&cursor, 8);
	entry.data = journal_take_bytes(&cursor, &entry.bytes);
	if (cursor.bad || entry.kind < JOURNAL_DRAFT || entry.kind > JOURNAL_NOTE) {
		journal->unreadable++;
	} else if (dropped) {
		struct held *held = journal_held(journal, entry.kind, key);

		if (held != NULL)
			journal_forget(journal, held);
	} else {
		struct held *held = journal_held_new(&entry);

		held->disk_bytes = disk_bytes;
		journal_keep(journal, held);
	}
	free(key);
	free(title);
	free(note);
}

/*
 * Reads a file's records into memory. Returns the bytes that are good: a torn last record (the
 * machine went down while writing) is simply not there. A whole one that cannot be unsealed is
 * counted and passed over.
 */
static size_t
journal_read(struct journal *journal, const uint8_t *data, size_t bytes)
{
	size_t at = JOURNAL_MAGIC_BYTES;
	uint8_t *plain = journal_alloc(bytes + 1);

	while (bytes - at >= JOURNAL_HEAD_BYTES + JOURNAL_TAG_BYTES) {
		struct journal_cursor cursor = { data + at, bytes - at, false };
		size_t length = (size_t)journal_take_number(&cursor, 4), plain_bytes;
		uint64_t sequence = journal_take_number(&cursor, 8);

		if (length < JOURNAL_HEAD_BYTES - 4 + JOURNAL_TAG_BYTES ||
		    length > bytes - at - 4)
			break;
		if (journal_unseal(journal, data + at, length + 4, plain, &plain_bytes)) {
			journal_apply(journal, plain, plain_bytes, length + 4);
			if (sequence >= journal->sequence)
				journal->sequence = sequence + 1;
		} else {
			journal->unreadable++;
		}
		at += length + 4;
	}
	OPENSSL_cleanse(plain, bytes);
	free(plain);
	return at;
}

/* ---- files ---- */

static const char *
journal_path(struct arena *arena, const struct journal *journal, int slot, const char *suffix)
{
	return arena_printf(arena, "%s/%s.%d%s", journal->dir, journal->stem, slot, suffix);
}

static enum err
journal_reopen(struct journal *journal, const char *path)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	return journal->fd >= 0 ? ERR_OK : ERR_FILE_SYSTEM;
}

/* The file anew, with what counts and nothing else. */
static enum err
journal_rewrite(struct journal *journal)
{
	struct arena *arena = arena_new(0);
	struct buf file = BUF_INIT;
	const char *path = journal_path(arena, journal, journal->slot, "");
	struct held *held;

	buf_put(&file, JOURNAL_MAGIC, JOURNAL_MAGIC_BYTES);
	journal->live_bytes = 0;
	TAILQ_FOREACH(held, &journal->entries, link)
	{
		held->disk_bytes = journal_record(journal, &file, &held->entry, false);
		journal->live_bytes += held->disk_bytes;
	}
	enum err err = place_write(path, file.data, file.bytes);
	if (err == ERR_OK)
		err = journal_reopen(journal, path);
	journal->disk_bytes = file.bytes;
	buf_fini(&file);
	arena_free(arena);
	return err;
}

/* One record to the end of the file, durable. A part that was written is taken back. */
static enum err
journal_append(struct journal *journal, const struct buf *record)
{
	size_t done = 0;

	if (journal->fd < 0)
		return journal_rewrite(journal);
	while (done < record->bytes) {
		ssize_t wrote = write(journal->fd, record->data + done, record->bytes - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			break;
		done += (size_t)wrote;
	}
	if (done == record->bytes && fdatasync(journal->fd) == 0) {
		journal->disk_bytes += record->bytes;
		return ERR_OK;
	}
	if (ftruncate(journal->fd, (off_t)journal->disk_bytes) != 0) {
		close(journal->fd);
		journal->fd = -1;
	}
	return ERR_FILE_SYSTEM;
}

static enum err
journal_tidy(struct journal *journal)
{
	size_t stale = journal->disk_bytes - journal->live_bytes;

	if (stale < JOURNAL_STALE_BYTES || stale < journal->live_bytes)
		return ERR_OK;
	return journal_rewrite(journal);
}

enum err
journal_put(struct journal *journal, const struct journal_entry *entry)
{
	struct buf record = BUF_INIT;
	/* Copied first: entry may point into the one it replaces. */
	struct held *held = journal_held_new(entry);

	held->entry.key = held->key;
	held->entry.title = held->title;
	held->entry.note = held->note;
	held->entry.data = held->data;
	held->disk_bytes = journal_record(journal, &record, &held->entry, false);
	/* In memory in any case: what cannot be on disk is still there while the program runs.
	 */
	journal_keep(journal, held);
	enum err err = record.bytes == 0 ? ERR_TOO_LARGE : journal_append(journal, &record);
	buf_fini(&record);
	return err != ERR_OK ? err : journal_tidy(journal);
}

enum err
journal_drop(struct journal *journal, enum journal_kind kind, const char *key)
{
	struct held *held = journal_held(journal, kind, key);
	struct buf record = BUF_INIT;

	if (held == NULL)
		return ERR_OK;
	struct journal_entry gone = { .kind = kind, .key = held->key };
	journal_record(journal, &record, &gone, true);
	journal_forget(journal, held);
	enum err err = journal_append(journal, &record);
	buf_fini(&record);
	return err != ERR_OK ? err : journal_tidy(journal);
}

/* ---- opening ---- */

static int
journal_lock(struct arena *arena, const struct journal *journal, int slot)
{
	int fd = open(
	    journal_path(arena, journal, slot, ".lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A file with records of another key (or rot) is kept for whoever can read it. */
static void
journal_set_aside(struct arena *arena, const struct journal *journal, const char *path)
{
	uint8_t dice[4];

	random_bytes(dice, sizeof(dice));
	const char *aside = arena_printf(arena, "%s/%s.unreadable-%s", journal->dir,
	    journal->stem, hex_encode(arena, dice, sizeof(dice)));
	if (link(path, aside) != 0)
		log_warn("journal not set aside", "errno=%d", errno);
}

/* Reads a slot's file into memory; false: there was none. */
static bool
journal_load(struct arena *arena, struct journal *journal, int slot)
{
	const char *path = journal_path(arena, journal, slot, "");
	size_t before = journal->unreadable, bytes;
	uint8_t *data;

	if (place_read(arena, path, JOURNAL_FILE_MAX, &data, &bytes) != ERR_OK)
		return false;
	if (bytes < JOURNAL_MAGIC_BYTES ||
	    memcmp(data, JOURNAL_MAGIC, JOURNAL_MAGIC_BYTES) != 0)
		journal->unreadable++;
	else
		journal_read(journal, data, bytes);
	if (journal->unreadable != before)
		journal_set_aside(arena, journal, path);
	return true;
}

static bool
journal_take_slot(struct arena *arena, struct journal *journal)
{
	for (int slot = 0; slot < JOURNAL_SLOTS; slot++) {
		journal->lock_fd = journal_lock(arena, journal, slot);
		if (journal->lock_fd < 0)
			continue;
		journal->slot = slot;
		journal_load(arena, journal, slot);
		return true;
	}
	return false;
}

/* What other clients of the user left behind: theirs no more, since nobody holds their lock. */
static void
journal_adopt(struct arena *arena, struct journal *journal)
{
	int fds[JOURNAL_SLOTS];
	bool adopted[JOURNAL_SLOTS] = { false };

	for (int slot = 0; slot < JOURNAL_SLOTS; slot++) {
		bool there = access(journal_path(arena, journal, slot, ""), F_OK) == 0;

		fds[slot] =
		    slot == journal->slot || !there ? -1 : journal_lock(arena, journal, slot);
		if (fds[slot] >= 0)
			adopted[slot] = journal_load(arena, journal, slot);
	}
	/* Theirs go only once ours has everything. */
	bool kept = journal_rewrite(journal) == ERR_OK;
	for (int slot = 0; slot < JOURNAL_SLOTS; slot++) {
		if (adopted[slot] && kept)
			unlink(journal_path(arena, journal, slot, ""));
		if (fds[slot] >= 0)
			close(fds[slot]);
	}
}

struct journal *
journal_open(struct arena *arena, const char *dir, const char *server, const char *user,
    const void *key, size_t key_bytes, const char **why)
{
	struct journal *journal;
	const char *parts[] = { server, user };

	if (place_make(dir) != ERR_OK) {
		*why = arena_printf(arena, "%s: %s", dir, strerror(errno));
		return NULL;
	}
	journal = journal_alloc(sizeof(*journal));
	TAILQ_INIT(&journal->entries);
	journal->lock_fd = journal->fd = -1;
	if (key_bytes == sizeof(journal->key))
		memcpy(journal->key, key, key_bytes);
	else
		hash_sha256(key, key_bytes, journal->key);
	journal->dir = journal_copy(dir);
	journal->stem =
	    journal_copy(arena_printf(arena, "journal-%s", place_name(arena, parts, 2)));
	if (!journal_take_slot(arena, journal)) {
		*why = arena_printf(arena, "%s: %s", dir, strerror(errno));
		journal_close(journal);
		return NULL;
	}
	journal_adopt(arena, journal);
	return journal;
}

void
journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	while (!TAILQ_EMPTY(&journal->entries))
		journal_forget(journal, TAILQ_FIRST(&journal->entries));
	if (journal->fd >= 0)
		close(journal->fd);
	if (journal->lock_fd >= 0)
		close(journal->lock_fd);
	OPENSSL_cleanse(journal->key, sizeof(journal->key));
	free(journal->dir);
	free(journal->stem);
	free(journal);
}

/* ---- looking ---- */

size_t
journal_count(const struct journal *journal)
{
	return journal->count;
}

const struct journal_entry *
journal_at(const struct journal *journal, size_t index)
{
	const struct held *held;

	TAILQ_FOREACH(held, &journal->entries, link)
	if (index-- == 0)
		return &held->entry;
	return NULL;
}

const struct journal_entry *
journal_find(const struct journal *journal, enum journal_kind kind, const char *key)
{
	const struct held *held = journal_held(journal, kind, key);

	return held == NULL ? NULL : &held->entry;
}

size_t
journal_unreadable(const struct journal *journal)
{
	return journal->unreadable;
}
