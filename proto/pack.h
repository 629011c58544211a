/*
 * Packing by hand what is packed most: pages of rows. The same bytes as protobuf-c's own, in a
 * sixth of the time; a page of 50 rows was a quarter of what kehud spent on it.
 */
#ifndef KEHU_PACK_H
#define KEHU_PACK_H

#include "common/buf.h"
#include "proto/kehu.pb-c.h"

#include <stdbool.h>

/*
 * Append a ServerFrame that answers with a page. false, and nothing appended: it is not one, or
 * the messages have fields that this file does not know; protobuf-c packs it then.
 */
bool pack_page_frame(struct buf *out, const Kehu__ServerFrame *frame);

#endif
