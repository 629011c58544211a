/*
 * Which columns hold choices of which list, as a function of the database, kehu_choices(): made
 * from the catalogue, so that merging two choices (sql/repeat/41_choices.sql) forgets no kind
 * of record.
 */
#include "server/store/ddl_impl.h"

#include <string.h>

void
ddl_choices(struct buf *out, const struct catalog *catalog)
{
	buf_puts(out, "CREATE OR REPLACE FUNCTION kehu_choices() RETURNS TABLE (list text, tbl "
		      "text, col text) "
		      "LANGUAGE sql STABLE ROWS 200 AS $kehu$\nSELECT * FROM (VALUES\n");
	for (size_t i = 0; i < catalog_count(catalog); i++) {
		const struct entity_view *view = catalog_at(catalog, i);

		for (size_t k = 0; k < view->field_count; k++) {
			const struct field *field = view->fields[k];

			if (field->type == TYPE_CHOICE && (field->flags & FIELD_FIGURE) == 0)
				buf_printf(out, "\t('%s', '%s', '%s'),\n", field->dict,
				    entity_table(view->def), field->name);
		}
	}
	out->bytes -= strlen(",\n");
	buf_puts(out, "\n) v\n$kehu$;\n");
}
