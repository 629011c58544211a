/*
 * Counters that workers add to without a lock and a page reads: each figure is right, though
 * two of them may be of moments a little apart.
 */
#include "server/gate/metrics.h"

#include "common/date.h"
#include "common/version.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define METRICS_REQUESTS 256 /* numbers of requests are smaller */
#define METRICS_LATE_US  (10 * US_PER_SECOND)

/* Upper ends of the classes of times, in µs. */
static const int64_t metrics_le_us[] = { 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	500000, 1000000, 2500000, 10000000 };
enum { METRICS_CLASSES = sizeof(metrics_le_us) / sizeof(metrics_le_us[0]) };

struct metrics_request {
	_Atomic uint64_t refused; /* answered with an error */
	_Atomic uint64_t failed;  /* of these: with one that is ours */
	_Atomic uint64_t us, cpu_us;
	_Atomic uint64_t classes[METRICS_CLASSES + 1];
};

static struct metrics_request metrics_requests[METRICS_REQUESTS];
static _Atomic int64_t metrics_database_us; /* monotonic; 0: not yet */
static _Atomic uint64_t metrics_database_lost;

void
metrics_request(int request, enum err err, int64_t us, int64_t cpu_us)
{
	if (request < 0 || request >= METRICS_REQUESTS)
		request = 0;
	struct metrics_request *counts = &metrics_requests[request];
	size_t class = 0;

	while (class < METRICS_CLASSES && us > metrics_le_us[class])
		class ++;
	counts->classes[class]++;
	counts->us += (uint64_t)us;
	counts->cpu_us += (uint64_t)cpu_us;
	if (err != ERR_OK)
		counts->refused++;
	if (err == ERR_INTERNAL)
		counts->failed++;
}

void
metrics_database(bool answered)
{
	if (answered)
		metrics_database_us = date_monotonic_us();
	else
		metrics_database_lost++;
}

/* ---- the page ---------------------------------------------------------------------------- */

static void
metrics_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP kehu_%s %s\n# TYPE kehu_%s %s\n", name, help, name, type);
}

static void
metrics_one(
    struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
	metrics_head(out, name, type, help);
	buf_printf(out, "kehu_%s %" PRIu64 "\n", name, value);
}

static uint64_t
metrics_count(const struct metrics_request *counts)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= METRICS_CLASSES; i++)
		count += counts->classes[i];
	return count;
}

static void
metrics_times(struct buf *out, const char *name, const struct metrics_request *counts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < METRICS_CLASSES; i++) {
		sum += counts->classes[i];
		buf_printf(out,
		    "kehu_request_seconds_bucket{request=\"%s\",le=\"%g\"} %" PRIu64 "\n", name,
		    (double)metrics_le_us[i] / 1e6, sum);
	}
	sum += counts->classes[METRICS_CLASSES];
	buf_printf(out,
	    "kehu_request_seconds_bucket{request=\"%s\",le=\"+Inf\"} %" PRIu64 "\n"
	    "kehu_request_seconds_sum{request=\"%s\"} %.6f\n"
	    "kehu_request_seconds_count{request=\"%s\"} %" PRIu64 "\n",
	    name, sum, name, (double)counts->us / 1e6, name, sum);
}

static void
metrics_each(struct buf *out)
{
	metrics_head(out, "request_seconds", "histogram", "Time a worker took to answer.");
	for (int i = 0; i < METRICS_REQUESTS; i++)
		if (metrics_count(&metrics_requests[i]) > 0)
			metrics_times(out, request_name(i), &metrics_requests[i]);
	metrics_head(out, "request_cpu_seconds_total", "counter",
	    "CPU of workers, without PostgreSQL's.");
	for (int i = 0; i < METRICS_REQUESTS; i++)
		if (metrics_count(&metrics_requests[i]) > 0)
			buf_printf(out, "kehu_request_cpu_seconds_total{request=\"%s\"} %.6f\n",
			    request_name(i), (double)metrics_requests[i].cpu_us / 1e6);
	metrics_head(out, "requests_refused_total", "counter", "Answered with an error.");
	for (int i = 0; i < METRICS_REQUESTS; i++)
		if (metrics_requests[i].refused > 0)
			buf_printf(out,
			    "kehu_requests_refused_total{request=\"%s\"} %" PRIu64 "\n",
			    request_name(i), (uint64_t)metrics_requests[i].refused);
	metrics_head(
	    out, "requests_failed_total", "counter", "Of these, by a fault of the server.");
	for (int i = 0; i < METRICS_REQUESTS; i++)
		if (metrics_requests[i].failed > 0)
			buf_printf(out,
			    "kehu_requests_failed_total{request=\"%s\"} %" PRIu64 "\n",
			    request_name(i), (uint64_t)metrics_requests[i].failed);
}

