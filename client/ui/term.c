/*
 * Starting, painting and leaving the terminal. Signals only set a flag and wake the loop; a
 * crash restores with tcsetattr and one write of a string prepared at the start.
 */
#include "client/ui/term.h"
#include "client/ui/cells.h"
#include "common/date.h"
#include "common/mem.h"
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

enum { TERM_ANSWER_MS = 300, TERM_COPY_BYTES = 4096, TERM_WARNINGS = 4 };

struct term_text {
	const char *en, *zh;
};

static struct {
	bool open, mono, colour, han, remote, mouse, ascii;
	SCREEN *screen;
	struct input *input;
	struct termios saved;
	char name[64], codeset[32];
	struct term_text warnings[TERM_WARNINGS];
	size_t warning_count, warning_told;
	int answers; /* to the width probe, so far */
	int answer_cols[2];
	int64_t probe_ms; /* 0: nothing is awaited */
	int wake[2];      /* a pipe from the signal handlers to the loop */
	attr_t attrs[ROLE_COUNT];
	short pairs[ROLE_COUNT];
	char *crash_stack;
} term = { .wake = { -1, -1 } };

static volatile sig_atomic_t term_resized, term_stopped, term_continued;
static volatile sig_atomic_t term_taken; /* the crash handler has something to put back */
static char term_restore[256];
static volatile sig_atomic_t term_restore_bytes;

static const int term_crashes[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL };

static void
term_warn(const char *en, const char *zh)
{
	if (term.warning_count < TERM_WARNINGS)
		term.warnings[term.warning_count++] = (struct term_text){ en, zh };
}

const char *
term_warning(enum lang lang)
{
	const struct term_text *warning;

	if (term.warning_told == term.warning_count)
		return NULL;
	warning = &term.warnings[term.warning_told++];
	return lang == LANG_ZH ? warning->zh : warning->en;
}

/* Signals ---------------------------------------------------------------------------- */

static void
term_on_crash(int number)
{
	if (term_taken) {
		term_taken = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
		if (write(STDOUT_FILENO, term_restore, (size_t)term_restore_bytes) < 0)
			number += 0; /* nothing is left to be done about it */
	}
	signal(number, SIG_DFL);
	raise(number);
}

static void
term_on_signal(int number)
{
	int kept = errno;

	if (number == SIGWINCH)
		term_resized = 1;
	else if (number == SIGCONT)
		term_continued = 1;
	else
		term_stopped = 1;
	if (write(term.wake[1], "", 1) < 0)
		errno = kept; /* the pipe is full: the loop will wake anyway */
	errno = kept;
}

