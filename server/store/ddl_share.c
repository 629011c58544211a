/*
 * kehu_share_row(): a record of any entity that may be shared, for sql/repeat/38_share.sql, made from
 * the catalogue so that no table is named by what a caller sends.
 */
#include "server/store/ddl_impl.h"

#include <inttypes.h>
#include <string.h>

static bool
ddl_is_shared(const struct entity *def)
{
	for (const struct action *action = def->actions; action != NULL && action->name != NULL;
	     action++)
		if (strcmp(action->name, "share") == 0)
			return true;
	return false;
}

static void
ddl_put_share_row(struct buf *out, const struct entity *def)
{
	buf_printf(out,
	    "	IF p_entity = %" PRIu32 " THEN\n"
	    "		RETURN QUERY SELECT '%s'::text, t.owner_id, t.department_id, t.branch_id, %s,\n"
	    "			t.version FROM %s t WHERE t.id = p_id AND t.deleted_at IS NULL FOR NO KEY UPDATE;\n"
	    "	END IF;\n",
	    def->number, def->name, def->pooled ? "t.pool_id" : "NULL::bigint",
	    entity_table(def));
}

void
ddl_put_share(struct buf *out, const struct catalog *catalog)
{
	static const char name[] = "kehu_share_row(bigint, bigint)";

	buf_puts(out,
	    "CREATE OR REPLACE FUNCTION kehu_share_row(p_entity bigint, p_id bigint)\n"
	    "RETURNS TABLE (entity text, owner_id bigint, department_id bigint, branch_id bigint,\n"
	    "	pool_id bigint, version integer) LANGUAGE plpgsql AS $kehu$\nBEGIN\n");
	for (size_t i = 0; i < catalog_count(catalog); i++)
		if (ddl_is_shared(catalog_at(catalog, i)->def))
			ddl_put_share_row(out, catalog_at(catalog, i)->def);
	buf_printf(out,
	    "END\n$kehu$;\nREVOKE EXECUTE ON FUNCTION %s FROM PUBLIC;\n"
	    "GRANT EXECUTE ON FUNCTION %s TO kehu_rule;\n", name, name);
}
