/*
 * Certificates for the demo, tests and small installations: a private authority and one
 * server certificate, ECDSA P-256. Only what is missing is made; nothing is overwritten.
 */
#include "common/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TLS_CA_DAYS    3653
#define TLS_LEAF_DAYS  825  /* the longest that browsers and other strict checkers accept */
#define TLS_SKEW_S     3600 /* clocks that are a little slow accept it at once */
#define TLS_HOST_BYTES 253

struct tls_maker {
	struct arena *arena;
	const char *dir;
	const char *why;
	X509 *ca;
	EVP_PKEY *ca_key;
};

static const char *
tls_path(struct tls_maker *maker, const char *name)
{
	if (name[0] == '/')
		return name;
	return arena_printf(maker->arena, "%s/%s", maker->dir, name);
}

static enum err
tls_fail(struct tls_maker *maker, enum err err, const char *what, const char *reason)
{
	maker->why = arena_printf(maker->arena, "%s: %s", what, reason);
	ERR_clear_error();
	return err;
}

static enum err
tls_fail_library(struct tls_maker *maker, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return tls_fail(maker, ERR_FILE_SYSTEM, what,
	    reason != NULL ? reason : "the TLS library gives no reason");
}

static bool
tls_write_all(int fd, const char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t wrote = write(fd, data, bytes);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return false;
		data += wrote;
		bytes -= (size_t)wrote;
	}
	return true;
}

/* Under a name of its own, then renamed: a half-written key is never seen. */
static enum err
tls_write_file(struct tls_maker *maker, const char *name, BIO *pem, mode_t mode)
{
	const char *path = tls_path(maker, name);
	const char *fresh = arena_printf(maker->arena, "%s.%ld.new", path, (long)getpid());
	char *data;
	long bytes = BIO_get_mem_data(pem, &data);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return tls_fail(maker, ERR_FILE_SYSTEM, fresh, strerror(errno));
	bool good =
	    fchmod(fd, mode) == 0 && tls_write_all(fd, data, (size_t)bytes) && fsync(fd) == 0;
	int saved = errno;
	if (close(fd) != 0 && good) {
		good = false;
		saved = errno;
	}
	if (good && rename(fresh, path) == 0)
		return ERR_OK;
	saved = good ? errno : saved;
	unlink(fresh);
	return tls_fail(maker, ERR_FILE_SYSTEM, path, strerror(saved));
}

/* The key goes first: a certificate is only there when its key is. */
static enum err
tls_write_pair(
    struct tls_maker *maker, const char *base, X509 *cert, EVP_PKEY *key, mode_t mode)
{
	BIO *key_pem = BIO_new(BIO_s_mem()), *cert_pem = BIO_new(BIO_s_mem());
	enum err err;

	if (key_pem == NULL || cert_pem == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    PEM_write_bio_X509(cert_pem, cert) != 1) {
		err = tls_fail_library(maker, base);
		goto out;
	}
	err = tls_write_file(maker, arena_printf(maker->arena, "%s.key", base), key_pem, 0600);
	if (err == ERR_OK)
		err = tls_write_file(
		    maker, arena_printf(maker->arena, "%s.crt", base), cert_pem, mode);
out:
	BIO_free(key_pem);
	BIO_free(cert_pem);
	return err;
}

static bool
tls_add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (extension == NULL)
		return false;
	bool good = X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return good;
}

static bool
tls_set_serial(X509 *cert)
{
	unsigned char bytes[16];

	random_bytes(bytes, sizeof(bytes));
	bytes[0] = (bytes[0] & 0x3F) | 0x40; /* positive, and always as long */
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool good =
	    number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
	BN_free(number);
	return good;
}

/* A version 3 certificate with all but its extensions; the caller signs it. */
static X509 *
tls_cert_new(const char *common_name, EVP_PKEY *key, int days)
{
	X509 *cert = X509_new();
	X509_NAME *name = cert == NULL ? NULL : X509_get_subject_name(cert);
	long seconds = days * 86400L - TLS_SKEW_S;

	if (name == NULL || X509_set_version(cert, X509_VERSION_3) != 1 ||
	    !tls_set_serial(cert) ||
	    X509_gmtime_adj(X509_getm_notBefore(cert), -TLS_SKEW_S) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(cert), seconds) == NULL ||
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		(const unsigned char *)common_name, -1, -1, 0) != 1 ||
	    X509_set_pubkey(cert, key) != 1) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

