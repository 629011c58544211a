/* Earlier versions of a record: looked at beside another or what there is now, and put back. */
#ifndef KEHU_VERSION_H
#define KEHU_VERSION_H

#include "client/screens/app.h"

/* A change that made a version. */
struct version_choice {
	ProtobufCBinaryData change;
	int64_t at_us;
	const char *who; /* cleaned */
};

/* Opens the version after choices[first] beside the present; choices are copied, the newest first. */
void version_open(struct app *app, uint32_t entity, int64_t id,
    const struct version_choice *choices, size_t count, size_t first);

#endif
