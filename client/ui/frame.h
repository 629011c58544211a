/*
 * Frame: title, context, hint, message line and key bar around the screens. Between ui.c and
 * frame.c only; screens use ui.h.
 */
#ifndef KEHU_UI_FRAME_H
#define KEHU_UI_FRAME_H

#include "client/ui/ui.h"

enum { FRAME_MIN_ROWS = 18, FRAME_MIN_COLS = 60, FRAME_LOCAL_CLOCK = 100000 };

enum ui_dirty {
	UI_CLEAN,
	UI_DIRTY_PUSH, /* something from outside; may wait for the next tenth of a second */
	UI_DIRTY_KEY,  /* an answer to the user: at once */
};

enum { UI_AHEAD = 64 };

struct ui {
	struct loop *loop;
	struct screen *top;
	bool quit, repaint;
	enum ui_dirty dirty;
	int64_t painted_ms;
	int64_t typed_ms;
	unsigned resize_timer;
	int han_keys;
	enum err said_code; /* of the message on show when the key came */
	struct event ahead[UI_AHEAD]; /* keys typed before the screen they are for knew what it shows */
	size_t ahead_count;
	unsigned ahead_timer;

	char user[96], link[64];
	char banner[120];
	enum role link_role;
	int clock_minutes;
	int clock_shown; /* minute of the day on the screen */
	const char *const (*modules)[2];
	size_t module_count;

	int busy;
	int64_t busy_since_ms;
	int spin_shown; /* quarter of a second on the screen */
	void (*cancel)(void *arg);
	void *cancel_arg;
	unsigned (*global)(void *arg, enum act act);
	void *global_arg;
	bool withheld[ACT_COUNT];
};

bool frame_too_small(void);
/* Minutes east of UTC of the clock in the title. */
int frame_offset_min(const struct ui *ui);
enum ctx frame_context(struct screen *screen);
/* Whether clock, spinner or message line would look different now. */
bool frame_changes(struct ui *ui, int64_t now_ms);
/* When they will; -1: never by themselves. */
int64_t frame_deadline_ms(const struct ui *ui, int64_t now_ms);

#endif
