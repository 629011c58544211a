/*
 * kehu-admin cert: certificates for the machines of branches. The authority's key and the
 * signing stay on the administrator's machine; the server learns serial number, branch and dates,
 * and refuses what it has not been told of or what was revoked.
 */
#include "client/admin/admin.h"

#include "common/date.h"
#include "common/tls.h"
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CERT_DAYS = 90, CERT_DAYS_MAX = 825, CERT_SKEW_S = 3600 };

static const char *
cert_dir(struct cli *cli)
{
	const char *dir = cli->options.values[OPT_DIR];

	return dir != NULL ? dir : "kehu-authority";
}

enum err
admin_cert_init(struct cli *cli)
{
	const char *why = NULL;
	enum err err = tls_make_authority(cli->arena, cert_dir(cli), &why);

	if (err != ERR_OK)
		return cli_fail(cli, err, why, NULL);
	cli_print(cli, "%s/ca.crt", cert_dir(cli));
	cli_note(cli, "%s",
	    cli_say(cli, "give ca.crt to the server as sign.authority and set sign.certificate; keep ca.key where nobody else gets at it",
		"请将 ca.crt 作为 sign.authority 配置到服务器并设置 sign.certificate；ca.key 须严格保管"));
	return cli_flush(cli);
}

static Kehu__Value *
cert_value(struct cli *cli, const Kehu__Entity *entity, const char *name)
{
	Kehu__Value *value = ARENA_NEW(cli->arena, Kehu__Value);

	kehu__value__init(value);
	value->has_field = true;
	for (size_t i = 0; i < entity->n_fields; i++)
		if (strcmp(entity->fields[i]->name, name) == 0)
			value->field = entity->fields[i]->number;
	return value;
}

/* Makes the certificate known to the server. */
static enum err
cert_register(struct cli *cli, const Kehu__Entity *entity, const struct tls_branch *branch,
    const char *device)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Save save = KEHU__SAVE__INIT;
	Kehu__Record record = KEHU__RECORD__INIT;
	Kehu__ServerFrame *answer;
	Kehu__Value *values[5] = { cert_value(cli, entity, "name"),
		cert_value(cli, entity, "branch_id"), cert_value(cli, entity, "starts_at"),
		cert_value(cli, entity, "ends_at"), cert_value(cli, entity, "device") };

	values[0]->text = arena_strdup(cli->arena, branch->serial);
	values[1]->number = branch->branch;
	values[2]->number = branch->starts_s * INT64_C(1000000);
	values[3]->number = branch->ends_s * INT64_C(1000000);
	for (size_t i = 1; i < 4; i++)
		values[i]->has_number = true;
	values[4]->text = arena_strdup(cli->arena, device);
	record.has_entity = true;
	record.entity = entity->number;
	record.values = values;
	record.n_values = device != NULL ? 5 : 4;
	save.record = &record;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_SAVE;
	frame.save = &save;
	return cli_ask(cli, cli->arena, &frame, entity, &answer);
}

/* For scripts: tsv, unless asked otherwise. */
static enum err
cert_print(struct cli *cli, const char *serial, const char *base)
{
	static const struct sheet_column columns[] = { { "serial", "Serial number" },
		{ "certificate", "Certificate" }, { "key", "Key" } };
	enum sheet_format format;
	enum err err = cli_format(cli, SHEET_TSV, &format);

	if (err != ERR_OK)
		return err;
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, 3, cli->options.given & OPT_BIT(HEADER));
	sheet_row(sheet, (struct sheet_cell[]){ { .text = serial },
			     { .text = arena_printf(cli->arena, "%s.crt", base) },
			     { .text = arena_printf(cli->arena, "%s.key", base) } });
	return cli_sheet_end(cli, sheet);
}