static void
term_watch_signals(void)
{
	struct sigaction crash = { .sa_handler = term_on_crash,
		.sa_flags = SA_ONSTACK | SA_NODEFER };
	struct sigaction flag = { .sa_handler = term_on_signal, .sa_flags = SA_RESTART };
	stack_t stack = { 0 };

	term.crash_stack = mem_alloc(64 * 1024);
	if (term.crash_stack) {
		stack.ss_sp = term.crash_stack;
		stack.ss_size = 64 * 1024;
		sigaltstack(&stack, NULL);
	}
	for (size_t i = 0; i < sizeof term_crashes / sizeof *term_crashes; i++)
		sigaction(term_crashes[i], &crash, NULL);
	sigaction(SIGWINCH, &flag, NULL);
	sigaction(SIGTERM, &flag, NULL);
	sigaction(SIGHUP, &flag, NULL);
	sigaction(SIGCONT, &flag, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int
term_signal_fd(void)
{
	return term.wake[0];
}

unsigned
term_take_signals(void)
{
	unsigned flags = 0;
	char drain[64];

	while (term.wake[0] >= 0 && read(term.wake[0], drain, sizeof drain) > 0)
		continue;
	if (term_resized)
		flags |= TERM_RESIZED;
	if (term_stopped)
		flags |= TERM_STOP;
	if (term_continued)
		flags |= TERM_CONT;
	term_resized = term_stopped = term_continued = 0;
	return flags;
}

/* Locale and terminfo ---------------------------------------------------------------- */

static bool
term_codeset_shows_han(const char *codeset)
{
	return strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "GB18030") == 0 ||
	       strcmp(codeset, "GBK") == 0 || strcmp(codeset, "GB2312") == 0;
}

static void
term_open_locale(void)
{
	const char *set = setlocale(LC_CTYPE, "");

	if (!set || !term_codeset_shows_han(nl_langinfo(CODESET))) {
		if (setlocale(LC_CTYPE, "C.UTF-8"))
			term_warn(
			    "The locale has no Chinese; UTF-8 is used. Set LANG=zh_CN.UTF-8",
			    "语言环境不支持中文，已改用 UTF-8。请设置 LANG=zh_CN.UTF-8");
		else
			term_warn(
			    "The locale has no Chinese and UTF-8 is missing: English only",
			    "语言环境不支持中文，仅显示英文");
	}
	snprintf(term.codeset, sizeof term.codeset, "%s", nl_langinfo(CODESET));
	term.han = term_codeset_shows_han(term.codeset);
}

/* A terminfo string without its padding marks; "" when the terminal lacks it. */
static const char *
term_capability(const char *name, char out[64])
{
	const char *value = tigetstr(name);
	size_t bytes = 0;

	if (value && value != (char *)-1) {
		while (*value && bytes < 63) {
			if (value[0] == '$' && value[1] == '<')
				value += strcspn(value, ">") + 1;
			else
				out[bytes++] = *value++;
		}
	}
	out[bytes] = '\0';
	return out;
}

static bool
term_usable(const char *name)
{
	int found;
	char room[64];

	if (setupterm(name, STDOUT_FILENO, &found) != OK)
		return false;
	if (*term_capability("cup", room))
		return true;
	del_curterm(cur_term);
	return false;
}

/*
 * Entries of our own, for terminals the system does not know: beside the program (build/terminfo), or where it
 * was installed. An empty place means the system's, which come first.
 */
static void
term_add_entries(void)
{
	static const char *const places[] = { "terminfo", "../share/kehu/terminfo" };
	const char *before = getenv("TERMINFO_DIRS");
	char self[PATH_MAX], place[PATH_MAX + 32], dirs[2 * PATH_MAX + 64];
	ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
	static bool added;

	if (bytes <= 0 || added || (before && strlen(before) >= PATH_MAX))
		return;
	self[bytes] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof places / sizeof *places && !added; i++) {
		snprintf(place, sizeof place, "%s/%s", self, places[i]);
		if (access(place, X_OK) != 0)
			continue;
		snprintf(dirs, sizeof dirs, "%s:%s", before ? before : "", place);
		added = setenv("TERMINFO_DIRS", dirs, 1) == 0;
	}
}

/* setupterm() first, since newterm() ends the program for an unknown terminal. */
static bool
term_open_terminfo(void)
{
	static const char *const stand_ins[] = { "xterm", "vt100" };
	const char *name = getenv("TERM");

	term_add_entries();
	if (name && *name && term_usable(name)) {
		snprintf(term.name, sizeof term.name, "%s", name);
		return true;
	}
	if (name && strcmp(name, "dumb") == 0)
		return false;
	for (size_t i = 0; i < sizeof stand_ins / sizeof *stand_ins; i++) {
		if (!term_usable(stand_ins[i]))
			continue;
		snprintf(term.name, sizeof term.name, "%s", stand_ins[i]);
		setenv("TERM", stand_ins[i], 1);
		term_warn("This TERM is not known here; drawing as for an xterm",
		    "未知的 TERM，按 xterm 处理");
		return true;
	}
	return false;
}

void
term_look(struct term_facts *facts)
{
	const char *name = getenv("TERM");
	struct winsize size = { 0 };

	*facts = (struct term_facts){ .name = name != NULL && *name != '\0' ? name : "?" };
	term_open_locale();
	term_add_entries();
	facts->codeset = term.codeset;
	facts->han = term.han;
	facts->tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
		     ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
	facts->cols = size.ws_col;
	facts->rows = size.ws_row;
	facts->known = name != NULL && *name != '\0' && term_usable(name);
	if (facts->known) {
		facts->colours = tigetnum("colors");
		del_curterm(cur_term);
	}
}

