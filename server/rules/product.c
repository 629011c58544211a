/*
 * 产品: its own unit counts one; other units hold so many of it.
 */
#include "server/entity/fields.h"
#include "server/trade/trade.h"

#include <string.h>

static enum err
product_before_save(struct call *call, struct record *product)
{
	int64_t tax = record_number(product, F_product_tax_rate);
	struct record **units;
	size_t count = trade_lines(call, product, E_product_unit, &units);

	if (tax < 0 || tax > PERCENT_WHOLE)
		return CALL_FAIL(call, ERR_INVALID, .field = F_product_tax_rate);
	for (size_t i = 0; i < count; i++) {
		const char *unit = record_text(units[i], F_product_unit_unit);
		bool twice = strcmp(unit, record_text(product, F_product_unit)) == 0;

		for (size_t k = 0; k < i; k++)
			twice = twice ||
				strcmp(unit, record_text(units[k], F_product_unit_unit)) == 0;
		if (twice || record_number(units[i], F_product_unit_factor) <= 0)
			call_also(call,
			    (struct failure){ .err = twice ? ERR_DUPLICATE : ERR_INVALID,
				.entity = E_product_unit,
				.line = units[i]->id,
				.field = twice ? F_product_unit_unit : F_product_unit_factor });
	}
	return call->failure.err;
}

const struct rule rules_product[] = {
	{ .hook = HOOK_BEFORE_SAVE, .run = product_before_save },
	{ 0 },
};
