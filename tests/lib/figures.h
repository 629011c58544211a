/*
 * The figures of `make bench`: measured in rounds, told as medians, one line each on standard
 * output: name, value, unit, baseline, ratio, target, between tabs.
 */
#ifndef KEHU_TEST_FIGURES_H
#define KEHU_TEST_FIGURES_H

#include "tests/lib/load.h"

#define FIGURE_ROUNDS_MAX 16

/* What one request cost. */
struct spent {
	double pg_us, kehud_us; /* CPU */
	double wall_us;         /* from the first to the last answer, shared among them */
	double bytes;           /* down */
};

struct rounds {
	struct spent of[FIGURE_ROUNDS_MAX];
	size_t count;
};

/* Runs the work for so many answers and adds a round. */
void rounds_measure(
    struct rounds *rounds, struct load *load, const struct load_work *work, size_t answers);
void rounds_add(struct rounds *rounds, struct spent spent);
/* Each figure's own median. */
struct spent rounds_median(const struct rounds *rounds);

/* A target is met when the ratio is at most, or at least, so much; 0: there is none. */
enum figure_want { AT_MOST, AT_LEAST };
/* customers 0: of no size. The name is "name@customers". */
void figure(const char *name, uint64_t customers, double value, const char *unit,
    double baseline, enum figure_want want, double target);
/* What the name cost at the smallest and at the largest size: may not grow by more than half.
 */
void figure_growth(const char *name, double small, double large, const char *unit);

#endif
