/*
 * How many connections each address has. IPv6 addresses count by their /64, which one customer
 * of a provider can use at will.
 */
#include "common/log.h"
#include "common/mem.h"
#include "server/net/inner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static size_t
address_bucket(const uint8_t bytes[16])
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (int i = 0; i < 16; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return (hash >> 32) % ADDRESS_BUCKETS;
}

/* 16 bytes to count by, and the name for logs: an IPv4 client of an IPv6 socket by its IPv4. */
static void
address_key(const struct sockaddr_storage *from, uint8_t key[16], char *text)
{
	memset(key, 0, 16);
	strcpy(text, "?");
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;

		memcpy(key + 12, &in->sin_addr, 4);
		inet_ntop(AF_INET, &in->sin_addr, text, INET6_ADDRSTRLEN);
	} else if (from->ss_family == AF_INET6) {
		const struct in6_addr *in = &((const struct sockaddr_in6 *)from)->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(in)) {
			memcpy(key + 12, in->s6_addr + 12, 4);
			inet_ntop(AF_INET, in->s6_addr + 12, text, INET6_ADDRSTRLEN);
		} else {
			memcpy(key, in, 8);
			inet_ntop(AF_INET6, in, text, INET6_ADDRSTRLEN);
		}
	}
}

struct address *
address_take(struct address **table, const struct sockaddr_storage *from, int max, char *text)
{
	uint8_t key[16];
	struct address **bucket, *address;

	address_key(from, key, text);
	bucket = &table[address_bucket(key)];
	for (address = *bucket; address != NULL; address = address->next)
		if (memcmp(address->bytes, key, sizeof(key)) == 0)
			break;
	if (address == NULL) {
		address = mem_zalloc(1, sizeof(*address));
		memcpy(address->bytes, key, sizeof(key));
		address->next = *bucket;
		*bucket = address;
	}
	if (address->count >= max)
		return NULL;
	address->count++;
	return address;
}

void
address_give_back(struct address **table, struct address *address)
{
	struct address **at = &table[address_bucket(address->bytes)];

	if (--address->count > 0)
		return;
	while (*at != address)
		at = &(*at)->next;
	*at = address->next;
	free(address);
}
