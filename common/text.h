/*
 * Text: UTF-8 checking, NFC, cleaning, and width in terminal cells.
 *
 * Everything from outside passes text_clean() before it is kept, and text_print() before it
 * reaches a terminal, log, printer or file: old rows and imports exist, so both ends clean.
 * Widths: _bytes, _chars (code points) and _cols (cells) differ; 客户 is 6, 2 and 4.
 */
#ifndef KEHU_TEXT_H
#define KEHU_TEXT_H

#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include <stdint.h>

/* Decode one code point at text (bytes left). Returns its length, 0 at bad input. */
size_t text_decode(const char *text, size_t bytes, uint32_t *code);
/* Encode into out[4]; returns the length. */
size_t text_encode(uint32_t code, char out[4]);
bool text_valid(const char *text, size_t bytes);
size_t text_chars(const char *text);

/* Whether a code point may be kept and shown: none of those text_clean() names. No newline. */
bool text_code_allowed(uint32_t code);

enum text_kind {
	TEXT_LINE,  /* one line: newlines and tabs become spaces */
	TEXT_BLOCK, /* many lines: newline is kept (CRLF and CR become LF), tab becomes a space */
};

/*
 * What may be stored: valid UTF-8, NFC, no C0/C1 controls, no bidi controls, zero-width,
 * BOM, tag or private-use characters, no U+2028/2029, at most 4 combining marks in a row;
 * spaces trimmed at both ends. ERR_BAD_TEXT when the bytes are not UTF-8 or hold a NUL.
 * Removed characters are not an error. *clean lives in arena.
 */
MUST_CHECK enum err text_clean(struct arena *arena, const char *text, size_t bytes,
    enum text_kind kind, const char **clean);

/*
 * For an outlet: like text_clean but never fails (bad bytes become '?') and does not trim.
 * Vertical tab, form feed, NEL and U+2028/2029 count as newlines in both functions.
 * Returns text itself when nothing had to change, else a copy in arena.
 */
const char *text_print(struct arena *arena, const char *text, enum text_kind kind);

/* Cells of one code point: 0, 1 or 2, from our own table (utf8proc's), the same everywhere. */
int text_code_cols(uint32_t code);
size_t text_cols(const char *text);
/*
 * The longest prefix that fits cols cells, never splitting a character or leaving its
 * combining marks behind. Returns its bytes; *used_cols may be NULL.
 */
size_t text_fit(const char *text, size_t cols, size_t *used_cols);
/* Cut to cols cells, ending in ".." when cut; padded with spaces to cols when pad. */
char *text_cut(struct arena *arena, const char *text, size_t cols, bool pad);
/*
 * Soft wrap by cells: between Han characters anywhere, else at spaces; a newline always ends
 * a line, closing punctuation does not begin one. Returns how many lines (in arena), 1 for "".
 */
size_t text_wrap(struct arena *arena, const char *text, size_t cols, const char ***lines);

/* Full-width ASCII to ASCII and U+3000 to space: what an input method types in commands. */
char *text_fold_width(struct arena *arena, const char *text);
/* Lower case, NFKC-folded, for comparing names and search tokens; never for storing. */
char *text_fold(struct arena *arena, const char *text);
/* Is word one of these space-separated words? NULL words: no. */
bool text_has_word(const char *words, const char *word);
/* NFKC of valid UTF-8: the same characters whichever way they were typed. In arena. */
char *text_nfkc(struct arena *arena, const char *text);
bool text_is_han(uint32_t code);
/* Digits only, for phones; full-width digits folded. */
char *text_digits(struct arena *arena, const char *text);

/*
 * Encodings of files: "UTF-8", "GB18030", "UTF-16LE", "UTF-16BE", "ISO-8859-1"; detection
 * looks at the first bytes (BOM, then validity) and always answers with one of them.
 */
const char *text_detect_encoding(const char *data, size_t bytes);

/*
 * Streaming conversion to UTF-8 in constant memory, by iconv, a leading BOM left out.
 * text_decoder_open: NULL when the encoding is unknown. Feed any pieces; the UTF-8 is appended
 * to out. text_decoder_end checks that no character was cut off at the end. ERR_BAD_TEXT: an
 * invalid sequence; text_decoder_offset() is the input byte it starts at, all output before it
 * is good, and nothing more is taken.
 */
struct text_decoder;
struct text_decoder *text_decoder_open(const char *encoding);
MUST_CHECK enum err text_decoder_feed(struct text_decoder *decoder, const char *data,
    size_t bytes, struct buf *out);
MUST_CHECK enum err text_decoder_end(struct text_decoder *decoder, struct buf *out);
uint64_t text_decoder_offset(const struct text_decoder *decoder);
void text_decoder_close(struct text_decoder *decoder);

/*
 * The other way: whole characters of valid UTF-8 appended to out in an encoding that holds all of
 * Unicode (GB18030, UTF-16). ERR_BAD_TEXT: there is no such encoding, or it lacks a character.
 */
MUST_CHECK enum err text_encode_to(
    const char *encoding, const char *text, size_t bytes, struct buf *out);

#endif
