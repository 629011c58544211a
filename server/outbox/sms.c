/*
 * Text messages: one POST to an HTTP gateway by libcurl, its body made from the template in
 * kehud.conf. The key lets a gateway tell a repeat.
 */
#include "server/outbox/send.h"

#include "common/buf.h"
#include "common/log.h"
#include "common/text.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_BYTES 300

struct sms_answer {
	char text[ANSWER_BYTES + 1];
	size_t bytes;
};

static size_t
sms_take(char *data, size_t size, size_t count, void *answer_)
{
	struct sms_answer *answer = answer_;
	size_t bytes = size * count, room = ANSWER_BYTES - answer->bytes;

	memcpy(answer->text + answer->bytes, data, bytes < room ? bytes : room);
	answer->bytes += bytes < room ? bytes : room;
	return size * count;
}

static void
sms_put_json(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else if ((unsigned char)*p < ' ')
			buf_printf(out, "\\u%04x", (unsigned char)*p);
		else
			buf_putc(out, *p);
	}
}

static void
sms_put_url(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", *p))
			buf_putc(out, *p);
		else
			buf_printf(out, "%%%02X", (unsigned char)*p);
	}
}

const char *
sms_fill(struct arena *arena, const char *form, const char *type, const struct outgoing *sms)
{
	const struct {
		const char *name, *value;
	} words[] = { { "{to}", sms->address }, { "{text}", sms->body },
		{ "{key}", sms->message_id } };
	void (*put)(struct buf *, const char *) =
	    strstr(type, "json") != NULL ? sms_put_json : sms_put_url;
	struct buf out = BUF_INIT;
	const char *result;

	while (*form != '\0') {
		size_t i = 0;

		while (i < 3 && strncmp(form, words[i].name, strlen(words[i].name)) != 0)
			i++;
		if (i == 3) {
			buf_putc(&out, *form++);
			continue;
		}
		put(&out, words[i].value);
		form += strlen(words[i].name);
	}
	result = arena_strdup(arena, buf_text(&out));
	buf_fini(&out);
	return result;
}

/* 2xx is taken; 408, 429 and 5xx may be later; other answers are for good. No answer after all was sent: unknown. */
static enum send_result
sms_judge(CURLcode code, long status, bool handed)
{
	if (code == CURLE_OK && status >= 200 && status < 300)
		return SEND_SENT;
	if (code == CURLE_OK)
		return status == 408 || status == 429 || status >= 500 ? SEND_RETRY : SEND_FAILED;
	return handed ? SEND_UNKNOWN : SEND_RETRY;
}

static struct curl_slist *
sms_headers(const struct server_settings *settings, struct arena *arena)
{
	struct curl_slist *list =
	    curl_slist_append(NULL, arena_printf(arena, "Content-Type: %s", settings->sms_type));

	if (settings->sms_header_file != NULL) {
		const char *secret = send_secret(arena, settings->sms_header_file);

		if (secret == NULL) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = curl_slist_append(list, secret);
	}
	return list;
}

enum send_result
sms_send(const struct server_settings *settings, const struct outgoing *sms, struct send_try *try)
{
	struct sms_answer answer = { .bytes = 0 };
	struct curl_slist *headers = sms_headers(settings, try->arena);
	char error[CURL_ERROR_SIZE] = "";
	enum send_result result;
	CURL *curl;
	CURLcode code;
	long status = 0;
	curl_off_t sent = 0;

	if (headers == NULL) {
		try->answer = "sms.header_file cannot be read";
		return SEND_RETRY;
	}
	curl = curl_easy_init();
	if (curl == NULL) {
		curl_slist_free_all(headers);
		try->answer = "no handle of libcurl";
		return SEND_RETRY;
	}
	if (!try->handing(try->context)) {
		curl_slist_free_all(headers);
		curl_easy_cleanup(curl);
		return SEND_RETRY;
	}
	curl_easy_setopt(curl, CURLOPT_URL, settings->sms_url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
	    sms_fill(try->arena, settings->sms_body, settings->sms_type, sms));
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)settings->mail_timeout);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, sms_take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	if (settings->mail_ca != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, settings->mail_ca);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &sent);
	result = sms_judge(code, status, sent > 0);
	try->answer = text_print(try->arena,
	    code == CURLE_OK ? arena_printf(try->arena, "%ld %s", status, answer.text) :
			       arena_strdup(try->arena, error), TEXT_LINE);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return result;
}
