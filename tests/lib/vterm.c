/*
 * The harness of vterm.h: forkpty() for the program, libvterm for the screen. Answers that
 * the terminal gives (cursor reports) go back to the program, as a real one's would.
 */
#include "tests/lib/vterm.h"
#include "common/buf.h"
#include "common/date.h"
#include "common/text.h"
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <poll.h>
#include <pty.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vterm.h>

enum { VT_MASKS = 16 };

struct vt {
	VTerm *vterm;
	VTermScreen *screen;
	int fd, rows, cols, status;
	pid_t pid; /* 0: it has ended and status is known */
	bool silent, visible, alt, bell, eof;
	size_t bytes;
	struct buf text;
	iconv_t from, to; /* (iconv_t)-1: the terminal speaks UTF-8 */
	struct buf cut;   /* the first byte or so of a character whose rest has not come */
	struct {
		regex_t pattern;
		char with[64];
	} masks[VT_MASKS];
	size_t mask_count;
};

static int64_t
vt_now_ms(void)
{
	return date_monotonic_us() / 1000;
}

static void
vt_fatal(const char *what)
{
	perror(what);
	abort();
}

/* The terminal ------------------------------------------------------------------------------
 */

static int
vt_on_prop(VTermProp prop, VTermValue *value, void *user)
{
	struct vt *vt = user;

	if (prop == VTERM_PROP_CURSORVISIBLE)
		vt->visible = value->boolean;
	else if (prop == VTERM_PROP_ALTSCREEN)
		vt->alt = value->boolean;
	return 1;
}

static int
vt_on_bell(void *user)
{
	((struct vt *)user)->bell = true;
	return 1;
}

static const VTermScreenCallbacks vt_callbacks = {
	.settermprop = vt_on_prop,
	.bell = vt_on_bell,
};

static void
vt_open_terminal(struct vt *vt)
{
	vt->vterm = vterm_new(vt->rows, vt->cols);
	vterm_set_utf8(vt->vterm, 1);
	vt->screen = vterm_obtain_screen(vt->vterm);
	vterm_screen_enable_altscreen(vt->screen, 1);
	vterm_screen_set_callbacks(vt->screen, &vt_callbacks, vt);
	vterm_screen_reset(vt->screen, 1);
	vt->visible = true;
	vt->alt = false;
}

/* The program -------------------------------------------------------------------------------
 */

static void
vt_child_env(const char *const *env)
{
	static const char *const unset[] = { "LINES", "COLUMNS", "SSH_CONNECTION", "NO_COLOR",
		"ESCDELAY", "LANG", "LC_CTYPE", "TERMINFO", "TMUX" };

	for (size_t i = 0; i < sizeof unset / sizeof *unset; i++)
		unsetenv(unset[i]);
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TZ", "UTC", 1);
	for (; env && *env; env++) {
		const char *equals = strchr(*env, '=');
		char name[64];

		if (!equals) {
			unsetenv(*env);
			continue;
		}
		snprintf(name, sizeof name, "%.*s", (int)(equals - *env), *env);
		setenv(name, equals + 1, 1);
	}
}

static _Noreturn void
vt_child(const struct vt_options *options)
{
	/* execv() takes what it does not change as if it would. */
	union {
		const char *const *constant;
		char *const *plain;
	} argv = { options->argv };

	vt_child_env(options->env);
	if (options->directory && chdir(options->directory) < 0)
		_exit(126);
	execv(options->argv[0], argv.plain);
	perror(options->argv[0]);
	_exit(127);
}

struct vt *
vt_open(const struct vt_options *options)
{
	struct vt *vt = calloc(1, sizeof *vt);
	struct winsize size = { 0 };

	if (!vt)
		vt_fatal("calloc");
	vt->rows = options->rows ? options->rows : 24;
	vt->cols = options->cols ? options->cols : 80;
	vt->silent = options->silent;
	vt->from = vt->to = (iconv_t)-1;
	if (options->codeset) {
		vt->from = iconv_open("UTF-8", options->codeset);
		vt->to = iconv_open(options->codeset, "UTF-8");
	}
	vt_open_terminal(vt);
	size.ws_row = (unsigned short)vt->rows;
	size.ws_col = (unsigned short)vt->cols;
	vt->pid = forkpty(&vt->fd, NULL, NULL, &size);
	if (vt->pid < 0)
		vt_fatal("forkpty");
	if (vt->pid == 0)
		vt_child(options);
	fcntl(vt->fd, F_SETFL, O_NONBLOCK);
	fcntl(vt->fd, F_SETFD, FD_CLOEXEC);
	return vt;
}

