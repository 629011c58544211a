/*
 * Numbers of the demo's customers: phones that reach nobody and tax numbers whose check
 * characters are right.
 */
#include "server/job/demo_make.h"

#include <stdio.h>
#include <string.h>

/*
 * Mobile prefixes the ministry has given to nobody, and local numbers starting with 9, where
 * only short codes are.
 */
const char *
demo_mobile(struct demo_random *random, struct arena *arena)
{
	static const char *const prefixes[] = { "160", "161", "163", "164", "168", "169" };
	const char *prefix = prefixes[demo_below(random, 6)];
	uint32_t a = demo_below(random, 10000), b = demo_below(random, 10000);
	uint32_t how = demo_below(random, 100);

	if (how < 80)
		return arena_printf(arena, "%s%04u%04u", prefix, a, b);
	if (how < 92)
		return arena_printf(arena, "%s %04u %04u", prefix, a, b);
	return arena_printf(arena, "+86 %s %04u %04u", prefix, a, b);
}

const char *
demo_landline(struct demo_random *random, struct arena *arena, const struct demo_place *place)
{
	char local[12];
	uint32_t how = demo_below(random, 100);

	snprintf(local, sizeof(local), "9%0*u", place->digits - 1,
	    demo_below(random, place->digits == 8 ? 10000000 : 1000000));
	if (how < 80)
		return arena_printf(arena, "%s-%s", place->area_code, local);
	if (how < 88)
		return arena_printf(arena, "(%s)%s", place->area_code, local);
	if (how < 94)
		return arena_printf(arena, "+86 %s %s", place->area_code + 1, local);
	return arena_printf(
	    arena, "%s-%s-%u", place->area_code, local, 800 + demo_below(random, 100));
}

/* Numbers kept for fiction: 555-01xx in America, blocks of the British regulator. */
const char *
demo_phone_abroad(struct demo_random *random, struct arena *arena)
{
	static const char *const british[] = { "20 7946 0", "161 496 0", "121 496 0",
		"113 496 0", "131 496 0", "117 496 0" };

	uint32_t at = demo_below(random, 6), number = demo_below(random, 1000);
	uint32_t area = 202 + demo_below(random, 780);

	if (demo_chance(random, 50))
		return arena_printf(arena, "+44 %s%03u", british[at], number);
	return arena_printf(arena, "+1 %03u-555-01%02u", area, number % 100);
}

/* GB 11714: the ninth character of an organisation code. */
static char
demo_organisation_check(const char code[8])
{
	static const int weights[8] = { 3, 7, 9, 10, 5, 8, 4, 2 };
	int sum = 0;

	for (int i = 0; i < 8; i++)
		sum += weights[i] * (code[i] <= '9' ? code[i] - '0' : code[i] - 'A' + 10);
	sum = 11 - sum % 11;
	return sum == 10 ? 'X' : sum == 11 ? '0' : (char)('0' + sum);
}

/* Organisation codes starting with Y have not been given out. */
const char *
demo_tax_number(struct demo_random *random, struct arena *arena, const char *division)
{
	static const char letters[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	char *code = arena_alloc(arena, 19);
	int sum = 0, weight = 1;

	code[0] = '9';
	code[1] = '1';
	memcpy(code + 2, division, 6);
	code[8] = 'Y';
	for (int i = 9; i < 16; i++)
		code[i] = letters[demo_below(random, 31)];
	code[16] = demo_organisation_check(code + 8);
	for (int i = 0; i < 17; i++) {
		sum += weight * (int)(strchr(letters, code[i]) - letters);
		weight = weight * 3 % 31;
	}
	code[17] = letters[(31 - sum % 31) % 31];
	return code;
}