static void
metrics_net(struct buf *out, struct net *net)
{
	struct net_figures figures = net_figures(net);

	metrics_one(out, "connections", "gauge", "Clients connected.", figures.connections);
	metrics_one(
	    out, "handshakes", "gauge", "TLS handshakes in progress.", figures.handshakes);
	metrics_one(
	    out, "frames_received_total", "counter", "Frames from clients.", figures.frames_in);
	metrics_one(
	    out, "frames_sent_total", "counter", "Frames to clients.", figures.frames_out);
	metrics_one(out, "received_bytes_total", "counter", "Bytes from clients, before TLS.",
	    figures.bytes_in);
	metrics_one(out, "sent_bytes_total", "counter", "Bytes to clients, before TLS.",
	    figures.bytes_out);
	metrics_one(out, "connections_refused_total", "counter", "Connections over a limit.",
	    figures.refused);
	metrics_one(out, "requests_busy_total", "counter",
	    "Answered \"busy\": a lane was full.", figures.busy);
	metrics_head(out, "lane_waiting", "gauge", "Requests waiting for a worker.");
	for (int i = LANE_LOOP + 1; i < LANE_COUNT; i++)
		buf_printf(out, "kehu_lane_waiting{lane=\"%s\"} %" PRIu64 "\n",
		    lane_name((enum lane)i), figures.waiting[i]);
}

/* Pages in memory, from the kernel's own line; 0 where it has none. */
static uint64_t
metrics_resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long all, resident = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu %lu", &all, &resident) != 2)
		resident = 0;
	fclose(file);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int64_t
metrics_silent_us(void)
{
	int64_t heard_us = metrics_database_us;

	return heard_us == 0 ? -1 : date_monotonic_us() - heard_us;
}

static bool
metrics_well(const struct net *net, int64_t silent_us)
{
	return silent_us >= 0 && silent_us < METRICS_LATE_US && !net_stopping(net);
}

bool
metrics_status(struct net *net, bool health, struct buf *out)
{
	int64_t silent_us = metrics_silent_us();
	bool well = metrics_well(net, silent_us);

	if (health) {
		if (net_stopping(net))
			buf_puts(out, "stopping\n");
		else if (silent_us < 0)
			buf_puts(out, "the database has not answered yet\n");
		else
			buf_printf(out, "%s; the database answered %.1f s ago\n",
			    well ? "well" : "not well", (double)silent_us / 1e6);
		return well;
	}
	metrics_head(out, "info", "gauge", "The program.");
	buf_printf(out, "kehu_info{version=\"%s\"} 1\n", KEHU_VERSION);
	metrics_one(out, "up", "gauge", "1 while the server is well, as /health says.", well);
	metrics_one(
	    out, "resident_bytes", "gauge", "Memory of the server.", metrics_resident_bytes());
	metrics_head(
	    out, "database_silent_seconds", "gauge", "Since the database answered last.");
	buf_printf(out, "kehu_database_silent_seconds %.3f\n",
	    silent_us < 0 ? -1.0 : (double)silent_us / 1e6);
	metrics_one(out, "database_lost_total", "counter",
	    "Times the change feed got no answer.", metrics_database_lost);
	metrics_net(out, net);
	metrics_each(out);
	return true;
}