/* All of bytes in the other encoding; what cannot be converted yet goes to rest. */
static void
vt_convert(iconv_t how, const char *bytes, size_t count, struct buf *out, struct buf *rest)
{
	char room[256], chunk[64];

	while (count) {
		size_t take = count < sizeof chunk ? count : sizeof chunk, left = take;
		size_t free_bytes = sizeof room;
		char *from = chunk, *to = room;

		memcpy(chunk, bytes, take);
		iconv(how, &from, &left, &to, &free_bytes);
		buf_put(out, room, sizeof room - free_bytes);
		if (left == take && take < 4) {
			buf_put(rest, bytes, count);
			return;
		}
		if (left == take) { /* not a character at all */
			buf_putc(out, '?');
			left--;
		}
		bytes += take - left;
		count -= take - left;
	}
}

static void
vt_show(struct vt *vt, const char *bytes, size_t count)
{
	struct buf utf8 = BUF_INIT, all = BUF_INIT;

	if (vt->from == (iconv_t)-1) {
		vterm_input_write(vt->vterm, bytes, count);
		return;
	}
	buf_put(&all, buf_text(&vt->cut), vt->cut.bytes);
	buf_put(&all, bytes, count);
	buf_clear(&vt->cut);
	vt_convert(vt->from, buf_text(&all), all.bytes, &utf8, &vt->cut);
	vterm_input_write(vt->vterm, buf_text(&utf8), utf8.bytes);
	buf_fini(&utf8);
	buf_fini(&all);
}

static void
vt_write(struct vt *vt, const char *bytes, size_t count)
{
	struct pollfd wait = { .fd = vt->fd, .events = POLLOUT };
	ssize_t sent;

	while (count && !vt->eof) {
		sent = write(vt->fd, bytes, count);
		if (sent > 0) {
			bytes += sent;
			count -= (size_t)sent;
		} else if (errno == EAGAIN) {
			poll(&wait, 1, 1000);
		} else if (errno != EINTR) {
			return; /* it has gone; the test will see that */
		}
	}
}

/* Read for at most wait_ms; true when something came. */
static bool
vt_pump(struct vt *vt, int wait_ms)
{
	struct pollfd wait = { .fd = vt->fd, .events = POLLIN };
	char bytes[8192], answer[256];
	ssize_t got;
	size_t answered;

	if (vt->eof || poll(&wait, 1, wait_ms) <= 0)
		return false;
	got = read(vt->fd, bytes, sizeof bytes);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) { /* EIO: the last one on the other side closed it */
		vt->eof = true;
		return false;
	}
	vt->bytes += (size_t)got;
	vt_show(vt, bytes, (size_t)got);
	vterm_screen_flush_damage(vt->screen);
	while ((answered = vterm_output_read(vt->vterm, answer, sizeof answer)) > 0)
		if (!vt->silent)
			vt_write(vt, answer, answered);
	return true;
}

static bool
vt_reap(struct vt *vt)
{
	if (vt->pid && waitpid(vt->pid, &vt->status, WNOHANG) == vt->pid)
		vt->pid = 0;
	return vt->pid == 0;
}

bool
vt_wait_exit(struct vt *vt, int deadline_ms)
{
	int64_t end_ms = vt_now_ms() + deadline_ms;

	while (!vt_reap(vt) && vt_now_ms() < end_ms) {
		if (vt->eof)
			poll(NULL, 0, 5);
		else
			vt_pump(vt, 20);
	}
	while (vt_pump(vt, 0)) /* its last words */
		continue;
	return vt->pid == 0;
}

