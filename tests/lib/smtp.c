/* See smtp.h. */
#include "tests/lib/smtp.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAILS_MAX 64
#define LINE_BYTES 2048

struct smtp {
	int fd, port, starttls, status;
	bool http;
	SSL_CTX *tls;
	pthread_t thread;
	pthread_mutex_t lock;
	enum smtp_mood mood;
	bool stop;
	char *mails[MAILS_MAX];
	size_t count;
	char shown[65536];
};

struct peer {
	int fd;
	SSL *ssl;
	char data[8192];
	size_t at, bytes;
};

static bool
smtp_stopping(struct smtp *smtp)
{
	bool stop;

	pthread_mutex_lock(&smtp->lock);
	stop = smtp->stop;
	pthread_mutex_unlock(&smtp->lock);
	return stop;
}

static int
peer_byte(struct smtp *smtp, struct peer *peer)
{
	while (peer->at == peer->bytes) {
		struct pollfd poll_fd = { .fd = peer->fd, .events = POLLIN };
		int got;

		if (smtp_stopping(smtp))
			return -1;
		if ((peer->ssl == NULL || SSL_pending(peer->ssl) == 0) && poll(&poll_fd, 1, 100) == 0)
			continue;
		got = peer->ssl != NULL ? SSL_read(peer->ssl, peer->data, sizeof(peer->data)) :
					  (int)read(peer->fd, peer->data, sizeof(peer->data));
		if (got <= 0)
			return -1;
		peer->at = 0;
		peer->bytes = (size_t)got;
	}
	return (unsigned char)peer->data[peer->at++];
}

static bool
peer_line(struct smtp *smtp, struct peer *peer, char *line, size_t room)
{
	size_t bytes = 0;
	int byte;

	while ((byte = peer_byte(smtp, peer)) >= 0 && byte != '\n')
		if (bytes + 1 < room && byte != '\r')
			line[bytes++] = (char)byte;
	line[bytes] = '\0';
	return byte >= 0;
}

static void
peer_say(struct peer *peer, const char *text)
{
	if (peer->ssl != NULL)
		SSL_write(peer->ssl, text, (int)strlen(text));
	else if (write(peer->fd, text, strlen(text)) < 0)
		return;
}

static bool
peer_start_tls(struct smtp *smtp, struct peer *peer)
{
	peer->ssl = SSL_new(smtp->tls);
	SSL_set_fd(peer->ssl, peer->fd);
	return SSL_accept(peer->ssl) == 1;
}

static void
smtp_keep(struct smtp *smtp, const char *mail)
{
	pthread_mutex_lock(&smtp->lock);
	if (smtp->count < MAILS_MAX)
		smtp->mails[smtp->count++] = strdup(mail);
	pthread_mutex_unlock(&smtp->lock);
}

static bool
smtp_take_data(struct smtp *smtp, struct peer *peer, char *mail, size_t room)
{
	char line[LINE_BYTES];

	while (peer_line(smtp, peer, line, sizeof(line))) {
		if (strcmp(line, ".") == 0)
			return true;
		if (strlen(mail) + strlen(line) + 2 < room) {
			strcat(mail, line);
			strcat(mail, "\n");
		}
	}
	return false;
}

/* False: the connection is over. */
static bool
smtp_answer(struct smtp *smtp, struct peer *peer, const char *line, char *mail, size_t room)
{
	enum smtp_mood mood = smtp->mood;

	if (strncasecmp(line, "EHLO", 4) == 0) {
		mail[0] = '\0';
		peer_say(peer, smtp->starttls && peer->ssl == NULL ? "250-test\r\n250 STARTTLS\r\n" :
								       "250 test\r\n");
	} else if (strncasecmp(line, "STARTTLS", 8) == 0) {
		peer_say(peer, "220 go\r\n");
		return peer_start_tls(smtp, peer);
	} else if (strncasecmp(line, "MAIL", 4) == 0) {
		snprintf(mail, room, "%s\n", line);
		if (mood == SMTP_DROP_BEFORE)
			return false;
		peer_say(peer, "250 ok\r\n");
	} else if (strncasecmp(line, "RCPT", 4) == 0) {
		strncat(mail, line, room - strlen(mail) - 2);
		strcat(mail, "\n");
		peer_say(peer, mood == SMTP_LATER   ? "451 come again\r\n" :
				 mood == SMTP_NEVER ? "550 nobody here \x1b[31mred\r\n" :
						      "250 ok\r\n");
	} else if (strncasecmp(line, "DATA", 4) == 0) {
		peer_say(peer, "354 go\r\n");
		if (!smtp_take_data(smtp, peer, mail, room))
			return false;
		smtp_keep(smtp, mail);
		if (mood == SMTP_DROP_AFTER)
			return false;
		peer_say(peer, "250 taken as 42\r\n");
	} else if (strncasecmp(line, "QUIT", 4) == 0) {
		peer_say(peer, "221 bye\r\n");
		return false;
	} else {
		peer_say(peer, "250 ok\r\n");
	}
	return true;
}

