/*
 * Mail: one SMTP dialogue by libcurl. What the server says is followed line by line, since it
 * decides whether a mail that broke off may be sent again.
 */
#include "server/outbox/send.h"

#include "common/buf.h"
#include "common/log.h"
#include "common/text.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BYTES 42 /* of text in one encoded word, so that its line stays below 76 */

struct mail_dialogue {
	struct send_try *try;
	bool handed;  /* the server said 354: from now on it may have the mail */
	bool stop;
	int refused;  /* the code it said no with; 0: it did not. A 221 to our QUIT may follow */
	char text[400]; /* its last answer, or that no */
};

/* Follows the server's answers; commands and data are not kept. */
static int
mail_listen(CURL *curl, curl_infotype type, char *data, size_t bytes, void *dialogue_)
{
	struct mail_dialogue *dialogue = dialogue_;
	int code;

	(void)curl;
	if (type != CURLINFO_HEADER_IN || bytes < 4)
		return 0;
	code = atoi(data);
	if (code < 200 || code > 599)
		return 0;
	if (dialogue->refused != 0)
		return 0;
	if (code >= 400)
		dialogue->refused = code;
	snprintf(dialogue->text, sizeof(dialogue->text), "%.*s", (int)strcspn(data, "\r\n"), data);
	if (code == 354 && !dialogue->handed) {
		dialogue->handed = true;
		dialogue->stop = !dialogue->try->handing(dialogue->try->context);
	}
	return 0;
}

/* Called about once a second, and with every byte. */
static int
mail_may_go_on(void *dialogue_, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct mail_dialogue *dialogue = dialogue_;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return dialogue->stop ||
	    (!dialogue->handed && dialogue->try->stopping(dialogue->try->context));
}

static size_t
mail_drop(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	(void)context;
	return size * count;
}

const char *
mail_encode_word(struct arena *arena, const char *text)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct buf out = BUF_INIT;
	const char *result;
	bool plain = true;

	for (const char *p = text; *p != '\0'; p++)
		plain &= *p >= ' ' && *p < 0x7f;
	if (plain)
		return arena_strdup(arena, text);
	for (size_t left = strlen(text); left > 0;) {
		size_t bytes = left < WORD_BYTES ? left : WORD_BYTES;

		/* A character is not split between two words. */
		while (bytes < left && ((unsigned char)text[bytes] & 0xc0) == 0x80)
			bytes--;
		buf_puts(&out, out.bytes > 0 ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
		for (size_t i = 0; i < bytes; i += 3) {
			uint32_t three = (uint32_t)(unsigned char)text[i] << 16;

			three |= i + 1 < bytes ? (uint32_t)(unsigned char)text[i + 1] << 8 : 0;
			three |= i + 2 < bytes ? (unsigned char)text[i + 2] : 0;
			buf_putc(&out, digits[three >> 18]);
			buf_putc(&out, digits[three >> 12 & 63]);
			buf_putc(&out, i + 1 < bytes ? digits[three >> 6 & 63] : '=');
			buf_putc(&out, i + 2 < bytes ? digits[three & 63] : '=');
		}
		buf_puts(&out, "?=");
		text += bytes;
		left -= bytes;
	}
	result = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return result;
}

/* "crm@example.com" of "Kehu <crm@example.com>". */
static const char *
mail_bare(struct arena *arena, const char *address)
{
	const char *open = strchr(address, '<');
	size_t bytes = open != NULL ? strcspn(open + 1, ">") : 0;

	return open != NULL ? arena_strndup(arena, open + 1, bytes) : address;
}

static struct curl_slist *
mail_headers(
    const struct server_settings *settings, const struct outgoing *mail, struct arena *arena)
{
	const char *bare = mail_bare(arena, settings->mail_from);
	const char *host = strchr(bare, '@');
	struct curl_slist *list = NULL;
	char date[64];
	time_t now = time(NULL);
	struct tm tm;

	strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &tm));
	list = curl_slist_append(list, date);
	list = curl_slist_append(list,
	    mail->sender != NULL ?
		arena_printf(arena, "From: %s <%s>", mail_encode_word(arena, mail->sender), bare) :
		arena_printf(arena, "From: <%s>", bare));
	if (mail->reply_to != NULL && mail->reply_to[0] != '\0' &&
	    strpbrk(mail->reply_to, "\r\n<>") == NULL)
		list = curl_slist_append(
		    list, arena_printf(arena, "Reply-To: <%s>", mail->reply_to));
	list = curl_slist_append(list, arena_printf(arena, "To: <%s>", mail->address));
	list = curl_slist_append(list,
	    arena_printf(arena, "Subject: %s",
		mail_encode_word(arena, mail->subject != NULL ? mail->subject : "")));
	list = curl_slist_append(list,
	    arena_printf(arena, "Message-ID: <%s%s>", mail->message_id, host != NULL ? host : "@kehu"));
	list = curl_slist_append(list, "Auto-Submitted: auto-generated");
	return list;
}

