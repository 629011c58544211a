/*
 * Inside of the DDL generator: what ddl.c and ddl_policy.c share. Nobody else includes this.
 */
#ifndef KEHU_DDL_IMPL_H
#define KEHU_DDL_IMPL_H

#include "server/store/ddl.h"

/* Row policies of one entity, and the functions they call. */
void ddl_policies(
    struct buf *out, const struct catalog *catalog, const struct entity_view *view);
/* "column IN (ids opened of any entity)": for what hangs on any record. which: 'p' or 'q'. */
void ddl_opened_any(
    struct buf *out, const struct catalog *catalog, const char *column, char which);

/* Is it a set-up entity, or a line of one? */
bool ddl_is_setup(const struct catalog *catalog, const struct entity *def);
/* kehu_hand_over_rows(): what one user has becomes another's. */
void ddl_put_hand_over(struct buf *out, const struct catalog *catalog);
/* kehu_share_row(): a record that may be shared, whatever its entity. */
void ddl_put_share(struct buf *out, const struct catalog *catalog);

#endif
