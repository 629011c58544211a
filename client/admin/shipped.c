/* Lists of the program itself: the requests of the protocol, the settings of a client. */
#include "client/admin/admin.h"

#include "common/conf.h"
#include "proto/frame.h"

static const struct {
	int number;
	const char *name, *state, *kind, *lane;
} admin_requests[] = {
#define REQ(number_, name_, message, state_, kind_, lane_)                                     \
	{ number_, #name_, #state_, #kind_, #lane_ },
#include "proto/requests.def"
#undef REQ
};

enum err
admin_show_requests(struct cli *cli)
{
	static const struct sheet_column columns[] = { { "number", "Number" },
		{ "name", "Name" }, { "state", "State" }, { "kind", "Kind" },
		{ "lane", "Lane" } };
	enum sheet_format format;

	enum err err = cli_format(cli, SHEET_TABLE, &format);
	if (err != ERR_OK)
		return err;
	struct sheet *sheet =
	    sheet_new(stdout, format, columns, 5, cli->options.given & OPT_BIT(HEADER));
	for (size_t i = 0; i < sizeof(admin_requests) / sizeof(admin_requests[0]); i++)
		sheet_row(sheet,
		    (struct sheet_cell[]){
			{ CELL_NUMBER, arena_printf(cli->arena, "%d", admin_requests[i].number),
			    NULL },
			{ .text = admin_requests[i].name }, { .text = admin_requests[i].state },
			{ .text = admin_requests[i].kind },
			{ .text = admin_requests[i].lane } });
	return cli_sheet_end(cli, sheet);
}

enum err
admin_show_settings(struct cli *cli)
{
	conf_print_sample(stdout, client_setting_table, client_setting_count);
	return cli_flush(cli);
}