int
vt_close(struct vt *vt)
{
	int status;

	if (!vt_reap(vt)) {
		kill(vt->pid, SIGHUP);
		if (!vt_wait_exit(vt, 1000)) {
			kill(vt->pid, SIGKILL);
			vt_wait_exit(vt, 1000);
		}
	}
	status = vt->status;
	close(vt->fd);
	vterm_free(vt->vterm);
	buf_fini(&vt->text);
	buf_fini(&vt->cut);
	if (vt->from != (iconv_t)-1)
		iconv_close(vt->from);
	if (vt->to != (iconv_t)-1)
		iconv_close(vt->to);
	for (size_t i = 0; i < vt->mask_count; i++)
		regfree(&vt->masks[i].pattern);
	free(vt);
	return status;
}

/* Typing ------------------------------------------------------------------------------------
 */

static const struct {
	const char *name, *bytes;
} vt_keys[] = {
	{ "F1", "\033OP" },
	{ "F2", "\033OQ" },
	{ "F3", "\033OR" },
	{ "F4", "\033OS" },
	{ "F5", "\033[15~" },
	{ "F6", "\033[17~" },
	{ "F7", "\033[18~" },
	{ "F8", "\033[19~" },
	{ "F9", "\033[20~" },
	{ "F10", "\033[21~" },
	{ "F11", "\033[23~" },
	{ "F12", "\033[24~" },
	{ "Up", "\033OA" },
	{ "Down", "\033OB" },
	{ "Right", "\033OC" },
	{ "Left", "\033OD" },
	{ "Home", "\033OH" },
	{ "End", "\033OF" },
	{ "PgUp", "\033[5~" },
	{ "PgDn", "\033[6~" },
	{ "Insert", "\033[2~" },
	{ "Delete", "\033[3~" },
	{ "Enter", "\r" },
	{ "Tab", "\t" },
	{ "BackTab", "\033[Z" },
	{ "Esc", "\033" },
	{ "Backspace", "\177" },
	{ "Space", " " },
};

static bool
vt_put_key(struct buf *out, const char *name)
{
	if (strncmp(name, "Ctrl-", 5) == 0) {
		buf_putc(out, (char)(name[5] & 0x1f));
		return true;
	}
	for (size_t i = 0; i < sizeof vt_keys / sizeof *vt_keys; i++) {
		if (strcmp(vt_keys[i].name, name) == 0) {
			buf_puts(out, vt_keys[i].bytes);
			return true;
		}
	}
	return false;
}

void
vt_type(struct vt *vt, const char *keys)
{
	struct buf out = BUF_INIT;
	char name[32];
	int times;

	while (*keys) {
		if (keys[0] != '{' || keys[1] == '{') {
			keys += keys[0] == '{';
			buf_putc(&out, *keys++);
			continue;
		}
		times = 1;
		if (sscanf(keys, "{%31[^}*]*%d}", name, &times) < 1 || !strchr(keys, '}'))
			vt_fatal(keys);
		while (times-- > 0)
			if (!vt_put_key(&out, name))
				vt_fatal(name);
		keys = strchr(keys, '}') + 1;
	}
	if (vt->to != (iconv_t)-1) {
		struct buf coded = BUF_INIT, rest = BUF_INIT;

		vt_convert(vt->to, buf_text(&out), out.bytes, &coded, &rest);
		buf_fini(&out);
		buf_fini(&rest);
		out = coded;
	}
	vt_write(vt, buf_text(&out), out.bytes);
	buf_fini(&out);
}

void
vt_paste(struct vt *vt, const char *text)
{
	vt_write(vt, "\033[200~", 6);
	vt_write(vt, text, strlen(text));
	vt_write(vt, "\033[201~", 6);
}

void
vt_send(struct vt *vt, const void *bytes, size_t count)
{
	vt_write(vt, bytes, count);
}

/* Looking -----------------------------------------------------------------------------------
 */

static void
vt_put_row(struct vt *vt, int row)
{
	size_t end = vt->text.bytes;
	char out[4];

	for (int col = 0; col < vt->cols; col++) {
		VTermScreenCell cell;

		vterm_screen_get_cell(vt->screen, (VTermPos){ .row = row, .col = col }, &cell);
		if (cell.chars[0] == (uint32_t)-1) /* the right half of the one before */
			continue;
		if (!cell.chars[0])
			buf_putc(&vt->text, ' ');
		for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
			buf_put(&vt->text, out, text_encode(cell.chars[i], out));
		if (cell.chars[0] && cell.chars[0] != ' ')
			end = vt->text.bytes;
	}
	vt->text.bytes = end;
	if (vt->text.data)
		vt->text.data[end] = '\0';
}

