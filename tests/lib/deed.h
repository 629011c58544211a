/*
 * Deeds: one of each kind of writing request, and how often the database says that it was done.
 * Whatever fails meanwhile, that is once when it was acknowledged and never more.
 */
#ifndef KEHU_TEST_DEED_H
#define KEHU_TEST_DEED_H

#include "tests/lib/bed.h"

struct deed {
	struct client *client, *aside; /* who does it; who prepares it, undisturbed */
	int64_t id;	  /* of the record that it is about */
	const char *name; /* of what it makes */
	int serial;
};

struct deed_kind {
	const char *name;
	const Kehu__ServerFrame *(*ask)(struct deed *deed);
	const char *count; /* how often it was done: by %1 the record, %2 the name */
	bool deleted;	   /* the record is in the bin before */
};

extern const struct deed_kind deed_kinds[];
extern const size_t deed_kind_count;

/* A record and a name for the next deed of that kind. */
void deed_prepare(struct deed *deed, const struct deed_kind *kind);
int64_t deed_count(const struct deed *deed, const struct deed_kind *kind);

#endif
