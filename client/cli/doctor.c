/*
 * doctor: what stands between a user and a good session, looked at from here: terminal, files,
 * link, certificate, clock, sign-in. Each finding says what to do about it. Nothing is changed.
 */
#include "client/cli/cli.h"
#include "client/cli/login.h"
#include "client/link/place.h"
#include "client/ui/term.h"
#include "common/date.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DOCTOR_COLS_MIN	     80
#define DOCTOR_ROWS_MIN	     24
#define DOCTOR_FREE_BYTES    (UINT64_C(50) << 20)
#define DOCTOR_CLOCK_US	     (60 * US_PER_SECOND)
#define DOCTOR_RTT_MS	     300
#define DOCTOR_CERTIFICATE_D 30

enum verdict { DOCTOR_GOOD, DOCTOR_LOOK, DOCTOR_BAD };

struct doctor {
	struct cli *cli;
	struct sheet *sheet;
	enum sheet_format format;
	enum verdict worst;
};

/* One line. what and advice ("" when there is none) are in the user's language. */
static void
doctor_say(struct doctor *doctor, const char *name, const char *label, enum verdict verdict,
    const char *what, const char *advice)
{
	static const char *const words[] = { "good", "look", "bad" };
	struct cli *cli = doctor->cli;
	const char *const people[] = { cli_say(cli, "good", "正常"),
		cli_say(cli, "look at it", "注意"), cli_say(cli, "bad", "不行") };
	bool table = doctor->format == SHEET_TABLE;

	if (verdict > doctor->worst)
		doctor->worst = verdict;
	sheet_row(doctor->sheet,
	    (struct sheet_cell[]){ { .text = table ? label : name },
		{ .text = table ? people[verdict] : words[verdict] }, { .text = what },
		{ .text = advice } });
}

/* ---- here -------------------------------------------------------------------------------- */

static void
doctor_terminal(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	const char *label = cli_say(cli, "Terminal", "终端"), *advice = "";
	struct term_facts facts;
	enum verdict verdict = DOCTOR_GOOD;

	term_look(&facts);
	if (!facts.known) {
		verdict = DOCTOR_BAD;
		advice = cli_say(cli, "set TERM, for example TERM=xterm-256color",
		    "请设置 TERM，例如 TERM=xterm-256color");
	} else if (!facts.tty) {
		verdict = DOCTOR_LOOK;
		advice = cli_say(cli, "no terminal here: the full screen needs one",
		    "此处不是终端，全屏界面需要终端");
	} else if (facts.cols < DOCTOR_COLS_MIN || facts.rows < DOCTOR_ROWS_MIN) {
		verdict = DOCTOR_LOOK;
		advice = cli_say(cli, "80 columns and 24 rows show everything",
		    "请把窗口调到 80 列 24 行以上");
	}
	const char *size = facts.tty ?
	    arena_printf(cli->arena, " %d×%d", facts.cols, facts.rows) : "";
	const char *colour = facts.colours >= 8 ? "" : cli_say(cli, ", no colours", "，无颜色");
	doctor_say(doctor, "terminal", label, verdict,
	    arena_printf(cli->arena, "%s%s%s", facts.name, size, colour), advice);
	doctor_say(doctor, "characters", cli_say(cli, "Characters", "字符"),
	    facts.han ? DOCTOR_GOOD : DOCTOR_BAD, facts.codeset,
	    facts.han ? "" :
			cli_say(cli, "set LANG=zh_CN.UTF-8 or C.UTF-8, or no Chinese shows",
			    "请设置 LANG=zh_CN.UTF-8 或 C.UTF-8，否则不能显示中文"));
}

static void
doctor_folder(struct doctor *doctor, const char *name, const char *label, const char *dir)
{
	struct cli *cli = doctor->cli;
	struct statvfs room;

	if (dir == NULL || place_make(dir) != ERR_OK || access(dir, W_OK | X_OK) != 0) {
		doctor_say(doctor, name, label, DOCTOR_BAD,
		    dir == NULL ? cli_say(cli, "no home folder", "没有主目录") :
				  arena_printf(cli->arena, "%s: %s", dir, strerror(errno)),
		    cli_say(cli, "drafts and unsent saves cannot be kept: set HOME or mend the folder",
			"无法保留草稿与未同步的保存：请设置 HOME 或修复该目录"));
		return;
	}
	bool full = statvfs(dir, &room) == 0 &&
		    (uint64_t)room.f_bavail * room.f_frsize < DOCTOR_FREE_BYTES;
	doctor_say(doctor, name, label, full ? DOCTOR_LOOK : DOCTOR_GOOD, dir,
	    full ? cli_say(cli, "less than 50 MiB are free", "可用空间不足 50 MiB") : "");
}

/* ---- there ------------------------------------------------------------------------------- */

static void
doctor_clock(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	int64_t off_us = link_now_us(cli->link) - date_now_us();
	bool wrong = off_us > DOCTOR_CLOCK_US || off_us < -DOCTOR_CLOCK_US;
	long off_ms = (long)(-off_us / 1000);

	doctor_say(doctor, "clock", cli_say(cli, "Clock", "时钟"), wrong ? DOCTOR_LOOK : DOCTOR_GOOD,
	    arena_printf(cli->arena,
		cli_say(cli, "%+ld ms from the server's", "与服务器相差 %+ld 毫秒"), off_ms),
	    wrong ? cli_say(cli, "second factors and dates go by it: set it (timedatectl set-ntp true)",
			"动态码与日期依赖时钟：请校时（timedatectl set-ntp true）") :
		    "");
}