static void
term_prepare_restore(void)
{
	static const char *const capabilities[] = { "sgr0", "rmkx", "cnorm", "rmcup" };
	char room[64];
	size_t bytes = 0;

	/* The modes of xterms first: where they are not known they do nothing. */
	bytes += (size_t)snprintf(
	    term_restore, sizeof term_restore, "\033[?2004l\033[?1000l\033[?1006l");
	for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
		bytes += (size_t)snprintf(term_restore + bytes, sizeof term_restore - bytes,
		    "%s", term_capability(capabilities[i], room));
	bytes += (size_t)snprintf(term_restore + bytes, sizeof term_restore - bytes, "\r\n");
	term_restore_bytes = (sig_atomic_t)bytes;
}

/* What terminfo says of this terminal's keys, for those unlike an xterm. */
static void
term_define_keys(void)
{
	static const struct {
		const char *name;
		uint32_t code;
	} keys[] = {
		{ "kf1", K_F1 },
		{ "kf2", K_F2 },
		{ "kf3", K_F3 },
		{ "kf4", K_F4 },
		{ "kf5", K_F5 },
		{ "kf6", K_F6 },
		{ "kf7", K_F7 },
		{ "kf8", K_F8 },
		{ "kf9", K_F9 },
		{ "kf10", K_F10 },
		{ "kf11", K_F11 },
		{ "kf12", K_F12 },
		{ "kcuu1", K_UP },
		{ "kcud1", K_DOWN },
		{ "kcub1", K_LEFT },
		{ "kcuf1", K_RIGHT },
		{ "khome", K_HOME },
		{ "kend", K_END },
		{ "kpp", K_PGUP },
		{ "knp", K_PGDN },
		{ "kich1", K_INSERT },
		{ "kdch1", K_DELETE },
		{ "kcbt", K_BACKTAB },
		{ "kLFT", K_SHIFT_LEFT },
		{ "kRIT", K_SHIFT_RIGHT },
	};
	const char *value;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		value = tigetstr(keys[i].name);
		if (value && value != (char *)-1)
			input_define(term.input, value, keys[i].code);
	}
}

/* How long Esc waits for company: ESCDELAY decides, then whether Esc 5 must stand for F5. */
static int
term_hold_ms(void)
{
	const char *set = getenv("ESCDELAY"), *f5 = tigetstr("kf5");
	long ms = set ? strtol(set, NULL, 10) : 0;

	if (ms > 0 && ms <= 5000)
		return (int)ms;
	return !f5 || f5 == (char *)-1 || strncmp(term.name, "vt", 2) == 0 ? 1000 : 300;
}

/* Start ------------------------------------------------------------------------------ */

/*
 * Themes change the colours of roles and nothing else. On a light ground yellow and cyan are not seen; who needs
 * contrast is served by bold and reverse and gets nothing dim.
 */
enum term_theme { THEME_DEFAULT, THEME_LIGHT, THEME_CONTRAST, THEME_MONO, THEME_COUNT };

static const char *const term_themes[THEME_COUNT] = { "default", "light", "contrast", "mono" };

struct term_form {
	short colour; /* -1: the default */
	attr_t attr;
};

