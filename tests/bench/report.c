/*
 * The list of 100,000 customers as CSV, text and PDF: rows and pages for a second of kehud's CPU, how
 * long its first page takes, and what kehud's memory grows by from a tenth of it to all of it.
 */
#include "common/date.h"
#include "common/log.h"
#include "tests/lib/bed.h"
#include "tests/lib/big.h"
#include "tests/lib/company.h"
#include "tests/lib/figures.h"
#include "tests/lib/pg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DB	"bench_report"
#define SMALL	10000
#define LARGE	100000
#define WALL_MS 1000

struct asked {
	uint64_t bytes, pages;
	uint32_t error;
	bool done, failed;
};

static void
report_frame(void *context, const Kehu__ServerFrame *answer)
{
	struct asked *asked = context;

	asked->done = link_last(answer);
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_ERROR)
		asked->error = answer->error->code;
	asked->failed |= answer->answer_case != KEHU__SERVER_FRAME__ANSWER_REPORT;
	if (answer->answer_case == KEHU__SERVER_FRAME__ANSWER_REPORT && answer->report->has_data) {
		asked->bytes += answer->report->data.len;
		for (size_t i = 0; i < answer->report->data.len; i++)
			asked->pages += answer->report->data.data[i] == '\f';
	}
}

static bool
report_done(void *context)
{
	return ((struct asked *)context)->done;
}

static struct asked
report_run(struct client *client, char *format)
{
	Kehu__ClientFrame frame = KEHU__CLIENT_FRAME__INIT;
	Kehu__Report report = KEHU__REPORT__INIT;
	struct asked asked = { 0 };
	char name[] = "customer_list";

	report.name = name;
	report.format = format;
	frame.request_case = KEHU__CLIENT_FRAME__REQUEST_REPORT;
	frame.report = &report;
	link_send(client->link,
	    &(struct link_request){ .frame = &frame, .done = report_frame, .context = &asked });
	for (int waits = 0; waits < 10 && !asked.done; waits++)
		(void)client_wait(client, report_done, &asked); /* it waits less than a long report takes */
	if (!asked.done || asked.failed)
		fatal("no report as %s: %d", format, (int)asked.error);
	return asked;
}

/* Highest memory of a process so far, in KiB. */
static int64_t
report_memory_kib(pid_t pid)
{
	char path[64], line[256];
	int64_t kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "VmHWM: %" SCNd64, &kib);
	if (file != NULL)
		fclose(file);
	return kib;
}

static void
report_fill(int from, int to)
{
	pg_exec(DB,
	    "SET session_replication_role = replica; INSERT INTO customer (number, name, name_key, type, level, stage, "
	    "phone, owner_id, department_id, branch_id) SELECT 'C' || n, '上海华东电子有限公司' || n, 'SHHDDZ' || n, "
	    "'company', 'A', 'active', '021-' || 60000000 + n, 101 + n %% 2, 12, 2 FROM generate_series(%d, %d) n; "
	    "ANALYZE customer",
	    from, to);
}

static int64_t
report_ns(const struct bed *bed)
{
	return big_kehud_ns(&(struct big){ .kehud = bed->kehud });
}

/* CPU of kehud for one report, in seconds. */
static double
report_cpu(struct bed *bed, struct client *client, char *format, struct asked *asked)
{
	int64_t before = report_ns(bed);

	*asked = report_run(client, format);
	return (double)(report_ns(bed) - before) / 1e9;
}

int
main(void)
{
	char csv[] = "csv", text[] = "text", pdf[] = "pdf", preview[] = "preview";
	/* more rows than may be taken away without a reason would be an export */
	struct bed *bed = bed_new_with(DB, "log: { level = \"info\"; };\nsign: { " BED_CHEAP "second_factor = \"none\"; };\n"
					   "budget: { rows = 0; };\nreport: { rows = 1000000; };\n");
	struct client *eve = client_new(bed, "eve", LANG_ZH);
	double csv_s, text_s, pdf_s;
	int64_t small_kib, started;
	struct asked asked, paper;

	report_fill(1, SMALL);
	report_cpu(bed, eve, csv, &asked);
	report_cpu(bed, eve, pdf, &asked);
	small_kib = report_memory_kib(bed->kehud);
	report_fill(SMALL + 1, LARGE);
	csv_s = report_cpu(bed, eve, csv, &asked);
	text_s = report_cpu(bed, eve, text, &paper);
	pdf_s = report_cpu(bed, eve, pdf, &asked);
	started = date_monotonic_us();
	report_run(eve, preview);
	figure("report_first_page", LARGE, (double)(date_monotonic_us() - started) / 1000, "ms", WALL_MS, AT_MOST, 1);
	figure("report_csv_rows_a_cpu_second", LARGE, LARGE / csv_s, "rows", 100000, AT_LEAST, 1);
	figure("report_text_pages_a_cpu_second", LARGE, (double)(paper.pages + 1) / text_s, "pages", 0, AT_LEAST, 0);
	figure("report_pdf_pages_a_cpu_second", LARGE, (double)(paper.pages + 1) / pdf_s, "pages", 100, AT_LEAST, 1);
	figure("report_memory", LARGE, (double)report_memory_kib(bed->kehud) / 1024, "MiB", (double)small_kib / 1024,
	    AT_MOST, 1.5);
	client_free(eve);
	bed_free(bed);
	return 0;
}
