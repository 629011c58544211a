/*
 * Encodings of files that people import or take away: guessing from the first bytes, and
 * conversion piece by piece. The guess knows what Chinese and Western spreadsheets write; a wrong
 * one is corrected by the user, who sees a preview, so it need not know the world.
 */
#include "common/log.h"
#include "common/mem.h"
#include "common/text.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_CARRY_BYTES 16 /* the longest sequence of any encoding iconv knows is shorter */
#define TEXT_PIECE_BYTES 8192

/* Whether all that is left are the first bytes of a character: a lead, then only tails. */
static bool
text_is_cut(const char *data, size_t bytes)
{
	unsigned char lead = bytes == 0 ? 0 : (unsigned char)data[0];
	size_t want = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;

	for (size_t i = 1; i < bytes; i++)
		if (((unsigned char)data[i] & 0xC0) != 0x80)
			return false;
	return want > bytes;
}

static size_t
text_valid_bytes(const char *data, size_t bytes)
{
	uint32_t code;
	size_t at = 0, length;

	while (at < bytes && (length = text_decode(data + at, bytes - at, &code)) != 0)
		at += length;
	return at;
}

/* Valid UTF-8 up to a character that the end of the sample may have cut. */
static bool
text_looks_utf8(const char *data, size_t bytes)
{
	size_t valid = text_valid_bytes(data, bytes);

	return valid == bytes || text_is_cut(data + valid, bytes - valid);
}

/* UTF-16 without a mark: Latin text, delimiters and line ends leave zeros on one side. */
static const char *
text_looks_utf16(const char *data, size_t bytes)
{
	size_t zeros[2] = { 0, 0 };

	for (size_t i = 0; i < bytes; i++)
		zeros[i % 2] += data[i] == '\0';
	if (zeros[0] + zeros[1] < bytes / 8 + 1)
		return NULL;
	if (zeros[1] > 4 * zeros[0])
		return "UTF-16LE";
	return zeros[0] > 4 * zeros[1] ? "UTF-16BE" : NULL;
}

/*
 * Western text in ISO-8859-1 is often valid GB18030 by accident ("ét" is a pair), but its
 * pairs rarely fall among the 6,763 everyday characters and signs of GB 2312, both bytes high.
 */
static bool
text_looks_gb18030(const unsigned char *data, size_t bytes)
{
	size_t everyday = 0, other = 0;

	for (size_t i = 0; i < bytes;) {
		if (data[i] < 0x80) {
			i++;
			continue;
		}
		if (i + 1 >= bytes)
			break;
		unsigned char lead = data[i], trail = data[i + 1];
		if (lead == 0x80 || lead == 0xFF)
			return false;
		if (trail >= 0x30 && trail <= 0x39) { /* four bytes */
			if (i + 3 < bytes && (data[i + 2] < 0x81 || data[i + 2] == 0xFF ||
						 data[i + 3] < 0x30 || data[i + 3] > 0x39))
				return false;
			other++;
			i += 4;
			continue;
		}
		if (trail < 0x40 || trail == 0x7F || trail == 0xFF)
			return false;
		if (trail >= 0xA1 && lead >= 0xA1 && lead <= 0xF7)
			everyday++;
		else
			other++;
		i += 2;
	}
	return everyday > other;
}

