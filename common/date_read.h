/*
 * Pieces that dates and times are read from, for date_parse.c and time_parse.c only. Each
 * function that reads moves *at past what it took and leaves it alone when it took nothing.
 */
#ifndef KEHU_DATE_READ_H
#define KEHU_DATE_READ_H

#include <stdbool.h>

#define DATE_TEXT_BYTES 64

/*
 * The text made plain: full-width to ASCII, lower case, without spaces; but between two
 * digits they separate: "11 23" is 11-23. false: empty, too long or not UTF-8.
 */
bool date_read_plain(const char *text, char out[DATE_TEXT_BYTES]);
bool date_read_word(const char **at, const char *word);
/* Words of a list ended by NULL; the index of the first that is there, -1 for none. */
int date_read_any(const char **at, const char *const *words);
/* At most 5 digits, so that no sum of them overflows; returns how many there were. */
int date_read_digits(const char **at, int *value);
/* 5, 12, 五, 十二, 二十三, 两: in characters up to 99. */
bool date_read_number(const char **at, int *value);

#endif
