/*
 * The n-th time a program asks the system for something, it is refused: what tests/fault tells the
 * library of refuse.c, which is loaded before all others, through one page of shared memory.
 */
#ifndef KEHU_TEST_REFUSE_H
#define KEHU_TEST_REFUSE_H

#include <stdatomic.h>
#include <stdint.h>

#define REFUSE_FILE_ENV "KEHU_REFUSE_FILE" /* the page's file */
#define REFUSE_TOLD_ENV "KEHU_REFUSE_TOLD" /* set: who was refused is written to standard error */

enum refuse_what { REFUSE_NOTHING, REFUSE_MEMORY, REFUSE_CALL, REFUSE_KINDS };

struct refuse {
	_Atomic int what;	/* REFUSE_NOTHING: ask and be given */
	_Atomic int64_t left;	/* counts down; what brings it to 0 is refused */
	_Atomic int64_t asked;	/* since armed */
	_Atomic int64_t refused;
	_Atomic int64_t blocks; /* of memory held, in all the time */
	char name[32];		/* of the call that was refused last */
};

#endif
