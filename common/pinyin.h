/*
 * Pinyin from a static table made at build time from Unihan's readings, plus a phrase list
 * of our own (places, surnames, trades) where one reading is right. Thread-safe, no state.
 */
#ifndef KEHU_PINYIN_H
#define KEHU_PINYIN_H

#include "common/arena.h"
#include <stdint.h>

/* All readings of one character, toneless ASCII, best first ("chang", "zhang"); 0: none. */
size_t pinyin_readings(uint32_t code, const char *out[8]);

/* All syllables that occur, in the order of the alphabet; NULL past the last. */
const char *pinyin_syllable_at(size_t number);

/*
 * How a syllable is typed: as it is, and lü as lyu, lüe as lue. Returns how many (static).
 */
#define PINYIN_SPELLINGS 3
size_t pinyin_spellings(const char *syllable, const char *out[PINYIN_SPELLINGS]);

/*
 * The readings of a text, position by position: phrases decide where they match (places and
 * trades anywhere, surnames at the start of a person's name), else every reading of the
 * character, best first. Latin words and digits pass as one syllable each, lower case.
 */
struct pinyin_syllable {
	const char *readings[8]; /* in arena or static */
	uint8_t count;
	bool han;
};
enum pinyin_kind { PINYIN_NAME, PINYIN_PERSON };
size_t pinyin_text(struct arena *arena, const char *text, enum pinyin_kind kind,
    struct pinyin_syllable **syllables);

/* First readings: initials "zgyh" and full "zhongguoyinhang" of 中国银行. In arena. */
char *pinyin_initials(struct arena *arena, const char *text, enum pinyin_kind kind);
char *pinyin_full(struct arena *arena, const char *text, enum pinyin_kind kind);

/*
 * Sort key for COLLATE "C": Latin and digits first, folded; Han by first reading, then by
 * code, so that 长沙 sorts under chang and equal readings keep characters together. At most
 * 120 bytes, ASCII and UTF-8. In arena.
 */
char *pinyin_sort_key(struct arena *arena, const char *text, enum pinyin_kind kind);

/* The SHA-256 of the readings and phrases: what was made by others has another. */
void pinyin_checksum(uint8_t out[32]);

#endif