const char *
vt_row(struct vt *vt, int row)
{
	buf_clear(&vt->text);
	vt_put_row(vt, row);
	return buf_text(&vt->text);
}

const char *
vt_screen_text(struct vt *vt)
{
	buf_clear(&vt->text);
	for (int row = 0; row < vt->rows; row++) {
		vt_put_row(vt, row);
		buf_putc(&vt->text, '\n');
	}
	return buf_text(&vt->text);
}

static bool
vt_wait_until(struct vt *vt, const char *text, bool there, int deadline_ms)
{
	int64_t end_ms = vt_now_ms() + deadline_ms;

	for (;;) {
		if ((strstr(vt_screen_text(vt), text) != NULL) == there)
			return true;
		if (vt_now_ms() >= end_ms || vt->eof)
			break;
		vt_pump(vt, 20);
	}
	fprintf(stderr, "%s is %son the screen:\n%s", text, there ? "not " : "",
	    vt_screen_text(vt));
	return false;
}

bool
vt_wait_text(struct vt *vt, const char *text, int deadline_ms)
{
	return vt_wait_until(vt, text, true, deadline_ms);
}

bool
vt_wait_gone(struct vt *vt, const char *text, int deadline_ms)
{
	return vt_wait_until(vt, text, false, deadline_ms);
}

bool
vt_wait_screen(struct vt *vt, const char *screen, int deadline_ms)
{
	int64_t end_ms = vt_now_ms() + deadline_ms;

	while (strcmp(vt_screen_text(vt), screen) != 0) {
		if (vt_now_ms() >= end_ms || vt->eof) {
			fprintf(stderr, "%s\nis not the screen, it is:\n%s", screen,
			    vt_screen_text(vt));
			return false;
		}
		vt_pump(vt, 20);
	}
	return true;
}