static const struct term_form term_forms[THEME_COUNT][ROLE_COUNT] = {
	[THEME_DEFAULT] = {
		[ROLE_NORMAL] = { -1, A_NORMAL },
		[ROLE_CHROME] = { -1, A_REVERSE },
		[ROLE_FOCUS] = { -1, A_REVERSE },
		[ROLE_STRONG] = { -1, A_BOLD },
		[ROLE_GOOD] = { COLOR_GREEN, A_NORMAL },
		[ROLE_WARN] = { COLOR_YELLOW, A_NORMAL },
		[ROLE_BAD] = { COLOR_RED, A_NORMAL },
		[ROLE_MUTED] = { -1, A_DIM },
		[ROLE_LINK] = { COLOR_CYAN, A_UNDERLINE },
		[ROLE_FIELD] = { -1, A_UNDERLINE },
	},
	[THEME_LIGHT] = {
		[ROLE_NORMAL] = { -1, A_NORMAL },
		[ROLE_CHROME] = { -1, A_REVERSE },
		[ROLE_FOCUS] = { -1, A_REVERSE },
		[ROLE_STRONG] = { -1, A_BOLD },
		[ROLE_GOOD] = { COLOR_GREEN, A_BOLD },
		[ROLE_WARN] = { COLOR_MAGENTA, A_NORMAL },
		[ROLE_BAD] = { COLOR_RED, A_BOLD },
		[ROLE_MUTED] = { -1, A_DIM },
		[ROLE_LINK] = { -1, A_UNDERLINE },
		[ROLE_FIELD] = { -1, A_UNDERLINE },
	},
	[THEME_CONTRAST] = {
		[ROLE_NORMAL] = { -1, A_NORMAL },
		[ROLE_CHROME] = { -1, A_REVERSE | A_BOLD },
		[ROLE_FOCUS] = { -1, A_REVERSE | A_BOLD },
		[ROLE_STRONG] = { -1, A_BOLD },
		[ROLE_GOOD] = { COLOR_GREEN, A_BOLD },
		[ROLE_WARN] = { COLOR_YELLOW, A_BOLD },
		[ROLE_BAD] = { COLOR_RED, A_BOLD | A_REVERSE },
		[ROLE_MUTED] = { -1, A_NORMAL },
		[ROLE_LINK] = { COLOR_CYAN, A_BOLD | A_UNDERLINE },
		[ROLE_FIELD] = { -1, A_UNDERLINE },
	},
	[THEME_MONO] = {
		[ROLE_NORMAL] = { -1, A_NORMAL },
		[ROLE_CHROME] = { -1, A_REVERSE },
		[ROLE_FOCUS] = { -1, A_REVERSE },
		[ROLE_STRONG] = { -1, A_BOLD },
		[ROLE_GOOD] = { -1, A_NORMAL },
		[ROLE_WARN] = { -1, A_BOLD },
		[ROLE_BAD] = { -1, A_REVERSE },
		[ROLE_MUTED] = { -1, A_NORMAL },
		[ROLE_LINK] = { -1, A_UNDERLINE },
		[ROLE_FIELD] = { -1, A_UNDERLINE },
	},
};

static enum term_theme
term_theme_called(const char *name)
{
	enum term_theme theme = THEME_DEFAULT;

	while (name && theme < THEME_COUNT && strcmp(term_themes[theme], name) != 0)
		theme++;
	return theme;
}

static void
term_open_roles(bool mono, enum term_theme theme)
{
	const struct term_form *forms;
	attr_t can = termattrs();
	short pair = 0;

	term.colour = !mono && theme != THEME_MONO && has_colors() && start_color() == OK && COLORS >= 8 &&
		      use_default_colors() == OK;
	forms = term_forms[term.colour ? theme : THEME_MONO];
	for (int role = 0; role < ROLE_COUNT; role++) {
		term.pairs[role] = 0;
		term.attrs[role] = term.colour ? forms[role].attr & (can | A_REVERSE) : forms[role].attr;
		if (term.colour && forms[role].colour >= 0 &&
		    init_pair(++pair, forms[role].colour, -1) == OK)
			term.pairs[role] = pair;
	}
	cells_set_mono(!term.colour);
}

static void
term_send(const char *text)
{
	size_t left = strlen(text);
	ssize_t sent;

	while (left && ((sent = write(STDOUT_FILENO, text, left)) > 0 || errno == EINTR)) {
		if (sent > 0) {
			text += sent;
			left -= (size_t)sent;
		}
	}
}

/*
 * How wide is an ambiguous character here, and is the encoding what the locale says? Only
 * the terminal knows: draw one and a Han character, ask where the cursor is. Nobody waits
 * for the answers; until they come, stand-ins are drawn.
 */