static enum err
tls_make_ca(struct tls_maker *maker)
{
	uint8_t tag[4];

	/* Two authorities of the same name would make one client's errors hard to read. */
	random_bytes(tag, sizeof(tag));
	const char *name = arena_printf(
	    maker->arena, "Kehu private CA %s", hex_encode(maker->arena, tag, sizeof(tag)));
	maker->ca_key = EVP_EC_gen("P-256");
	maker->ca =
	    maker->ca_key == NULL ? NULL : tls_cert_new(name, maker->ca_key, TLS_CA_DAYS);
	if (maker->ca == NULL ||
	    X509_set_issuer_name(maker->ca, X509_get_subject_name(maker->ca)) != 1 ||
	    !tls_add_extension(
		maker->ca, maker->ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
	    !tls_add_extension(
		maker->ca, maker->ca, NID_key_usage, "critical,keyCertSign,cRLSign") ||
	    !tls_add_extension(maker->ca, maker->ca, NID_subject_key_identifier, "hash") ||
	    X509_sign(maker->ca, maker->ca_key, EVP_sha256()) == 0)
		return tls_fail_library(maker, "the authority cannot be made");
	return tls_write_pair(maker, "ca", maker->ca, maker->ca_key, 0644);
}

static FILE *
tls_open(struct tls_maker *maker, const char *name)
{
	const char *path = tls_path(maker, name);
	FILE *file = fopen(path, "re");

	if (file == NULL)
		maker->why = arena_printf(maker->arena, "%s: %s", path, strerror(errno));
	return file;
}

static int
tls_no_password(char *buf, int size, int writing, void *data)
{
	(void)buf, (void)size, (void)writing, (void)data;
	return 0;
}

static enum err
tls_load_ca(struct tls_maker *maker)
{
	FILE *cert_file = tls_open(maker, "ca.crt");
	FILE *key_file = cert_file == NULL ? NULL : tls_open(maker, "ca.key");
	enum err err = ERR_FILE_SYSTEM;

	if (key_file == NULL)
		goto out;
	maker->ca = PEM_read_X509(cert_file, NULL, tls_no_password, NULL);
	maker->ca_key = PEM_read_PrivateKey(key_file, NULL, tls_no_password, NULL);
	if (maker->ca == NULL || maker->ca_key == NULL)
		err = tls_fail_library(maker, tls_path(maker, "ca.crt and ca.key"));
	else if (X509_check_private_key(maker->ca, maker->ca_key) != 1)
		err = tls_fail(
		    maker, ERR_INVALID, tls_path(maker, "ca.key"), "is not the key of ca.crt");
	else
		err = ERR_OK;
out:
	if (cert_file != NULL)
		fclose(cert_file);
	if (key_file != NULL)
		fclose(key_file);
	return err;
}

static bool
tls_host_valid(const char *host)
{
	size_t bytes = strlen(host);

	return bytes > 0 && bytes <= TLS_HOST_BYTES && host[0] != '.' && host[0] != '-' &&
	       strspn(
		   host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
		   bytes;
}

/* Built from parts and not from a configuration string, where a host could add names. */
static GENERAL_NAME *
tls_name_new(const char *host)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
	ASN1_IA5STRING *dns = NULL;

	if (name == NULL)
		goto fail;
	if (address != NULL) {
		GENERAL_NAME_set0_value(name, GEN_IPADD, address);
		return name;
	}
	dns = ASN1_IA5STRING_new();
	if (dns == NULL || ASN1_STRING_set(dns, host, -1) != 1)
		goto fail;
	GENERAL_NAME_set0_value(name, GEN_DNS, dns);
	return name;
fail:
	ASN1_OCTET_STRING_free(address);
	ASN1_IA5STRING_free(dns);
	GENERAL_NAME_free(name);
	return NULL;
}

static bool
tls_add_hosts(X509 *cert, const char *const *hosts, size_t count)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool good = names != NULL;

	for (size_t i = 0; good && i < count; i++) {
		GENERAL_NAME *name = tls_name_new(hosts[i]);
		good = name != NULL && sk_GENERAL_NAME_push(names, name) > 0;
		if (!good)
			GENERAL_NAME_free(name);
	}
	good = good && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	return good;
}

