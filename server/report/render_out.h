/*
 * Output of renderers, collected into pieces before it goes to the caller's write function.
 * The first error sticks and is what every later call returns.
 */
#ifndef KEHU_REPORT_RENDER_OUT_H
#define KEHU_REPORT_RENDER_OUT_H

#include "common/buf.h"
#include "server/report/doc.h"

struct render_out {
	struct doc_out to;
	struct buf buf; /* append here, then call render_out_spill */
	enum err err;
};

/* Writes what has been collected once it is worth it. */
enum err render_out_spill(struct render_out *out);
/* Writes all of it. */
enum err render_out_flush(struct render_out *out);
void render_out_fini(struct render_out *out);

#endif