static void
term_probe(void)
{
	cells_set_ambiguous(term.ascii ? CELLS_WIDE : CELLS_UNKNOWN);
	if (strcmp(term.codeset, "UTF-8") != 0 || term.ascii)
		return;
	term_send("\r\xe2\x94\x80\033[6n\r\xe5\xae\xa2\033[6n\r   \r");
	input_expect_report(term.input);
	input_expect_report(term.input);
	term.probe_ms = date_monotonic_us() / 1000;
	term.answers = 0;
}

bool
term_answer(const struct event *event)
{
	if (!term.probe_ms || term.answers == 2)
		return false;
	term.answer_cols[term.answers++] = event->col - 1;
	if (term.answers < 2)
		return false;
	term.probe_ms = 0;
	if (term.answer_cols[1] != 2) {
		term_warn("The terminal's encoding is not UTF-8, Chinese will be garbled",
		    "终端编码不是 UTF-8，中文会显示错乱");
		return true;
	}
	cells_set_ambiguous(term.answer_cols[0] == 1 ? CELLS_NARROW : CELLS_WIDE);
	return true;
}

bool
term_answer_late(int64_t now_ms)
{
	if (term.probe_ms && now_ms - term.probe_ms >= TERM_ANSWER_MS)
		term.probe_ms = 0;
	return false;
}

static enum err
term_refuse(const char **why, const char *text)
{
	*why = text;
	return ERR_USAGE;
}

static bool
term_open_pipe(void)
{
	if (pipe2(term.wake, O_NONBLOCK | O_CLOEXEC) < 0) {
		term.wake[0] = term.wake[1] = -1;
		return false;
	}
	return true;
}

static void
term_open_modes(const struct term_options *options)
{
	bool mono = options->mono || (getenv("NO_COLOR") && *getenv("NO_COLOR"));

	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	typeahead(-1); /* the loop knows when to paint */
	idlok(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	term_open_roles(mono, term_theme_called(options->theme));
	wnoutrefresh(stdscr);
	doupdate();
	term_send("\033[?2004h");
	term.mouse = options->mouse;
	if (term.mouse)
		term_send("\033[?1000h\033[?1006h");
}

enum err
term_open(const struct term_options *options, const char **why)
{
	const struct term_options plain = { 0 };

	options = options ? options : &plain;
	if (term_theme_called(options->theme) == THEME_COUNT)
		return term_refuse(why, "client.theme: default, light, contrast or mono");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return term_refuse(why,
		    "kehu needs a terminal; for pipes use kehu list, get, search "
		    "(全屏界面需要终端，管道请用子命令)");
	term.warning_count = term.warning_told = 0;
	term_open_locale();
	if (!term_open_terminfo())
		return term_refuse(why,
		    "this terminal cannot move its cursor; set TERM, for example "
		    "TERM=xterm-256color (终端不支持光标定位，请设置 TERM)");
	if (tcgetattr(STDIN_FILENO, &term.saved) < 0 || !term_open_pipe())
		return term_refuse(why, "the terminal cannot be set up (无法设置终端)");
	term.remote = getenv("SSH_CONNECTION") != NULL;
	term.ascii = options->ascii;
	term.input = input_new(term.codeset, term_hold_ms());
	term_prepare_restore();
	term_define_keys();
	del_curterm(cur_term); /* newterm() reads the entry again for itself */
	term_watch_signals();  /* before newterm(), which leaves handlers that exist alone */
	term_taken = 1;
	term.screen = newterm(term.name, stdout, stdin);
	if (!term.screen) {
		term_close();
		return term_refuse(why, "the terminal cannot be set up (无法设置终端)");
	}
	term.open = true;
	term_open_modes(options);
	cells_set_charset(term.han ? CELLS_LOCALE : CELLS_ASCII);
	term_probe();
	term_resize();
	return ERR_OK;
}

void
term_close(void)
{
	if (term.open) {
		term_send("\033[?2004l\033[?1000l\033[?1006l");
		endwin();
		delscreen(term.screen);
	}
	term.open = false;
	term_taken = 0;
	term.screen = NULL;
	input_free(term.input);
	term.input = NULL;
	for (int i = 0; i < 2; i++) {
		if (term.wake[i] >= 0)
			close(term.wake[i]);
		term.wake[i] = -1;
	}
}

void
term_suspend(void)
{
	if (!term.open)
		return;
	term_send("\033[?2004l\033[?1000l\033[?1006l");
	def_prog_mode();
	endwin();
}

void
term_resume(void)
{
	if (!term.open)
		return;
	reset_prog_mode();
	term_resize();
	term_send("\033[?2004h");
	if (term.mouse)
		term_send("\033[?1000h\033[?1006h");
}

bool
term_is_open(void)
{
	return term.open;
}

bool
term_shows_han(void)
{
	return !term.open || term.han;
}

bool
term_is_remote(void)
{
	return term.remote;
}

bool
term_has_colour(void)
{
	return term.colour;
}

const char *
term_name(void)
{
	return term.name;
}

const char *
term_codeset(void)
{
	return term.codeset;
}

/* Painting --------------------------------------------------------------------------- */

static void
term_paint_row(int y, cchar_t *line)
{
	const struct cell *row = cells_row(y);
	wchar_t text[2] = { 0 };
	int count = 0;

	for (int x = 0; x < cells_cols(); x++) {
		if (!row[x].cols)
			continue;
		text[0] = (wchar_t)row[x].code;
		setcchar(&line[count++], text, term.attrs[row[x].role], term.pairs[row[x].role],
		    NULL);
	}
	mvwadd_wchnstr(stdscr, y, 0, line, count);
}

void
term_paint(bool repaint)
{
	cchar_t *line;
	int y, x;

	if (!term.open)
		return;
	line = arena_array(cells_scratch(), (size_t)cells_cols() + 1, sizeof *line);
	for (y = 0; y < cells_rows(); y++)
		term_paint_row(y, line);
	if (repaint)
		clearok(stdscr, TRUE);
	cells_cursor_get(&y, &x);
	wmove(stdscr, y, x);
	wnoutrefresh(stdscr);
	doupdate();
}

void
term_beep(void)
{
	if (term.open)
		beep();
}

void
term_resize(void)
{
	struct winsize size = { 0 };
	int rows = LINES, cols = COLS;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col) {
		rows = size.ws_row;
		cols = size.ws_col;
	}
	if (rows != LINES || cols != COLS)
		resizeterm(rows, cols);
	if (rows != cells_rows() || cols != cells_cols())
		cells_resize(rows, cols);
}