static enum err
tls_make_server(struct tls_maker *maker, const char *const *hosts, size_t count)
{
	/* A common name holds 64 bytes; it is for people, checking goes by the names below. */
	const char *common_name = strlen(hosts[0]) <= 64 ? hosts[0] : "kehud";
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key == NULL ? NULL : tls_cert_new(common_name, key, TLS_LEAF_DAYS);
	enum err err;

	if (cert == NULL || X509_set_issuer_name(cert, X509_get_subject_name(maker->ca)) != 1 ||
	    !tls_add_extension(cert, maker->ca, NID_basic_constraints, "critical,CA:FALSE") ||
	    !tls_add_extension(cert, maker->ca, NID_key_usage, "critical,digitalSignature") ||
	    !tls_add_extension(cert, maker->ca, NID_ext_key_usage, "serverAuth") ||
	    !tls_add_extension(cert, maker->ca, NID_subject_key_identifier, "hash") ||
	    !tls_add_extension(cert, maker->ca, NID_authority_key_identifier, "keyid:always") ||
	    !tls_add_hosts(cert, hosts, count) ||
	    X509_sign(cert, maker->ca_key, EVP_sha256()) == 0)
		err = tls_fail_library(maker, "the certificate cannot be made");
	else
		err = tls_write_pair(maker, "server", cert, key, 0644);
	X509_free(cert);
	EVP_PKEY_free(key);
	return err;
}

/* ---- certificates of branches ---- */

static bool
tls_add_uri(X509 *cert, const char *uri)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	bool good = names != NULL && name != NULL && text != NULL &&
		    ASN1_STRING_set(text, uri, -1) == 1;

	if (good) {
		GENERAL_NAME_set0_value(name, GEN_URI, text);
		text = NULL;
		good = sk_GENERAL_NAME_push(names, name) > 0;
		if (good)
			name = NULL;
	}
	good = good && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;
	ASN1_IA5STRING_free(text);
	GENERAL_NAME_free(name);
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	return good;
}

static void
tls_read_serial(X509 *cert, char out[48])
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = number == NULL ? NULL : BN_bn2hex(number);

	snprintf(out, 48, "%s", hex != NULL ? hex : "");
	for (char *c = out; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'F' ? *c + 32 : *c);
	OPENSSL_free(hex);
	BN_free(number);
}

/* X.509 names hold 64 characters; a longer label is cut at a whole one. */
static const char *
tls_common_name(struct tls_maker *maker, const char *label)
{
	size_t bytes = strlen(label) < 60 ? strlen(label) : 60;

	while (bytes > 0 && ((unsigned char)label[bytes] & 0xC0) == 0x80)
		bytes--;
	return bytes == 0 ? "branch" : arena_strndup(maker->arena, label, bytes);
}

static enum err
tls_make_branch(struct tls_maker *maker, struct tls_branch *branch)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert =
	    key == NULL ? NULL : tls_cert_new(tls_common_name(maker, branch->label), key, 1);
	const char *uri =
	    arena_printf(maker->arena, "urn:kehu:branch:%lld", (long long)branch->branch);
	enum err err;

	if (cert == NULL ||
	    ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)branch->starts_s) == NULL ||
	    ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)branch->ends_s) == NULL ||
	    X509_set_issuer_name(cert, X509_get_subject_name(maker->ca)) != 1 ||
	    !tls_add_extension(cert, maker->ca, NID_basic_constraints, "critical,CA:FALSE") ||
	    !tls_add_extension(cert, maker->ca, NID_key_usage, "critical,digitalSignature") ||
	    !tls_add_extension(cert, maker->ca, NID_ext_key_usage, "clientAuth") ||
	    !tls_add_extension(cert, maker->ca, NID_authority_key_identifier, "keyid:always") ||
	    !tls_add_uri(cert, uri) || X509_sign(cert, maker->ca_key, EVP_sha256()) == 0) {
		err = tls_fail_library(maker, "the certificate cannot be made");
	} else {
		tls_read_serial(cert, branch->serial);
		err = tls_write_pair(maker, branch->base, cert, key, 0600);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return err;
}

