/*
 * HTML: one self-contained page for mail, without scripts, images or links. Styles stand in the
 * tags' own attributes where mail programs would otherwise drop them.
 */
#include "common/money.h"
#include "server/report/doc_sink.h"
#include "server/report/render_out.h"
#include "server/report/render_sinks.h"

#include <string.h>

struct render_html {
	struct doc_sink sink;
	struct arena *arena; /* holds this struct */
	struct render_out out;
	const struct doc_head *head;
	const struct doc_table *table;
	const struct doc_groups *groups;
};

static const char html_style[] =
    "body{font:14px 'WenQuanYi Micro Hei','Microsoft YaHei','PingFang SC',sans-serif;"
    "color:#212429;max-width:60em;margin:1em auto}"
    "h1{font-size:22px;text-align:center;color:#1c3b66}h2{font-size:15px;color:#1c3b66}"
    "table{border-collapse:collapse;width:100%}td,th{padding:3px 8px;vertical-align:top}"
    ".quiet{color:#6b7380}";

#define HTML_HEAD_CELL "background:#e9eef5;border-bottom:2px solid #1c3b66;color:#1c3b66;"
#define HTML_FIELD     "border:1px solid #c7ced9;white-space:pre-line;"
#define HTML_STRONG    "font-weight:bold;border-top:1px solid #c7ced9;"

static struct render_html *
render_html_of(struct doc_sink *sink)
{
	return (struct render_html *)(void *)sink;
}

static void
html_put(struct buf *buf, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			buf_puts(buf, "&lt;");
			break;
		case '>':
			buf_puts(buf, "&gt;");
			break;
		case '&':
			buf_puts(buf, "&amp;");
			break;
		case '"':
			buf_puts(buf, "&quot;");
			break;
		default:
			buf_putc(buf, *text);
		}
	}
}