/* Reading ---------------------------------------------------------------------------- */

struct input *
term_input(void)
{
	return term.input;
}

bool
term_read(int64_t now_ms)
{
	struct pollfd wait = { .fd = STDIN_FILENO, .events = POLLIN };
	char bytes[4096];
	ssize_t got;

	while (poll(&wait, 1, 0) > 0) {
		got = read(STDIN_FILENO, bytes, sizeof bytes);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return false;
		input_feed(term.input, bytes, (size_t)got, now_ms);
		if ((size_t)got < sizeof bytes)
			break;
	}
	return true;
}

static void
term_base64(const char *text, size_t bytes, char *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = (const unsigned char *)text;

	for (size_t i = 0; i < bytes; i += 3) {
		uint32_t three = (uint32_t)in[i] << 16;

		three |= i + 1 < bytes ? (uint32_t)in[i + 1] << 8 : 0;
		three |= i + 2 < bytes ? in[i + 2] : 0U;
		*out++ = digits[three >> 18];
		*out++ = digits[three >> 12 & 63];
		*out++ = i + 1 < bytes ? digits[three >> 6 & 63] : '=';
		*out++ = i + 2 < bytes ? digits[three & 63] : '=';
	}
	*out = '\0';
}

bool
term_copy(const char *text)
{
	char encoded[TERM_COPY_BYTES / 3 * 4 + 8];
	size_t bytes = strlen(text);

	if (!term.open || bytes > TERM_COPY_BYTES || strncmp(term.name, "vt", 2) == 0 ||
	    strcmp(term.name, "linux") == 0)
		return false;
	term_base64(text, bytes, encoded);
	term_send("\033]52;c;");
	term_send(encoded);
	term_send("\a");
	return true;
}