/* How many of a pair's two files exist. */
static int
tls_count_pair(struct tls_maker *maker, const char *base)
{
	const char *cert = tls_path(maker, arena_printf(maker->arena, "%s.crt", base));
	const char *key = tls_path(maker, arena_printf(maker->arena, "%s.key", base));

	return (access(cert, F_OK) == 0) + (access(key, F_OK) == 0);
}

static enum err
tls_make(struct tls_maker *maker, const char *const *hosts, size_t count)
{
	enum err err;

	for (size_t i = 0; i < count; i++) {
		struct in6_addr address;
		if (!tls_host_valid(hosts[i]) && inet_pton(AF_INET6, hosts[i], &address) != 1)
			return tls_fail(
			    maker, ERR_INVALID, hosts[i], "is no host name or address");
	}
	if (count == 0)
		return tls_fail(
		    maker, ERR_INVALID, maker->dir, "no host to make a certificate for");
	if (mkdir(maker->dir, 0755) != 0 && errno != EEXIST)
		return tls_fail(maker, ERR_FILE_SYSTEM, maker->dir, strerror(errno));
	int ca = tls_count_pair(maker, "ca"), server = tls_count_pair(maker, "server");
	/* An authority's key may rightly be kept elsewhere once the server has its own pair. */
	if (server == 2)
		return ERR_OK;
	if (server == 1 || ca == 1)
		return tls_fail(maker, ERR_INVALID,
		    tls_path(maker, server == 1 ? "server.crt, server.key" : "ca.crt, ca.key"),
		    "only one of the two is there; bring back the other or remove this one");
	err = ca == 2 ? tls_load_ca(maker) : tls_make_ca(maker);
	return err != ERR_OK ? err : tls_make_server(maker, hosts, count);
}

enum err
tls_make_certificates(struct arena *arena, const char *dir, const char *const *hosts,
    size_t count, const char **why)
{
	struct tls_maker maker = { .arena = arena, .dir = dir };

	ERR_clear_error();
	enum err err = tls_make(&maker, hosts, count);
	X509_free(maker.ca);
	EVP_PKEY_free(maker.ca_key);
	ERR_clear_error(); /* a2i_IPADDRESS leaves a complaint for every host name */
	*why = maker.why;
	return err;
}

enum err
tls_make_authority(struct arena *arena, const char *dir, const char **why)
{
	struct tls_maker maker = { .arena = arena, .dir = dir };
	enum err err = ERR_OK;

	ERR_clear_error();
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		err = tls_fail(&maker, ERR_FILE_SYSTEM, dir, strerror(errno));
	int have = err == ERR_OK ? tls_count_pair(&maker, "ca") : 0;
	if (have == 1)
		err = tls_fail(&maker, ERR_INVALID, tls_path(&maker, "ca.crt, ca.key"),
		    "only one of the two is there; bring back the other or remove this one");
	else if (err == ERR_OK)
		err = have == 2 ? tls_load_ca(&maker) : tls_make_ca(&maker);
	X509_free(maker.ca);
	EVP_PKEY_free(maker.ca_key);
	*why = maker.why;
	return err;
}

enum err
tls_issue_branch(
    struct arena *arena, const char *dir, struct tls_branch *branch, const char **why)
{
	struct tls_maker maker = { .arena = arena, .dir = dir };
	enum err err;

	ERR_clear_error();
	if (tls_count_pair(&maker, branch->base) != 0)
		err = tls_fail(&maker, ERR_INVALID, tls_path(&maker, branch->base),
		    "there is a .crt or .key of that name already");
	else
		err = tls_load_ca(&maker);
	if (err == ERR_OK)
		err = tls_make_branch(&maker, branch);
	X509_free(maker.ca);
	EVP_PKEY_free(maker.ca_key);
	ERR_clear_error();
	*why = maker.why;
	return err;
}