const char *
text_detect_encoding(const char *data, size_t bytes)
{
	if (bytes >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
		return "UTF-8";
	if (bytes >= 2 && memcmp(data, "\xFF\xFE", 2) == 0)
		return "UTF-16LE";
	if (bytes >= 2 && memcmp(data, "\xFE\xFF", 2) == 0)
		return "UTF-16BE";
	if (bytes >= 4 && memcmp(data, "\x84\x31\x95\x33", 4) == 0)
		return "GB18030";
	const char *wide = text_looks_utf16(data, bytes);
	if (wide != NULL)
		return wide;
	if (text_looks_utf8(data, bytes))
		return "UTF-8";
	return text_looks_gb18030((const unsigned char *)data, bytes) ? "GB18030"
								      : "ISO-8859-1";
}

struct text_decoder {
	iconv_t
	    iconv; /* (iconv_t)-1: UTF-8, which glibc's converter lets pass beyond U+10FFFF */
	uint64_t offset;              /* input bytes converted */
	char carry[TEXT_CARRY_BYTES]; /* a character whose end is yet to come */
	size_t carry_bytes;
	bool begun, failed;
};

struct text_decoder *
text_decoder_open(const char *encoding)
{
	struct text_decoder *decoder = mem_zalloc(1, sizeof(*decoder));

	bool utf8 = strcasecmp(encoding, "UTF-8") == 0 || strcasecmp(encoding, "UTF8") == 0;
	decoder->iconv = utf8 ? (iconv_t)-1 : iconv_open("UTF-8", encoding);
	if (utf8 || decoder->iconv != (iconv_t)-1)
		return decoder;
	free(decoder);
	return NULL;
}

void
text_decoder_close(struct text_decoder *decoder)
{
	if (decoder == NULL)
		return;
	if (decoder->iconv != (iconv_t)-1)
		iconv_close(decoder->iconv);
	free(decoder);
}

uint64_t
text_decoder_offset(const struct text_decoder *decoder)
{
	return decoder->offset;
}

static void
text_decoder_emit(struct text_decoder *decoder, const char *data, size_t bytes, struct buf *out)
{
	if (bytes == 0)
		return;
	if (!decoder->begun && bytes >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
		data += 3;
		bytes -= 3;
	}
	decoder->begun = true;
	buf_put(out, data, bytes);
}

/* As text_decoder_run, without conversion. */
static int
text_decoder_run_utf8(struct text_decoder *decoder, char **data, size_t *bytes, struct buf *out)
{
	size_t valid = text_valid_bytes(*data, *bytes);

	text_decoder_emit(decoder, *data, valid, out);
	decoder->offset += valid;
	*data += valid;
	*bytes -= valid;
	return *bytes == 0 ? 0 : text_is_cut(*data, *bytes) ? EINVAL : EILSEQ;
}

/* Convert what can be converted of *data; on return errno is 0, EINVAL (cut off) or EILSEQ. */
static int
text_decoder_run(struct text_decoder *decoder, char **data, size_t *bytes, struct buf *out)
{
	char piece[TEXT_PIECE_BYTES];
	int status;

	if (decoder->iconv == (iconv_t)-1)
		return text_decoder_run_utf8(decoder, data, bytes, out);
	do {
		char *to = piece, *from = *data;
		size_t room = sizeof(piece);
		status =
		    iconv(decoder->iconv, data, bytes, &to, &room) == (size_t)-1 ? errno : 0;
		decoder->offset += (uint64_t)(*data - from);
		text_decoder_emit(decoder, piece, (size_t)(to - piece), out);
	} while (status == E2BIG);
	return status;
}

static enum err
text_decoder_fail(struct text_decoder *decoder)
{
	decoder->failed = true;
	return ERR_BAD_TEXT;
}

/* Finish the carried character with bytes of the new piece, one at a time as it needs them. */
static enum err
text_decoder_carry(
    struct text_decoder *decoder, const char **data, size_t *bytes, struct buf *out)
{
	while (decoder->carry_bytes > 0 && *bytes > 0) {
		if (decoder->carry_bytes == sizeof(decoder->carry))
			return text_decoder_fail(decoder);
		decoder->carry[decoder->carry_bytes++] = *(*data)++;
		(*bytes)--;
		char *from = decoder->carry;
		size_t left = decoder->carry_bytes;
		if (text_decoder_run(decoder, &from, &left, out) == EILSEQ)
			return text_decoder_fail(decoder);
		memmove(decoder->carry, from, left);
		decoder->carry_bytes = left;
	}
	return ERR_OK;
}

enum err
text_decoder_feed(struct text_decoder *decoder, const char *data, size_t bytes, struct buf *out)
{
	if (decoder->failed)
		return ERR_BAD_TEXT;
	enum err err = text_decoder_carry(decoder, &data, &bytes, out);
	if (err != ERR_OK || bytes == 0)
		return err;
	/* iconv() takes char ** from the time before const; it does not write there. */
	char *from = (char *)(uintptr_t)data;
	int status = text_decoder_run(decoder, &from, &bytes, out);
	if (status == EILSEQ || bytes > sizeof(decoder->carry))
		return text_decoder_fail(decoder);
	memcpy(decoder->carry, from, bytes);
	decoder->carry_bytes = bytes;
	return ERR_OK;
}

enum err
text_decoder_end(struct text_decoder *decoder, struct buf *out)
{
	char piece[64], *to = piece;
	size_t room = sizeof(piece);

	if (decoder->failed || decoder->carry_bytes > 0)
		return text_decoder_fail(decoder);
	if (decoder->iconv == (iconv_t)-1)
		return ERR_OK;
	/* Some encodings hold a character back until they know what follows. */
	if (iconv(decoder->iconv, NULL, NULL, &to, &room) == (size_t)-1)
		return text_decoder_fail(decoder);
	text_decoder_emit(decoder, piece, (size_t)(to - piece), out);
	return ERR_OK;
}

enum err
text_encode_to(const char *encoding, const char *text, size_t bytes, struct buf *out)
{
	iconv_t iconv_to = iconv_open(encoding, "UTF-8");
	char piece[TEXT_PIECE_BYTES], *from = (char *)(uintptr_t)text;
	enum err err = ERR_OK;

	if (iconv_to == (iconv_t)-1)
		return ERR_BAD_TEXT;
	while (err == ERR_OK && bytes > 0) {
		char *to = piece;
		size_t room = sizeof(piece);

		if (iconv(iconv_to, &from, &bytes, &to, &room) == (size_t)-1 && errno != E2BIG)
			err = ERR_BAD_TEXT;
		buf_put(out, piece, (size_t)(to - piece));
	}
	iconv_close(iconv_to);
	return err;
}
