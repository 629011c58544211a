-- Prices, rates and discounts: what a line of a quote or an order is offered for.

-- The best price for each line: of the customer's own list, its level's, everybody's, in this order;
-- then the list that began last, then the highest minimum reached. A price in the product's own
-- unit serves another unit by its factor. ended: when the last list that had one ended.
CREATE OR REPLACE FUNCTION kehu_prices(p_customer bigint, p_currency text, p_tax boolean, p_day date,
	p_products bigint[], p_units text[], p_quantities bigint[])
RETURNS TABLE (line bigint, name text, active boolean, unit text, tax_rate bigint, factor bigint,
	price bigint, price_list_id bigint, ended date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	grade text;
BEGIN
	IF NOT kehu_may(kehu_caller(), 'product', 1, 0, NULL, NULL, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	SELECT c.level INTO grade FROM customer c WHERE c.id = p_customer;
	RETURN QUERY
	SELECT a.line, p.name, p.active AND p.deleted_at IS NULL, u.unit, p.tax_rate, u.factor,
		best.price, best.id, late.valid_until
	FROM unnest(p_products, p_units, p_quantities) WITH ORDINALITY AS a(product, unit, quantity, line)
	JOIN product p ON p.id = a.product
	CROSS JOIN LATERAL (SELECT coalesce(a.unit, p.unit) AS unit,
		CASE WHEN coalesce(a.unit, p.unit) = p.unit THEN 10000 ELSE (SELECT x.factor
			FROM product_unit x WHERE x.product_id = p.id AND x.unit = a.unit
			AND x.deleted_at IS NULL ORDER BY x.position LIMIT 1) END AS factor) u
	LEFT JOIN LATERAL (
		SELECT l.id, CASE WHEN coalesce(n.unit, p.unit) = u.unit THEN n.price
			ELSE (n.price::numeric * u.factor / 10000)::bigint END AS price
		FROM price_line n JOIN price_list l ON l.id = n.price_list_id
		WHERE n.product_id = p.id AND n.deleted_at IS NULL AND l.deleted_at IS NULL
		AND l.currency = p_currency AND coalesce(l.tax_included, false) = p_tax
		AND l.valid_from <= p_day AND (l.valid_until IS NULL OR l.valid_until >= p_day)
		AND (l.customer_id IS NULL OR l.customer_id = p_customer)
		AND (l.level IS NULL OR l.level = grade)
		AND ((coalesce(n.unit, p.unit) = u.unit AND a.quantity >= coalesce(n.minimum, 0))
			OR (coalesce(n.unit, p.unit) = p.unit
				AND a.quantity::numeric * u.factor / 10000 >= coalesce(n.minimum, 0)))
		ORDER BY l.customer_id IS NULL, l.level IS NULL, coalesce(n.unit, p.unit) <> u.unit,
			l.valid_from DESC, n.minimum DESC NULLS LAST, n.price, n.id LIMIT 1) best ON true
	LEFT JOIN LATERAL (
		SELECT max(l.valid_until) AS valid_until
		FROM price_line n JOIN price_list l ON l.id = n.price_list_id
		WHERE best.id IS NULL AND n.product_id = p.id AND n.deleted_at IS NULL
		AND l.deleted_at IS NULL AND l.currency = p_currency AND l.valid_until < p_day
		AND (l.customer_id IS NULL OR l.customer_id = p_customer)
		AND (l.level IS NULL OR l.level = grade)) late ON true
	ORDER BY a.line;
END
$$;

-- The rate of a currency on a day: the last one known by then; null when there is none.
CREATE OR REPLACE FUNCTION kehu_rate(p_currency text, p_day date) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF p_currency = 'CNY' THEN
		RETURN 1000000;
	END IF;
	RETURN (SELECT r.rate FROM currency_rate r WHERE r.currency = p_currency AND r.day <= p_day
		AND r.deleted_at IS NULL ORDER BY r.day DESC, r.id DESC LIMIT 1);
END
$$;

-- How much the caller may take off list prices, percent scaled by 100: the widest limit that fits.
-- None fits: nothing may be taken off; no limit set at all: null, anything goes.
CREATE OR REPLACE FUNCTION kehu_discount_limit() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
BEGIN
	IF NOT EXISTS (SELECT FROM discount_limit WHERE deleted_at IS NULL) THEN
		RETURN NULL;
	END IF;
	RETURN (SELECT coalesce(max(d.percent), 0) FROM discount_limit d WHERE d.deleted_at IS NULL
		AND (d.role_id IS NULL OR EXISTS (SELECT FROM user_role u WHERE u.user_id = caller
			AND u.role_id = d.role_id AND u.deleted_at IS NULL))
		AND (d.for_department_id IS NULL OR d.for_department_id IN (
			WITH RECURSIVE above AS (SELECT u.department_id AS id FROM users u WHERE u.id = caller
				UNION SELECT p.parent_id FROM department p JOIN above a ON p.id = a.id
				WHERE p.parent_id IS NOT NULL)
			SELECT id FROM above)));
END
$$;