static enum err
cert_make(struct cli *cli, int64_t branch_id, const char *label, const char *device)
{
	const Kehu__Entity *entity;
	struct tls_branch branch = { .branch = branch_id, .label = label };
	const char *why = NULL, *output = cli->options.values[OPT_OUTPUT];
	int64_t days, now_s = link_now_us(cli->link) / 1000000;
	char here[4096] = "";

	enum err err = cli_entity(cli, "certificate", &entity);
	if (err == ERR_OK)
		err = cli_number(cli, OPT_DAYS, CERT_DAYS, &days);
	if (err != ERR_OK)
		return err;
	if (days < 1 || days > CERT_DAYS_MAX)
		return cli_fail(cli, ERR_USAGE, cli->options.values[OPT_DAYS], "--days 1-825");
	branch.starts_s = now_s - CERT_SKEW_S;
	branch.ends_s = now_s + days * 86400;
	/* -o is a place of the caller's own; without it files lie beside the authority. */
	if (output != NULL && output[0] != '/' && getcwd(here, sizeof(here)) != NULL)
		output = arena_printf(cli->arena, "%s/%s", here, output);
	branch.base = output != NULL ? output
				     : arena_printf(cli->arena, "branch-%" PRId64 "-%" PRId64, branch_id, now_s);
	err = tls_issue_branch(cli->arena, cert_dir(cli), &branch, &why);
	if (err != ERR_OK)
		return cli_fail(cli, err, why, "kehu-admin cert init --dir DIR");
	const char *base = branch.base[0] == '/'
			       ? branch.base
			       : arena_printf(cli->arena, "%s/%s", cert_dir(cli), branch.base);
	err = cert_register(cli, entity, &branch, device);
	if (err != ERR_OK) {
		/* One the server does not know is of no use to anybody. */
		unlink(arena_printf(cli->arena, "%s.crt", base));
		unlink(arena_printf(cli->arena, "%s.key", base));
		return err;
	}
	return cert_print(cli, branch.serial, base);
}

enum err
admin_cert_issue(struct cli *cli)
{
	const Kehu__Entity *entity;
	int64_t id = 0;

	enum err err = cli_entity(cli, "branch", &entity);
	if (err == ERR_OK)
		err = cli_reference(cli, entity, cli->words[0], true, &id);
	if (err != ERR_OK)
		return err;
	return cert_make(cli, id, cli->words[0], cli->word_count > 1 ? cli->words[1] : NULL);
}

static const Kehu__Value *
cert_stored(const Kehu__Entity *entity, const Kehu__Record *record, const char *name)
{
	for (size_t f = 0; f < entity->n_fields; f++)
		for (size_t i = 0; strcmp(entity->fields[f]->name, name) == 0 && i < record->n_values; i++)
			if (record->values[i]->field == entity->fields[f]->number)
				return record->values[i];
	return NULL;
}

/* Another one with a key of its own; the old one goes on until it ends or is revoked. */
enum err
admin_cert_renew(struct cli *cli)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Get get = KEHU__GET__INIT;
	const Kehu__Value *branch, *device, *revoked;
	const Kehu__Entity *entity;
	Kehu__ServerFrame *answer;

	enum err err = cli_entity(cli, "certificate", &entity);
	if (err == ERR_OK)
		err = cli_reference(cli, entity, cli->words[0], true, &get.id);
	if (err != ERR_OK)
		return err;
	get.has_entity = get.has_id = true;
	get.entity = entity->number;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_GET;
	frame.get = &get;
	err = cli_ask(cli, cli->arena, &frame, entity, &answer);
	if (err != ERR_OK)
		return err;
	branch = cert_stored(entity, answer->get->record, "branch_id");
	device = cert_stored(entity, answer->get->record, "device");
	revoked = cert_stored(entity, answer->get->record, "revoked_at");
	if (branch == NULL || (revoked != NULL && revoked->has_number))
		return cli_fail(cli, ERR_CERT_REVOKED, cli->words[0], NULL);
	return cert_make(cli, branch->number, branch->text != NULL ? branch->text : "branch",
	    device != NULL ? device->text : NULL);
}