/* <tag style="style">text</tag>; tag may carry attributes behind its name. */
static void
html_element(struct buf *buf, const char *tag, const char *style, const char *text)
{
	buf_printf(buf, "<%s style=\"%s\">", tag, style);
	html_put(buf, text);
	buf_printf(buf, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}

static enum err
render_html_begin(struct doc_sink *sink, const struct doc_head *head)
{
	struct render_html *html = render_html_of(sink);
	struct buf *buf = &html->out.buf;

	html->head = head;
	buf_printf(buf,
	    "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>",
	    head->lang == LANG_ZH ? "zh-CN" : "en");
	html_put(buf, head->title);
	buf_printf(buf, "</title><style>%s</style></head><body>\n", html_style);
	if (head->organisation != NULL)
		html_element(buf, "div class=\"quiet\"", "float:left", head->organisation);
	if (head->number != NULL)
		html_element(buf, "div class=\"quiet\"", "text-align:right", head->number);
	html_element(buf, "h1", "clear:both", head->title);
	for (size_t i = 0; i < head->param_count; i++) {
		buf_puts(buf, "<span class=\"quiet\" style=\"margin-right:2em\">");
		html_put(buf, head->params[i].label);
		html_put(buf, doc_word(DOC_WORD_COLON, head->lang));
		html_put(buf, head->params[i].value);
		buf_puts(buf, "</span>\n");
	}
	return render_out_spill(&html->out);
}

static enum err
render_html_heading(struct doc_sink *sink, const char *text)
{
	struct render_html *html = render_html_of(sink);

	html_element(&html->out.buf, "h2", "", text);
	return render_out_spill(&html->out);
}

static enum err
render_html_note(struct doc_sink *sink, const char *text)
{
	struct render_html *html = render_html_of(sink);

	html_element(&html->out.buf, "p", "white-space:pre-line", text);
	return render_out_spill(&html->out);
}

static enum err
render_html_fields(
    struct doc_sink *sink, const struct doc_field *fields, size_t count, unsigned across)
{
	struct render_html *html = render_html_of(sink);
	struct buf *buf = &html->out.buf;

	buf_puts(buf, "<table>\n");
	for (size_t i = 0; i < count;) {
		bool pair =
		    across == 2 && i + 1 < count && !fields[i].wide && !fields[i + 1].wide;
		const char *cell = pair || across == 1 ? "td" : "td colspan=\"3\"";

		buf_puts(buf, "<tr>");
		for (size_t n = 0; n < (pair ? 2 : 1); n++, i++) {
			html_element(buf, "th",
			    HTML_FIELD "background:#e9eef5;text-align:left;font-weight:normal",
			    fields[i].label);
			html_element(buf, cell, HTML_FIELD, fields[i].value);
		}
		buf_puts(buf, "</tr>\n");
	}
	buf_puts(buf, "</table>\n");
	return render_out_spill(&html->out);
}

static enum err
render_html_signatures(struct doc_sink *sink, const char *const *labels, size_t count)
{
	struct render_html *html = render_html_of(sink);
	struct buf *buf = &html->out.buf;

	buf_puts(buf, "<p style=\"margin-top:3em\">");
	for (size_t i = 0; i < count; i++) {
		html_put(buf, labels[i]);
		buf_puts(buf, " ____________________ &emsp; ");
	}
	buf_puts(buf, "</p>\n");
	return render_out_spill(&html->out);
}

static double
html_size(int64_t value)
{
	return value < 0 ? -(double)value : (double)value;
}

/* The colours of series, as the PDF has them. */
static const char *
html_tone(size_t series)
{
	static const char *const tones[] = { "#5e87bd", "#e89e4a", "#73ab70", "#c76b5c", "#8c78b3", "#61a8ab" };

	return tones[series % (sizeof(tones) / sizeof(tones[0]))];
}

static void
html_bar(struct buf *buf, struct arena *arena, const struct doc_chart *chart, size_t point,
    size_t series, double most)
{
	int64_t value = chart->points[point].values[series];

	buf_puts(buf, "<tr>");
	html_element(buf, "td", "white-space:nowrap;width:1%", series == 0 ? chart->points[point].label : "");
	if (chart->series_count > 1)
		html_element(buf, "td", "white-space:nowrap;width:1%", chart->series[series]);
	buf_printf(buf,
	    "<td><div style=\"background:%s;height:0.8em;width:%.2f%%\"></div></td>",
	    value < 0 ? "#c76b5c" : html_tone(series), html_size(value) / most * 100);
	html_element(buf, "td", "text-align:right;width:1%",
	    money_format(arena, value, (int)chart->decimals, false));
	buf_puts(buf, "</tr>\n");
}

/* A table whose cells are the darker the more they hold. */
static void
html_heat(struct buf *buf, struct arena *arena, const struct doc_chart *chart, double most)
{
	buf_puts(buf, "<tr><th></th>");
	for (size_t s = 0; s < chart->series_count; s++)
		html_element(buf, "th", "text-align:right", chart->series[s]);
	buf_puts(buf, "</tr>\n");
	for (size_t i = 0; i < chart->count; i++) {
		buf_puts(buf, "<tr>");
		html_element(buf, "td", "white-space:nowrap", chart->points[i].label);
		for (size_t s = 0; s < chart->series_count; s++) {
			int64_t value = chart->points[i].values[s];

			html_element(buf, "td",
			    arena_printf(arena, "text-align:right;background:rgba(94,135,189,%.2f)",
				value > 0 ? (double)value / most : 0),
			    value != 0 ? money_format(arena, value, (int)chart->decimals, false) : "");
		}
		buf_puts(buf, "</tr>\n");
	}
}

static enum err
render_html_chart(struct doc_sink *sink, const struct doc_chart *chart)
{
	struct render_html *html = render_html_of(sink);
	struct arena *scratch = arena_new(0);
	struct buf *buf = &html->out.buf;
	double most = 1;

	for (size_t i = 0; i < chart->count; i++)
		for (size_t s = 0; s < chart->series_count; s++) {
			double size = html_size(chart->points[i].values[s]);

			most = size > most ? size : most;
		}
	if (chart->title != NULL)
		html_element(buf, "h2", "", chart->title);
	buf_puts(buf, "<table>\n");
	if (chart->kind == DOC_HEAT)
		html_heat(buf, scratch, chart, most);
	for (size_t i = 0; i < chart->count && chart->kind != DOC_HEAT; i++)
		for (size_t s = 0; s < chart->series_count; s++)
			html_bar(buf, scratch, chart, i, s, most);
	buf_puts(buf, "</table>\n");
	arena_free(scratch);
	return render_out_spill(&html->out);
}

static const char *
html_align(const struct doc_column *column)
{
	switch (doc_column_align(column)) {
	case DOC_RIGHT:
		return "text-align:right;";
	case DOC_CENTRE:
		return "text-align:center;";
	default:
		return "text-align:left;";
	}
}

static void
html_cell(struct buf *buf, const char *tag, const char *style, const struct doc_column *column,
    const char *text)
{
	buf_printf(buf, "<%s style=\"%s%s\">", tag, html_align(column), style);
	html_put(buf, text);
	buf_printf(buf, "</%s>", tag);
}

static enum err
render_html_table(
    struct doc_sink *sink, const struct doc_table *table, const struct doc_groups *groups)
{
	struct render_html *html = render_html_of(sink);
	struct buf *buf = &html->out.buf;

	html->table = table;
	html->groups = groups;
	if (table->title != NULL)
		html_element(buf, "h2", "", table->title);
	buf_puts(buf, "<table>\n<thead><tr>");
	for (size_t i = 0; i < table->column_count; i++)
		html_cell(
		    buf, "th", HTML_HEAD_CELL, &table->columns[i], table->columns[i].title);
	buf_puts(buf, "</tr></thead>\n<tbody>\n");
	return render_out_spill(&html->out);
}

static enum err
render_html_group(struct doc_sink *sink, size_t level)
{
	struct render_html *html = render_html_of(sink);
	const char *title = html->table->levels[level].title;
	struct buf *buf = &html->out.buf;

	buf_printf(buf,
	    "<tr><td colspan=\"%zu\" "
	    "style=\"font-weight:bold;color:#1c3b66;padding-left:%zuem\">",
	    html->table->column_count, level + 1);
	if (title != NULL) {
		html_put(buf, title);
		html_put(buf, doc_word(DOC_WORD_COLON, html->head->lang));
	}
	html_put(buf, html->groups->heading[level]);
	buf_puts(buf, "</td></tr>\n");
	return render_out_spill(&html->out);
}

/* A total's label stands in the first cell if that is free, else on a line of its own. */
static void
html_total_label(struct render_html *html, const struct doc_row *row)
{
	struct buf *buf = &html->out.buf;

	if (row->cells[0].text[0] == '\0')
		return;
	buf_printf(buf, "<tr><td colspan=\"%zu\" style=\"" HTML_STRONG "\">",
	    html->table->column_count);
	html_put(buf, row->label);
	buf_puts(buf, "</td></tr>\n");
}

static enum err
render_html_row(struct doc_sink *sink, const struct doc_row *row)
{
	struct render_html *html = render_html_of(sink);
	struct buf *buf = &html->out.buf;
	bool plain = row->kind == DOC_ROW;

	if (!plain)
		html_total_label(html, row);
	buf_puts(buf, "<tr>");
	for (size_t i = 0; i < html->table->column_count; i++) {
		const char *text = row->cells[i].text;

		if (!plain && i == 0 && text[0] == '\0')
			text = row->label;
		html_cell(buf, "td", plain ? "" : HTML_STRONG, &html->table->columns[i], text);
	}
	buf_puts(buf, "</tr>\n");
	return render_out_spill(&html->out);
}

static enum err
render_html_table_end(struct doc_sink *sink, uint64_t rows)
{
	struct render_html *html = render_html_of(sink);
	struct buf *buf = &html->out.buf;

	if (rows == 0)
		buf_printf(buf,
		    "<tr><td colspan=\"%zu\" style=\"text-align:center\">%s</td></tr>\n",
		    html->table->column_count, doc_word(DOC_WORD_NO_ROWS, html->head->lang));
	buf_puts(buf, "</tbody></table>\n");
	return render_out_spill(&html->out);
}

static enum err
render_html_end(struct doc_sink *sink)
{
	struct render_html *html = render_html_of(sink);
	struct buf *buf = &html->out.buf;

	if (html->head->printed != NULL)
		html_element(buf, "p class=\"quiet\"", "border-top:1px solid #c7ced9",
		    html->head->printed);
	buf_puts(buf, "</body></html>\n");
	return render_out_flush(&html->out);
}

static void
render_html_free(struct doc_sink *sink)
{
	struct render_html *html = render_html_of(sink);

	render_out_fini(&html->out);
	arena_free(html->arena);
}

struct doc_sink *
render_html_new(struct doc_out out)
{
	static const struct doc_sink_ops ops = {
		.begin = render_html_begin,
		.heading = render_html_heading,
		.note = render_html_note,
		.fields = render_html_fields,
		.signatures = render_html_signatures,
		.chart = render_html_chart,
		.table = render_html_table,
		.group = render_html_group,
		.row = render_html_row,
		.table_end = render_html_table_end,
		.end = render_html_end,
		.free = render_html_free,
	};
	struct arena *arena = arena_new(0);
	struct render_html *html = ARENA_NEW(arena, struct render_html);

	html->sink.ops = &ops;
	html->arena = arena;
	html->out.to = out;
	return &html->sink;
}
