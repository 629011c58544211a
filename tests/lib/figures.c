/* See figures.h. */
#include "tests/lib/figures.h"

#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define GROWTH_TARGET 1.5

void
rounds_add(struct rounds *rounds, struct spent spent)
{
	if (rounds->count == FIGURE_ROUNDS_MAX)
		fatal("more than %d rounds", FIGURE_ROUNDS_MAX);
	rounds->of[rounds->count++] = spent;
}

void
rounds_measure(
    struct rounds *rounds, struct load *load, const struct load_work *work, size_t answers)
{
	int64_t pg_ns = big_backends_ns(load->big), kehud_ns = big_kehud_ns(load->big);
	uint64_t bytes = load->bytes_down;
	int64_t wall_us = load_run(load, work, answers);
	double n = (double)answers;

	kehud_ns = big_kehud_ns(load->big) - kehud_ns;
	pg_ns = big_backends_ns(load->big) - pg_ns;
	rounds_add(rounds, (struct spent){
			       .pg_us = (double)pg_ns / 1000 / n,
			       .kehud_us = (double)kehud_ns / 1000 / n,
			       .wall_us = (double)wall_us / n,
			       .bytes = (double)(load->bytes_down - bytes) / n,
			   });
	load_forget(load);
}

static int
rounds_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
rounds_middle(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), rounds_compare);
	return count % 2 == 1 ? values[count / 2]
			      : (values[count / 2 - 1] + values[count / 2]) / 2;
}

struct spent
rounds_median(const struct rounds *rounds)
{
	double pg[FIGURE_ROUNDS_MAX], kehud[FIGURE_ROUNDS_MAX], wall[FIGURE_ROUNDS_MAX],
	    bytes[FIGURE_ROUNDS_MAX];

	for (size_t i = 0; i < rounds->count; i++) {
		pg[i] = rounds->of[i].pg_us;
		kehud[i] = rounds->of[i].kehud_us;
		wall[i] = rounds->of[i].wall_us;
		bytes[i] = rounds->of[i].bytes;
	}
	return (struct spent){
		.pg_us = rounds_middle(pg, rounds->count),
		.kehud_us = rounds_middle(kehud, rounds->count),
		.wall_us = rounds_middle(wall, rounds->count),
		.bytes = rounds_middle(bytes, rounds->count),
	};
}

static void
figure_line(const char *name, double value, const char *unit, double baseline,
    enum figure_want want, double target)
{
	double ratio = baseline > 0 ? value / baseline : 0;
	bool met = want == AT_MOST ? ratio <= target : ratio >= target;

	printf("%s\t%.*f\t%s\t%.*f\t%.2f", name, value < 100 ? 1 : 0, value, unit,
	    baseline < 100 ? 1 : 0, baseline, ratio);
	if (target > 0)
		printf("\t%s %.2f %s\n", want == AT_MOST ? "<=" : ">=", target,
		    met ? "met" : "missed");
	else
		printf("\t\n");
	fflush(stdout);
}

void
figure(const char *name, uint64_t customers, double value, const char *unit, double baseline,
    enum figure_want want, double target)
{
	char whole[128];

	if (customers > 0)
		snprintf(whole, sizeof(whole), "%s@%" PRIu64, name, customers);
	else
		snprintf(whole, sizeof(whole), "%s", name);
	figure_line(whole, value, unit, baseline, want, target);
}

void
figure_growth(const char *name, double small, double large, const char *unit)
{
	char whole[128];

	if (big_count() < 2)
		return;
	snprintf(whole, sizeof(whole), "growth_%s", name);
	figure_line(whole, large, unit, small, AT_MOST, GROWTH_TARGET);
}
