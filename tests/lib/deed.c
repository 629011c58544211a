/* One deed of each kind of writing request, on a customer of its own; see deed.h. */
#include "tests/lib/deed.h"
#include "server/entity/fields.h"
#include "tests/lib/pg.h"

#include <inttypes.h>

static const Kehu__ServerFrame *
ask_create(struct deed *deed)
{
	struct sent_line lines[] = { { .entity = E_customer_phone, .id = -1,
					 .values = SENT(TEXT_OF(F_customer_phone_number,
							  arena_printf(deed->aside->arena, "139%08d", deed->serial))) },
		{ 0 } };

	return client_save(deed->client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, deed->name)), lines);
}

static const Kehu__ServerFrame *
ask_change(struct deed *deed)
{
	return client_save(deed->client, E_customer, deed->id, 1,
	    SENT(TEXT_OF(F_customer_remarks, "changed")), NULL);
}

static const Kehu__ServerFrame *
ask_delete(struct deed *deed)
{
	return client_delete(deed->client, E_customer, deed->id, 1);
}

static const Kehu__ServerFrame *
ask_restore(struct deed *deed)
{
	return client_restore(deed->client, E_customer, deed->id);
}

static const Kehu__ServerFrame *
ask_act(struct deed *deed)
{
	return client_act(deed->client, E_customer, deed->id, "comment",
	    SENT(TEXT_OF(1, "said once")));
}

static const Kehu__ServerFrame *
ask_bulk(struct deed *deed)
{
	Kehu__ClientFrame *steps[] = {
		client_save_step(deed->client, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, deed->name))),
		client_save_step(deed->client, E_customer, deed->id, 1,
		    SENT(TEXT_OF(F_customer_remarks, "changed"))),
	};

	return client_bulk(deed->client, link_intention(deed->client->link), steps, 2, false);
}

static const Kehu__ServerFrame *
ask_attach(struct deed *deed)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Attach attach = KEHU__ATTACH__INIT;

	attach.has_step = attach.has_entity = attach.has_record = attach.has_bytes = true;
	attach.step = 1;
	attach.entity = E_customer;
	attach.record = deed->id;
	attach.name = arena_strdup(deed->client->arena, deed->name);
	attach.bytes = 5;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ATTACH;
	frame.attach = &attach;
	return client_call(deed->client, &frame);
}

static const Kehu__ServerFrame *
ask_import(struct deed *deed)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Import import = KEHU__IMPORT__INIT;

	import.has_step = import.has_entity = true;
	import.step = 1;
	import.entity = E_customer;
	import.file = arena_strdup(deed->client->arena, deed->name);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_IMPORT;
	frame.import = &import;
	return client_call(deed->client, &frame);
}

static const Kehu__ServerFrame *
ask_export(struct deed *deed)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Export export = KEHU__EXPORT__INIT;

	export.has_entity = true;
	export.entity = E_customer;
	export.query = arena_strdup(deed->client->arena, "level:A");
	export.format = arena_strdup(deed->client->arena, "csv");
	export.reason = arena_strdup(deed->client->arena, deed->name);
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_EXPORT;
	frame.export = &export;
	return client_call(deed->client, &frame);
}

static const Kehu__ServerFrame *
ask_alter(struct deed *deed)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Alter alter = KEHU__ALTER__INIT;
	Kehu__Value value = KEHU__VALUE__INIT, *values[] = { &value };

	value.has_field = true;
	value.field = F_customer_remarks;
	value.text = arena_strdup(deed->client->arena, "changed");
	alter.has_entity = true;
	alter.entity = E_customer;
	alter.n_ids = 1;
	alter.ids = &deed->id;
	alter.what = arena_strdup(deed->client->arena, "set");
	alter.n_values = 1;
	alter.values = values;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_ALTER;
	frame.alter = &alter;
	return client_call(deed->client, &frame);
}

#define CHANGED "SELECT version - 1 FROM customer WHERE id = %1$" PRId64

#define STARTED(kind) \
	"SELECT count(*) FROM job WHERE kind = '" kind "' AND created_at > (SELECT created_at FROM" \
	" customer WHERE id = %1$" PRId64 ")"

const struct deed_kind deed_kinds[] = {
	{ "create", ask_create,
	    "SELECT count(*) FROM customer c JOIN customer_phone p ON p.customer_id = c.id"
	    " WHERE c.name = '%2$s' AND c.id <> %1$" PRId64 },
	{ "change", ask_change, CHANGED },
	{ "delete", ask_delete, CHANGED },
	{ "restore", ask_restore, "SELECT version - 2 FROM customer WHERE id = %1$" PRId64, true },
	{ "act", ask_act, "SELECT count(*) FROM comment WHERE anchor_id = %1$" PRId64 },
	{ "bulk", ask_bulk, CHANGED },
	{ "attach", ask_attach, "SELECT count(*) FROM attachment WHERE anchor_id = %1$" PRId64 },
	{ "import", ask_import, STARTED("import") },
	{ "export", ask_export, STARTED("export") },
	{ "alter", ask_alter, CHANGED },
};

const size_t deed_kind_count = sizeof(deed_kinds) / sizeof(deed_kinds[0]);

void
deed_prepare(struct deed *deed, const struct deed_kind *kind)
{
	const Kehu__Written *written;

	arena_reset(deed->client->arena);
	arena_reset(deed->aside->arena);
	deed->name = arena_printf(deed->aside->arena, "before %d", ++deed->serial);
	written = expect_written(client_save(deed->aside, E_customer, 0, 0, SENT(TEXT_OF(F_customer_name, deed->name)), NULL));
	deed->id = written->id;
	deed->name = arena_printf(deed->aside->arena, "%s.%d", kind->name, deed->serial);
	if (kind->deleted)
		expect_written(client_delete(deed->aside, E_customer, deed->id, 1));
}

int64_t
deed_count(const struct deed *deed, const struct deed_kind *kind)
{
	return pg_int(deed->client->bed->database, kind->count, deed->id, deed->name);
}
