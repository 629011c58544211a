/*
 * A mail server of tests, and an HTTP gateway: real sockets, one thread, as badly behaved as asked.
 */
#ifndef KEHU_TEST_SMTP_H
#define KEHU_TEST_SMTP_H

#include <stddef.h>

enum smtp_mood {
	SMTP_GOOD,
	SMTP_SILENT,     /* accepts the connection and says nothing */
	SMTP_NONSENSE,   /* does not speak SMTP */
	SMTP_LATER,      /* 451 to the recipient */
	SMTP_NEVER,      /* 550 to the recipient */
	SMTP_DROP_AFTER, /* takes the whole mail and breaks off without a word */
	SMTP_DROP_BEFORE /* breaks off before it takes anything */
};

struct smtp;
/* certificate and key: TLS, from the first byte, or with starttls after that command; NULL: plain. */
struct smtp *smtp_new(const char *certificate, const char *key, int starttls);
void smtp_free(struct smtp *smtp);
int smtp_port(const struct smtp *smtp);
void smtp_set_mood(struct smtp *smtp, enum smtp_mood mood);
/* Mails taken whole so far, and the n-th of them with its envelope; valid until the next call. */
size_t smtp_count(struct smtp *smtp);
const char *smtp_mail(struct smtp *smtp, size_t n);

/* POSTs are answered with this status; their bodies are mails. */
struct smtp *gateway_new(void);
void gateway_set_status(struct smtp *gateway, int status);

#endif
