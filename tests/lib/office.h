/*
 * A fake server with a company behind it, for what speaks to a server from the command line: 450
 * customers, saves that are noted down as text, imports that can be cut.
 */
#ifndef KEHU_TEST_OFFICE_H
#define KEHU_TEST_OFFICE_H

#include "tests/lib/fake_server.h"

#define OFFICE_ROWS 450

extern struct office {
	struct fake_server *fake;
	struct arena *arena;
	char *saved; /* the last Save or Act, as text */
	char query[100];
	int imports;
	size_t import_bytes, chunks;
	int cut_import; /* the connection is cut at this data chunk */
	enum err refuse;
} office;

/* For struct fake_options. */
bool office_answer(void *context, struct fake_server *fake, const Kehu__ClientFrame *frame);

#endif
