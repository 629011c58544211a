/*
 * A fuzz target without a fuzzer: every seed of tests/fuzz/corpus/TARGET, and what some
 * thousand kinds of damage make of it, the same each time. Finds what breaks again; looking for
 * what never broke is libFuzzer's work (`make fuzz`).
 */
#include "tests/lib/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define REPLAY_DAMAGED    2000
#define REPLAY_SEED_BYTES ((size_t)64 * 1024)
#define REPLAY_SEEDS      256

struct replay_seed {
	char name[256];
	uint8_t data[REPLAY_SEED_BYTES];
	size_t bytes;
};

/* Xorshift: the same numbers everywhere. */
static uint64_t replay_state = UINT64_C(0x2545f4914f6cdd1d);

static size_t
replay_below(size_t limit)
{
	replay_state ^= replay_state << 13;
	replay_state ^= replay_state >> 7;
	replay_state ^= replay_state << 17;
	return limit > 0 ? (size_t)(replay_state % limit) : 0;
}

/* One to four of: another byte, a bit flipped, a piece gone, a piece twice, the end cut off. */
static size_t
replay_damage(uint8_t *data, size_t bytes, size_t room)
{
	for (size_t times = 1 + replay_below(4); times > 0 && bytes > 0; times--) {
		size_t at = replay_below(bytes), piece = 1 + replay_below(bytes - at);
		switch (replay_below(5)) {
		case 0:
			data[at] = (uint8_t)replay_below(256);
			break;
		case 1:
			data[at] ^= (uint8_t)(1U << replay_below(8));
			break;
		case 2:
			memmove(data + at, data + at + piece, bytes - at - piece);
			bytes -= piece;
			break;
		case 3:
			if (bytes + piece > room)
				break;
			memmove(data + at + piece, data + at, bytes - at);
			bytes += piece;
			break;
		default:
			bytes = at;
		}
	}
	return bytes;
}

/* In memory of exactly its size, so that the sanitizers see a byte read too many. */
static void
replay_run(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = malloc(bytes > 0 ? bytes : 1);

	fuzz_insist(copy != NULL);
	memcpy(copy, data, bytes);
	LLVMFuzzerTestOneInput(copy, bytes);
	free(copy);
}

static void
replay_seed(const struct replay_seed *seed)
{
	static uint8_t damaged[2 * REPLAY_SEED_BYTES];

	replay_run(seed->data, seed->bytes);
	for (int i = 0; i < REPLAY_DAMAGED; i++) {
		memcpy(damaged, seed->data, seed->bytes);
		size_t bytes = replay_damage(damaged, seed->bytes, sizeof(damaged));
		replay_run(damaged, bytes);
	}
}

static int
replay_by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct replay_seed *)a)->name, ((const struct replay_seed *)b)->name);
}

static size_t
replay_read(const char *folder, struct replay_seed *seeds)
{
	DIR *dir = opendir(folder);
	size_t count = 0;
	struct dirent *entry;

	while (dir != NULL && count < REPLAY_SEEDS && (entry = readdir(dir)) != NULL) {
		struct replay_seed *seed = &seeds[count];
		char path[1024];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(seed->name, sizeof(seed->name), "%s", entry->d_name);
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		FILE *file = fopen(path, "rb");
		if (file == NULL)
			continue;
		seed->bytes = fread(seed->data, 1, sizeof(seed->data), file);
		fclose(file);
		count++;
	}
	if (dir != NULL)
		closedir(dir);
	qsort(seeds, count, sizeof(*seeds), replay_by_name);
	return count;
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	char folder[512];
	struct replay_seed *seeds = calloc(REPLAY_SEEDS, sizeof(*seeds));

	(void)argc;
	fuzz_insist(seeds != NULL);
	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s",
	    slash != NULL ? slash + 1 : argv[0]);
	size_t count = replay_read(folder, seeds);
	printf("1..%zu\n", count + 1);
	printf("%s 1 - there are seeds in %s\n", count > 0 ? "ok" : "not ok", folder);
	for (size_t i = 0; i < count; i++) {
		printf("# %s\n", seeds[i].name); /* which it was, should it break */
		fflush(stdout);
		replay_seed(&seeds[i]);
		printf("ok %zu - %s\n", i + 2, seeds[i].name);
	}
	free(seeds);
	return count > 0 ? 0 : 1;
}
