/*
 * Reports as data: one SQL text with directives in its comments, shipped in sql/reports or
 * added by an administrator (records of the entity report). kehu-report(5) says what such a
 * text may hold. Reading the text is here; report_file_run.c makes a report of it,
 * report_file_check.c asks PostgreSQL what its SQL reads before it is let in.
 */
#ifndef KEHU_REPORT_FILE_H
#define KEHU_REPORT_FILE_H

#include "server/report/report.h"

#define FILE_TABLES_MAX     12
#define FILE_COLUMNS_MAX    40
#define FILE_CHARTS_MAX     4
#define FILE_WORDS_MAX      60
#define FILE_PARAMETERS_MAX 12
#define FILE_NOTES_MAX      4
#define FILE_VALUES_MAX     6

enum file_kind {
	FILE_TEXT,
	FILE_INTEGER,
	FILE_NUMBER, /* scaled by decimals */
	FILE_MONEY,
	FILE_DATE,
	FILE_MOMENT,
	FILE_BOOL,
	FILE_WORD,    /* a code of the text's own words */
	FILE_CHOICE,  /* as its field */
	FILE_SETUP,   /* the id of a user, a branch … as its field */
	FILE_SHARE,   /* not in the SQL: one column in percent of another */
	FILE_AVERAGE, /* not in the SQL: one column divided by another */
};

/* What says itself in both languages. */
struct file_words {
	const char *zh, *en;
};

struct file_column {
	const char *name;
	struct file_words title;
	enum file_kind kind;
	const struct entity *entity;
	const struct field *field; /* of entity; NULL: of none */
	size_t by;                 /* 1 + the parameter that chooses the field; 0: none does */
	const char
	    *needs; /* "order.total_base order.paid": fields it is worked out from, or NULL */
	enum doc_sum sum;
	unsigned decimals;
	uint16_t width, weight;
	bool wrap, hidden;  /* hidden: for groups and charts alone */
	bool named;         /* the name of a record there always is: empty, its reader does not see it */
	size_t over, under; /* columns that FILE_SHARE and FILE_AVERAGE divide */
};

struct file_group {
	size_t column, label; /* label: the column that says it, perhaps the same */
	bool subtotal;
};

struct file_chart {
	enum doc_chart_kind kind;
	struct file_words title;
	size_t label, values[FILE_VALUES_MAX], value_count;
	size_t across; /* 1 + the column whose values are the series; 0: the values are */
	bool by_group; /* a point for each outermost group, not for each row */
};

struct file_table {
	struct file_words title;
	bool totals;
	bool card; /* each row is a sheet of labelled fields */
	struct file_column columns[FILE_COLUMNS_MAX];
	size_t column_count;
	struct file_group groups[DOC_LEVELS_MAX];
	size_t group_count;
	size_t pivot; /* 1 + the column whose values become columns; 0: none */
	size_t pivot_values[FILE_VALUES_MAX], pivot_value_count;
	struct file_chart charts[FILE_CHARTS_MAX];
	size_t chart_count;
	const char *sql;
};

/* How a parameter is filled when the reader leaves it empty, and what it may be. */
struct file_parameter {
	const char *initial;
	size_t not_before;  /* 1 + the parameter it must not be earlier than; 0: none */
	const char *fields; /* "customer.level customer.type": it chooses one of them; NULL: it
			       does not */
};

struct file_word {
	const char *code;
	struct file_words title;
};

struct report_file {
	struct report_info info; /* parameters, reads, check and make filled in */
	struct field parameters[FILE_PARAMETERS_MAX + 1];
	struct file_parameter rules[FILE_PARAMETERS_MAX];
	size_t parameter_count;
	struct file_table tables[FILE_TABLES_MAX];
	size_t table_count;
	struct file_word words[FILE_WORDS_MAX];
	size_t word_count;
	struct file_words notes[FILE_NOTES_MAX];
	size_t note_count;
	bool wide;
};

/*
 * Reads a text into arena (which must outlive it). NULL: *why names the line and what is wrong
 * with it.
 */
const struct report_file *report_file_read(struct arena *arena, const struct catalog *catalog,
    const char *name, const char *text, const char **why);
/* The file of a report that came from one; NULL: it is a program's own. */
const struct report_file *report_file_of(const struct report_info *info);

/* Adds the name of an entity to those of report_info's reads, if it is not among them. */
struct buf;
void report_add_read(struct buf *reads, const char *name);
/* How a column that is a field shows it. */
enum file_kind report_file_kind(const struct field *field);

/* Of report_info. */
enum err report_file_ready(struct report *report);
enum err report_file_make(struct report *report);

/* The field that a parameter's value "customer.level" names, if it is one of its choices and
 * the reader may know of it. */
const struct field *report_file_choice(const struct call *call, const struct report_file *file,
    size_t parameter, const char *code, const struct entity **entity);
/* The name of the list of such choices in the catalogue that clients get:
 * "report.composition.by". */
const char *report_file_list(
    struct arena *arena, const struct report_file *file, size_t parameter);

/*
 * Whether the SQL of a text reads nothing but its placeholders and gives the columns it
 * declares, as PostgreSQL understands it. Needs an open transaction; leaves nothing behind.
 * ERR_INVALID: *why says what is wrong; other errors are the database's.
 */
MUST_CHECK enum err report_file_check(struct store *store, struct arena *arena,
    const struct catalog *catalog, const struct report_file *file, const char **why);

/* All that the database holds, into the catalogue; what this program cannot read is logged and
 * left out. */
MUST_CHECK enum err report_files_load(struct store *store, struct catalog *catalog);
/*
 * Brings the database up to the texts of sql_dir/reports: new ones are added, shipped ones
 * follow what ships. *why names a text that does not load.
 */
MUST_CHECK enum err report_files_seed(
    struct store *store, struct arena *arena, const char *sql_dir, const char **why);

#endif