static void
smtp_talk(struct smtp *smtp, struct peer *peer)
{
	char line[LINE_BYTES], mail[60000] = "";

	if (smtp->tls != NULL && !smtp->starttls && !peer_start_tls(smtp, peer))
		return;
	if (smtp->mood == SMTP_SILENT) {
		while (peer_byte(smtp, peer) >= 0)
			;
		return;
	}
	peer_say(peer, smtp->mood == SMTP_NONSENSE ? "\x01\x02 HELLO? <html>\r\n" : "220 test ESMTP\r\n");
	while (peer_line(smtp, peer, line, sizeof(line)) &&
	    smtp_answer(smtp, peer, line, mail, sizeof(mail)))
		;
}

static void
gateway_talk(struct smtp *smtp, struct peer *peer)
{
	char line[LINE_BYTES], body[8192];
	size_t bytes = 0, at = 0;

	while (peer_line(smtp, peer, line, sizeof(line)) && line[0] != '\0')
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			bytes = strtoul(line + 15, NULL, 10);
	while (at < bytes && at + 1 < sizeof(body)) {
		int byte = peer_byte(smtp, peer);

		if (byte < 0)
			return;
		body[at++] = (char)byte;
	}
	body[at] = '\0';
	smtp_keep(smtp, body);
	snprintf(line, sizeof(line), "HTTP/1.1 %d X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhm",
	    smtp->status);
	peer_say(peer, line);
}

static void *
smtp_serve(void *smtp_)
{
	struct smtp *smtp = smtp_;

	while (!smtp_stopping(smtp)) {
		struct pollfd poll_fd = { .fd = smtp->fd, .events = POLLIN };
		struct peer peer = { .fd = -1 };

		if (poll(&poll_fd, 1, 100) <= 0)
			continue;
		peer.fd = accept(smtp->fd, NULL, NULL);
		if (peer.fd < 0)
			continue;
		if (smtp->http)
			gateway_talk(smtp, &peer);
		else
			smtp_talk(smtp, &peer);
		if (peer.ssl != NULL)
			SSL_free(peer.ssl);
		close(peer.fd);
	}
	return NULL;
}

static struct smtp *
smtp_make(const char *certificate, const char *key, int starttls)
{
	struct smtp *smtp = calloc(1, sizeof(*smtp));
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof(address);

	smtp->starttls = starttls;
	smtp->status = 200;
	pthread_mutex_init(&smtp->lock, NULL);
	smtp->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(smtp->fd, (struct sockaddr *)&address, bytes) != 0 || listen(smtp->fd, 16) != 0 ||
	    getsockname(smtp->fd, (struct sockaddr *)&address, &bytes) != 0)
		abort();
	smtp->port = ntohs(address.sin_port);
	if (certificate != NULL) {
		smtp->tls = SSL_CTX_new(TLS_server_method());
		if (SSL_CTX_use_certificate_chain_file(smtp->tls, certificate) != 1 ||
		    SSL_CTX_use_PrivateKey_file(smtp->tls, key, SSL_FILETYPE_PEM) != 1)
			abort();
	}
	return smtp;
}

static struct smtp *
smtp_begin(struct smtp *smtp)
{
	if (pthread_create(&smtp->thread, NULL, smtp_serve, smtp) != 0)
		abort();
	return smtp;
}

struct smtp *
smtp_new(const char *certificate, const char *key, int starttls)
{
	return smtp_begin(smtp_make(certificate, key, starttls));
}

struct smtp *
gateway_new(void)
{
	struct smtp *gateway = smtp_make(NULL, NULL, 0);

	gateway->http = true;
	return smtp_begin(gateway);
}

void
gateway_set_status(struct smtp *gateway, int status)
{
	gateway->status = status;
}

void
smtp_free(struct smtp *smtp)
{
	pthread_mutex_lock(&smtp->lock);
	smtp->stop = true;
	pthread_mutex_unlock(&smtp->lock);
	pthread_join(smtp->thread, NULL);
	close(smtp->fd);
	for (size_t i = 0; i < smtp->count; i++)
		free(smtp->mails[i]);
	if (smtp->tls != NULL)
		SSL_CTX_free(smtp->tls);
	pthread_mutex_destroy(&smtp->lock);
	free(smtp);
}

int
smtp_port(const struct smtp *smtp)
{
	return smtp->port;
}

void
smtp_set_mood(struct smtp *smtp, enum smtp_mood mood)
{
	smtp->mood = mood;
}

size_t
smtp_count(struct smtp *smtp)
{
	size_t count;

	pthread_mutex_lock(&smtp->lock);
	count = smtp->count;
	pthread_mutex_unlock(&smtp->lock);
	return count;
}

const char *
smtp_mail(struct smtp *smtp, size_t n)
{
	pthread_mutex_lock(&smtp->lock);
	snprintf(smtp->shown, sizeof(smtp->shown), "%s", n < smtp->count ? smtp->mails[n] : "");
	pthread_mutex_unlock(&smtp->lock);
	return smtp->shown;
}
