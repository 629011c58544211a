/* The reserve is one block that is written to, so that it is really there; see mem.h. */
#include "common/mem.h"
#include "common/log.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic(void *) reserve;
static size_t reserve_bytes; /* set once, before there are threads */

/* OpenSSL wants nothing for nothing. */
static void *
mem_for_crypto(size_t bytes, const char *file, int line)
{
	(void)file, (void)line;
	return bytes == 0 ? NULL : mem_alloc(bytes);
}

static void
mem_from_crypto(void *memory, const char *file, int line)
{
	(void)file, (void)line;
	free(memory);
}

static void *
mem_wider_for_crypto(void *memory, size_t bytes, const char *file, int line)
{
	if (bytes > 0)
		return mem_resize(memory, bytes);
	mem_from_crypto(memory, file, line);
	return NULL;
}

void
mem_reserve(size_t bytes)
{
	reserve_bytes = bytes;
	(void)CRYPTO_set_mem_functions(mem_for_crypto, mem_wider_for_crypto, mem_from_crypto);
	(void)mem_short();
}

bool
mem_short(void)
{
	void *block, *none = NULL;

	if (reserve_bytes == 0 || atomic_load_explicit(&reserve, memory_order_relaxed) != NULL)
		return false;
	block = malloc(reserve_bytes);
	if (block == NULL)
		return true;
	memset(block, 1, reserve_bytes);
	if (!atomic_compare_exchange_strong(&reserve, &none, block))
		free(block); /* another thread was faster */
	return false;
}

/* The system gave nothing: whether it is worth asking again. */
static bool
mem_give_back(size_t bytes)
{
	void *block = atomic_exchange(&reserve, NULL);

	if (block == NULL)
		return false;
	free(block);
	log_warn("memory is short, the reserve is out", "bytes=%zu", bytes);
	return true;
}

/* Zero bytes are one: malloc(0) may be NULL, and nobody here gets that. */
void *
mem_alloc(size_t bytes)
{
	void *memory;

	do
		memory = malloc(bytes + (bytes == 0));
	while (memory == NULL && mem_give_back(bytes));
	if (memory == NULL)
		fatal("out of memory: %zu bytes asked for", bytes);
	return memory;
}

void *
mem_zalloc(size_t count, size_t bytes)
{
	void *memory;

	do
		memory = calloc(count + (count == 0), bytes + (bytes == 0));
	while (memory == NULL && mem_give_back(bytes));
	if (memory == NULL)
		fatal("out of memory: %zu times %zu bytes asked for", count, bytes);
	return memory;
}

void *
mem_resize(void *memory, size_t bytes)
{
	void *wider;

	do
		wider = realloc(memory, bytes + (bytes == 0));
	while (wider == NULL && mem_give_back(bytes));
	if (wider == NULL)
		fatal("out of memory: %zu bytes asked for", bytes);
	return wider;
}

static char *
mem_text(const char *text, size_t length)
{
	char *copy = mem_alloc(length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *
mem_strndup(const char *text, size_t bytes)
{
	return mem_text(text, strnlen(text, bytes));
}

char *
mem_strdup(const char *text)
{
	return mem_text(text, strlen(text));
}
