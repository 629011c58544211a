/*
 * Spool: hand a file to the printing command without holding up the screen. The command runs
 * with nothing on its standard input and none of the terminal; what it says is the reason when
 * it fails.
 */
#ifndef KEHU_SPOOL_H
#define KEHU_SPOOL_H

#include "client/ui/loop.h"

struct spool;

/*
 * Run `command path` ("lp", or "lp -d office"; words are split at spaces, there is no shell)
 * and unlink path afterwards. done is called once: said is its first line of output, "" if
 * none. NULL and *why (errno's text) when it cannot be run at all; path is unlinked then.
 */
struct spool *spool_start(struct loop *loop, const char *command, const char *path,
    void (*done)(void *context, bool printed, const char *said), void *context,
    const char **why);
/* done is not called any more; the command goes on. */
void spool_forget(struct spool *spool);

#endif