static curl_mime *
mail_parts(CURL *curl, const struct outgoing *mail)
{
	curl_mime *mime = curl_mime_init(curl);
	curl_mimepart *part = curl_mime_addpart(mime);

	curl_mime_data(part, mail->body, CURL_ZERO_TERMINATED);
	curl_mime_type(part, "text/plain; charset=utf-8");
	curl_mime_encoder(part, "base64");
	for (size_t i = 0; i < mail->file_count; i++) {
		part = curl_mime_addpart(mime);
		curl_mime_data(part, mail->files[i].data, mail->files[i].bytes);
		curl_mime_type(part, mail->files[i].type);
		curl_mime_filename(part, mail->files[i].name);
		curl_mime_encoder(part, "base64");
	}
	return mime;
}

static bool
mail_set_up(CURL *curl, const struct server_settings *settings, struct arena *arena)
{
	bool tls = strcmp(settings->mail_tls, "tls") == 0;

	curl_easy_setopt(curl, CURLOPT_URL,
	    arena_printf(arena, "%s://%s", tls ? "smtps" : "smtp", settings->mail_server));
	if (strcmp(settings->mail_tls, "none") != 0)
		curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	if (settings->mail_ca != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, settings->mail_ca);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)settings->mail_timeout);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)settings->mail_timeout);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, mail_drop);
	if (settings->mail_user != NULL) {
		const char *secret = send_secret(arena, settings->mail_password_file);

		if (secret == NULL)
			return false;
		curl_easy_setopt(curl, CURLOPT_USERNAME, settings->mail_user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, secret);
	}
	return true;
}

/*
 * A server's 5xx is for good, its 4xx for now. Without an answer: before it said 354 it has nothing;
 * afterwards it may have taken the mail although we never heard so.
 */
static enum send_result
mail_judge(const struct mail_dialogue *dialogue, CURLcode code)
{
	if (code == CURLE_OK)
		return SEND_SENT;
	if (dialogue->handed && dialogue->refused == 0)
		return SEND_UNKNOWN;
	return dialogue->refused >= 500 && code != CURLE_LOGIN_DENIED ? SEND_FAILED : SEND_RETRY;
}

enum send_result
mail_send(const struct server_settings *settings, const struct outgoing *mail, struct send_try *try)
{
	struct mail_dialogue dialogue = { .try = try };
	struct curl_slist *headers, *to;
	char error[CURL_ERROR_SIZE] = "";
	const char *said;
	enum send_result result;
	CURL *curl = curl_easy_init();
	curl_mime *mime;
	CURLcode code;

	if (curl == NULL) {
		try->answer = "no handle of libcurl";
		return SEND_RETRY;
	}
	if (!mail_set_up(curl, settings, try->arena)) {
		curl_easy_cleanup(curl);
		try->answer = "mail.password_file cannot be read";
		return SEND_RETRY;
	}
	headers = mail_headers(settings, mail, try->arena);
	to = curl_slist_append(NULL, mail->address);
	mime = mail_parts(curl, mail);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail_bare(try->arena, settings->mail_from));
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, mail_listen);
	curl_easy_setopt(curl, CURLOPT_DEBUGDATA, &dialogue);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, mail_may_go_on);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &dialogue);
	code = curl_easy_perform(curl);
	result = mail_judge(&dialogue, code);
	said = code == CURLE_OK || dialogue.refused != 0 ? dialogue.text :
	    error[0] != '\0' ? error : curl_easy_strerror(code);
	try->answer = text_print(try->arena, arena_strdup(try->arena, said), TEXT_LINE);
	curl_mime_free(mime);
	curl_slist_free_all(headers);
	curl_slist_free_all(to);
	curl_easy_cleanup(curl);
	return result;
}