/* Whether the program still has keys to read or is at work: proc(5), the state after the name. */
static bool
vt_is_busy(struct vt *vt)
{
	char path[64], line[512] = "", *state;
	int keys = 0, fd = open(ptsname(vt->fd), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	FILE *file;

	if (fd >= 0) {
		if (ioctl(fd, FIONREAD, &keys) != 0)
			keys = 0;
		close(fd);
	}
	snprintf(path, sizeof path, "/proc/%d/stat", (int)vt->pid);
	if ((file = fopen(path, "re"))) {
		if (!fgets(line, sizeof line, file))
			line[0] = '\0';
		fclose(file);
	}
	state = strrchr(line, ')');
	return keys > 0 || (state && strchr("RD", state[2]));
}

bool
vt_wait_settled(struct vt *vt, int quiet_ms, int deadline_ms)
{
	int64_t now_ms = vt_now_ms(), end_ms = now_ms + deadline_ms, last_ms = now_ms;

	while (now_ms < end_ms) {
		if (vt_pump(vt, quiet_ms - (int)(now_ms - last_ms)) || vt_is_busy(vt))
			last_ms = vt_now_ms();
		now_ms = vt_now_ms();
		if (vt->eof || now_ms - last_ms >= quiet_ms)
			return true;
	}
	return false;
}

struct vt_attr
vt_cell_attr(struct vt *vt, int row, int col)
{
	VTermScreenCell cell;
	struct vt_attr attr = { .colour = -1 };

	vterm_screen_get_cell(vt->screen, (VTermPos){ .row = row, .col = col }, &cell);
	attr.flags |= cell.attrs.bold ? VT_BOLD : 0U;
	attr.flags |= cell.attrs.underline ? VT_UNDERLINE : 0U;
	attr.flags |= cell.attrs.reverse ? VT_REVERSE : 0U;
	attr.flags |= cell.attrs.blink ? VT_BLINK : 0U;
	if (VTERM_COLOR_IS_INDEXED(&cell.fg) && !VTERM_COLOR_IS_DEFAULT_FG(&cell.fg))
		attr.colour = cell.fg.indexed.idx;
	attr.cols = cell.chars[0] == (uint32_t)-1 ? 0 : cell.width;
	return attr;
}

void
vt_cursor(struct vt *vt, int *row, int *col)
{
	VTermPos at;

	vterm_state_get_cursorpos(vterm_obtain_state(vt->vterm), &at);
	*row = at.row;
	*col = at.col;
}

bool
vt_cursor_visible(struct vt *vt)
{
	return vt->visible;
}

bool
vt_alt_screen(struct vt *vt)
{
	return vt->alt;
}

bool
vt_bell(struct vt *vt)
{
	bool rang = vt->bell;

	vt->bell = false;
	return rang;
}

void
vt_resize(struct vt *vt, int rows, int cols)
{
	struct winsize size = { 0 };

	vt->rows = rows;
	vt->cols = cols;
	vterm_set_size(vt->vterm, rows, cols);
	size.ws_row = (unsigned short)rows;
	size.ws_col = (unsigned short)cols;
	ioctl(vt->fd, TIOCSWINSZ, &size);
}

void
vt_signal(struct vt *vt, int number)
{
	if (vt->pid)
		kill(vt->pid, number);
}

int
vt_pid(struct vt *vt)
{
	return vt->pid;
}

size_t
vt_bytes(struct vt *vt)
{
	size_t bytes = vt->bytes;

	vt->bytes = 0;
	return bytes;
}

/* Golden screens ----------------------------------------------------------------------------
 */

void
vt_mask(struct vt *vt, const char *pattern, const char *with)
{
	if (vt->mask_count == VT_MASKS ||
	    regcomp(&vt->masks[vt->mask_count].pattern, pattern, REG_EXTENDED) != 0)
		vt_fatal(pattern);
	snprintf(vt->masks[vt->mask_count++].with, sizeof vt->masks->with, "%s", with);
}

static char *
vt_masked(struct vt *vt, const char *text)
{
	char *now = strdup(text);

	for (size_t i = 0; i < vt->mask_count; i++) {
		struct buf out = BUF_INIT;
		const char *at = now;
		regmatch_t found;

		while (*at && regexec(&vt->masks[i].pattern, at, 1, &found, 0) == 0 &&
		       found.rm_eo > found.rm_so) {
			buf_put(&out, at, (size_t)found.rm_so);
			buf_puts(&out, vt->masks[i].with);
			at += found.rm_eo;
		}
		buf_puts(&out, at);
		free(now);
		now = buf_take(&out);
	}
	return now ? now : strdup("");
}

static char *
vt_read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct buf text = BUF_INIT;
	char chunk[4096];
	size_t got;

	if (!file)
		return NULL;
	while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
		buf_put(&text, chunk, got);
	fclose(file);
	return text.bytes ? buf_take(&text) : strdup("");
}

static bool
vt_write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	bool good;

	if (!file) {
		perror(path);
		return false;
	}
	good = fputs(text, file) >= 0;
	return fclose(file) == 0 && good;
}

static void
vt_print_differences(const char *path, const char *want, const char *have)
{
	fprintf(stderr, "%s differs (UPDATE=1 rewrites it):\n", path);
	for (int row = 0; *want || *have; row++) {
		int want_bytes = (int)strcspn(want, "\n"),
		    have_bytes = (int)strcspn(have, "\n");

		if (want_bytes != have_bytes || memcmp(want, have, (size_t)want_bytes) != 0)
			fprintf(stderr, "row %d\n  want |%.*s|\n  have |%.*s|\n", row,
			    want_bytes, want, have_bytes, have);
		want += want_bytes + (want[want_bytes] != '\0');
		have += have_bytes + (have[have_bytes] != '\0');
	}
}

bool
vt_expect_screen(struct vt *vt, const char *path)
{
	int64_t end_ms = vt_now_ms() + 2000;
	const char *update = getenv("UPDATE");
	char *want, *have = NULL;
	bool same = false;

	if (update && *update && strcmp(update, "0") != 0) {
		vt_wait_settled(vt, 200, 2000);
		have = vt_masked(vt, vt_screen_text(vt));
		same = vt_write_file(path, have);
		free(have);
		return same;
	}
	want = vt_read_file(path);
	if (!want) {
		perror(path);
		return false;
	}
	do {
		free(have);
		vt_pump(vt, 20);
		have = vt_masked(vt, vt_screen_text(vt));
		same = strcmp(want, have) == 0;
	} while (!same && vt_now_ms() < end_ms);
	if (!same)
		vt_print_differences(path, want, have);
	free(want);
	free(have);
	return same;
}
