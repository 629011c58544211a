/*
 * Reports: one file each with its report_info, which report_list names. A report reads through its reader's eyes: its
 * SQL names {entities} in braces, which become subqueries of the rows and fields this reader
 * may see, and runs read-only as kehu_report; row policies repeat the scope as second line.
 */
#ifndef KEHU_REPORT_H
#define KEHU_REPORT_H

#include "server/record/record.h"
#include "server/report/doc.h"

struct report;

/* The records that "{matching}" in its SQL stands for, of a report that is a list. */
struct report_matching {
	const struct entity_view *entity; /* as the reader sees it */
	const char *query;
	bool has_words;     /* they are looked for before the transaction turns read-only */
	const int64_t *ids; /* that have them */
	size_t id_count;
};

struct report_info {
	const char *name, *zh, *en;
	const char *entity; /* a report on one record of it: parameter 1 is its id; NULL: on its own */
	const struct field *parameters; /* ended by number 0 */
	const char *reads; /* entities its SQL names, space-separated, the main one first */
	/*
	 * Once the parameters are read, before the transaction: fill defaults, check them
	 * together (report_refuse); may make another info of this one. May be NULL.
	 */
	enum err (*check)(struct report *report);
	/* Tell the document, from doc_begin to doc_end; the transaction has begun. */
	enum err (*make)(struct report *report);
};

extern const struct report_info *const report_list[]; /* ended by NULL */

/* A report being made. */
struct report {
	struct call *call;
	const Kehu__Report *request;
	const struct report_info *info;
	struct value *parameters; /* by position in info->parameters */
	struct doc *doc;
	enum doc_paper paper; /* wanted by the reader; whether it is wide, if has_width */
	bool has_width;
	uint64_t rows;
	uint64_t charged; /* of them, against the reader's budget */
	struct report_matching *matching; /* NULL: it is no list */
	bool leaves_house; /* goes to somebody outside, who gets only what may be exported */
	const char *foot, *mark; /* of one that is exported: what each page says of that; else NULL */
};

/* One of the program's own or of the catalogue's texts. NULL: no such report. */
const struct report_info *report_find(const struct catalog *catalog, const char *name);
/* The entity whose rows it is of first; NULL: the catalogue has no such one. */
const struct entity_view *report_main(const struct call *call, const struct report_info *info);
/* Whether the user may see the main entity of it. */
bool report_allowed(const struct call *call, const struct report_info *info);
/* Whether the user may export its rows: as CSV, to addresses outside. */
bool report_may_export(const struct call *call, const struct report_info *info);

#define REPORT_AHEAD_ROWS 100000 /* of the reader's budget, taken before and given back after */

/*
 * The steps of making one, for Report and for exports, from { call, request }: report_take() finds it
 * and reads its parameters; report_scope() before the transaction begins; report_enter() after, and
 * from there on the transaction reads only; report_run() tells sink, which it frees, all of it.
 */
MUST_CHECK enum err report_take(struct report *report);
/* Begins the transaction, or tells one that has begun what is in scope by now. */
void report_start(struct call *call);
void report_scope(struct report *report);
MUST_CHECK enum err report_enter(struct report *report);
MUST_CHECK enum err report_run(struct report *report, struct doc_sink *sink);

/*
 * All of that for a report which nobody looks on: the whole file to out, audited and charged as one that is printed.
 * ERR_REASON_NEEDED: it has more rows than may leave without being exported. Begins the transaction.
 */
MUST_CHECK enum err report_make(struct report *report, struct doc_out out);

/* ---- for the reports --------------------------------------------------------------------- */

/* A parameter's value by its number. */
struct value *report_parameter(struct report *report, uint32_t number);
/* Blame a parameter. */
enum err report_refuse(struct report *report, uint32_t number, enum err err, const char *text);

/*
 * doc_begin with what every report says: title, organisation, who printed it and when. number
 * is a sheet's own (or NULL), paper what the report would have if the reader did not choose.
 */
enum err report_begin(struct report *report, const char *number, enum doc_paper paper,
    const struct doc_field *params, size_t param_count);

/*
 * Append constant text with each {entity} expanded to "(SELECT … FROM … t WHERE …)": live rows
 * the reader reaches; every field by its name (money's currency and sort keys too), null where
 * the reader may not see it, "****" where it is masked.
 */
void report_sql(struct report *report, struct sql *sql, const char *text);
/* The rows of report->matching, as a placeholder's are. */
void report_put_matching(struct report *report, struct sql *sql);
/* "(SELECT …)" with the columns of an entity's placeholder and no rows, for looking at a statement. */
void report_put_nothing(struct sql *sql, const struct entity_view *entity);
/* The same for text with any kind of names: name is what stands in the braces. */
void report_expand(struct sql *sql, const char *text,
    void (*name)(void *to, struct sql *sql, const char *name), void *to);

/*
 * A statement begun by report_select, perhaps with more added to it by report_sql and the sql_
 * functions, is run by report_each, which hands over its rows, a few hundred in memory at a
 * time; values taken from rows live in arena until the next batch. Stops early when the document wants no
 * more rows. ERR_NARROW past the row limit; ERR_CANCELLED.
 */
struct sql *report_select(struct report *report, const char *text);
typedef enum err (*report_row)(struct report *report, struct arena *arena,
    const struct rows *rows, size_t row, void *to);
MUST_CHECK enum err report_each(struct report *report, const struct sql *sql, report_row each,
    void *to);

/* Words of the catalogue in the reader's language. */
const char *report_label(const struct report *report, uint32_t entity, uint32_t field);
const char *report_choice(const struct report *report, uint32_t entity, uint32_t field,
    const char *code); /* NULL: NULL */
/* Label of a user, branch, department or region; NULL for id 0, "#12" when unknown. */
const char *report_setup(const struct report *report, uint32_t entity, int64_t id);
/* The name of a record that another one names; where it is NULL, what stands for those not seen. */
const char *report_named(const struct report *report, const char *name);
/* "1,200.00 CNY" in arena. */
const char *report_money(struct arena *arena, int64_t minor, const char *currency);
/* The same of a cell; NULL where it or the currency is empty, or not for this reader. */
const char *report_amount(struct arena *arena, const struct rows *rows, size_t row,
    size_t column, const char *currency);
/* Decimals of a currency; 2 of one unknown or NULL. */
int report_decimals(const char *currency);
/* A scaled number with at least keep decimals and no zeros behind those: "6.5", "12". */
const char *report_scaled(struct arena *arena, int64_t value, int decimals, int keep);
/*
 * An amount of a cell in words, as contracts and receipts want it: Chinese capitals ("人民币壹万元整") or
 * English words; and what that is called. NULL as report_amount.
 */
const char *report_words(const struct report *report, struct arena *arena,
    const struct rows *rows, size_t row, size_t column, const char *currency);
const char *report_words_label(const struct report *report);

/* ---- the reports ------------------------------------------------------------------------- */

/* Each file tells its own; report_list names them. */
extern const struct report_info report_visit_sheet, report_role_matrix, report_quote,
    report_contract, report_order, report_quote_versions, report_delivery, report_receipt, report_statement,
    report_visits_by_person, report_opportunity_funnel, report_targets, report_list_of;

#endif
