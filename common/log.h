/*
 * Structured log: one line a record, "time level message key=value…", values escaped so that
 * no text from outside can make a line or a control sequence of its own. Ids and field names
 * are logged; customer data and secrets are not. Safe to call from any thread.
 */
#ifndef KEHU_LOG_H
#define KEHU_LOG_H

#include "common/arena.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* To standard error unless a path is given; NULL keeps it. Returns false and errno. */
bool log_open(const char *path, enum log_level level);
void log_close(void);
bool log_wants(enum log_level level);
/* "error", "warn", "info", "debug"; anything else is LOG_INFO. */
enum log_level log_level_named(const char *name);

/*
 * message is a constant; format adds "key=value" pairs. Each %s value is passed through
 * log_value() by the caller when it comes from outside.
 */
void log_write(enum log_level level, const char *message, const char *format, ...)
    PRINTF_LIKE(3, 4);
#define log_error(message, ...) log_write(LOG_ERROR, message, __VA_ARGS__)
#define log_warn(message, ...) log_write(LOG_WARN, message, __VA_ARGS__)
#define log_info(message, ...) log_write(LOG_INFO, message, __VA_ARGS__)
#define log_debug(message, ...) log_write(LOG_DEBUG, message, __VA_ARGS__)

/* Escaped and cut to 200 bytes, quoted when it has spaces. In arena. */
const char *log_value(struct arena *arena, const char *text);

/* Out of memory, a broken invariant of ours: logs and aborts. */
_Noreturn void fatal(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