static void
doctor_certificate(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	int64_t until_us = link_certificate_us(cli->link);
	int64_t days = (until_us - date_now_us()) / US_PER_DAY;

	if (until_us == 0)
		return;
	doctor_say(doctor, "certificate", cli_say(cli, "Certificate", "证书"),
	    days < DOCTOR_CERTIFICATE_D ? DOCTOR_LOOK : DOCTOR_GOOD,
	    arena_printf(cli->arena, cli_say(cli, "of the server, good until %s", "服务器证书有效至 %s"),
		date_format(cli->arena, until_us / US_PER_DAY)),
	    days < DOCTOR_CERTIFICATE_D ?
		cli_say(cli, "tell the administrator: it ends soon", "即将到期，请告知管理员") :
		"");
}

/* Signed in with the password that is at hand; without one this is left out. */
static void
doctor_sign_in(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	const char *label = cli_say(cli, "Sign-in", "登录");
	enum err err;

	if (cli->settings.user == NULL || cli->settings.password == NULL) {
		doctor_say(doctor, "sign_in", label, DOCTOR_GOOD,
		    cli_say(cli, "not tried: no password file", "未尝试：没有密码文件"), "");
		return;
	}
	link_login(cli->link, cli->settings.user, cli->settings.password, NULL);
	err = link_wait(cli->link, cli->timeout_ms);
	struct link_status status = link_status(cli->link);
	if (err != ERR_OK && !status.needs_factor) {
		doctor_say(doctor, "sign_in", label, DOCTOR_BAD,
		    status.text != NULL ? status.text : err_text(err, cli->lang), "");
		return;
	}
	doctor_say(doctor, "sign_in", label, DOCTOR_GOOD,
	    status.needs_factor ?
		cli_say(cli, "password right, a second factor is asked for", "密码正确，需要二次验证") :
		arena_printf(cli->arena, "%s, %s", link_user(cli->link)->label,
		    link_user(cli->link)->branch),
	    "");
}

static void
doctor_link(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	struct link_options options = cli_link_options(cli);
	const char *label = cli_say(cli, "Server", "服务器"), *server = cli->settings.server;
	int64_t began_us = date_monotonic_us();
	enum err err;

	options.give_up = true;
	options.keep_password = true; /* a wait ends with the greeting, or signed in */
	cli->link = link_new(&options);
	err = link_wait(cli->link, cli->timeout_ms);
	struct link_status status = link_status(cli->link);
	if (!status.needs_login) {
		doctor_say(doctor, "server", label, DOCTOR_BAD,
		    status.text != NULL && status.text[0] != '\0' ? status.text : err_text(err, cli->lang),
		    err == ERR_CERTIFICATE ?
			cli_say(cli, "check --ca: the file ca.crt of this server",
			    "请检查 --ca：应为该服务器的 ca.crt") :
			cli_say(cli, "check --server, the VPN and the firewall",
			    "请检查 --server、VPN 与防火墙"));
		return;
	}
	doctor_say(doctor, "server", label, DOCTOR_GOOD,
	    arena_printf(cli->arena, cli_say(cli, "%s, greeted in %d ms", "%s，%d 毫秒内应答"), server,
		(int)((date_monotonic_us() - began_us) / 1000)),
	    "");
	if (status.rtt_ms >= 0)
		doctor_say(doctor, "round_trip", cli_say(cli, "Round trip", "往返时间"),
		    status.rtt_ms > DOCTOR_RTT_MS ? DOCTOR_LOOK : DOCTOR_GOOD,
		    arena_printf(cli->arena, "%d ms", status.rtt_ms),
		    status.rtt_ms > DOCTOR_RTT_MS ?
			cli_say(cli, "a slow line: lists come a page at a time", "线路较慢：列表逐页显示") :
			"");
	doctor_certificate(doctor);
	doctor_clock(doctor);
	doctor_sign_in(doctor);
}

enum err
cli_doctor(struct cli *cli)
{
	const struct sheet_column columns[] = { { "check", cli_say(cli, "Check", "项目") },
		{ "verdict", cli_say(cli, "Verdict", "结论") },
		{ "found", cli_say(cli, "Found", "现状") },
		{ "advice", cli_say(cli, "What to do", "建议") } };
	struct doctor doctor = { .cli = cli };
	enum err err = cli_format(cli, SHEET_TABLE, &doctor.format);

	if (err != ERR_OK)
		return err;
	doctor.sheet =
	    sheet_new(stdout, doctor.format, columns, 4, cli->options.given & OPT_BIT(HEADER));
	doctor_terminal(&doctor);
	doctor_folder(&doctor, "state", cli_say(cli, "Drafts", "草稿"), place_state_dir(cli->arena));
	doctor_folder(&doctor, "cache", cli_say(cli, "Cache", "缓存"), place_cache_dir(cli->arena));
	doctor_link(&doctor);
	err = cli_sheet_end(cli, doctor.sheet);
	cli->said = true; /* each line says it */
	return err == ERR_OK && doctor.worst == DOCTOR_BAD ? ERR_INVALID : err;
}
