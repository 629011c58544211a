-- Rule functions of orders and money. A customer's account is its row in customer_figures: owed
-- (confirmed orders less returns and receipts) and balance (paid ahead), both in CNY minor units.
-- Locks are taken in this order, so that nobody waits for somebody who waits for him: one's own
-- record, the order, the account; figures of instalments are written under the account's lock
-- only, and held orders looked through at a receipt are skipped when somebody has them.

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

-- The customer's account, locked until the transaction ends.
CREATE OR REPLACE FUNCTION kehu_account(p_customer bigint) RETURNS customer_figures
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	account customer_figures;
BEGIN
	INSERT INTO customer_figures (id) VALUES (p_customer) ON CONFLICT (id) DO NOTHING;
	SELECT * INTO account FROM customer_figures WHERE id = p_customer FOR NO KEY UPDATE;
	RETURN account;
END
$$;

-- Moves what a customer owes and has paid ahead.
CREATE OR REPLACE FUNCTION kehu_account_move(p_customer bigint, p_owed bigint, p_balance bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	account customer_figures := kehu_account(p_customer);
BEGIN
	IF coalesce(account.balance, 0) + p_balance < 0 THEN
		PERFORM kehu_refuse('BALANCE');
	END IF;
	UPDATE customer_figures SET owed = coalesce(owed, 0) + p_owed, owed_currency = 'CNY',
		balance = coalesce(balance, 0) + p_balance, balance_currency = 'CNY'
		WHERE id = p_customer;
END
$$;

-- What a customer may owe today; null: no limit.
CREATE OR REPLACE FUNCTION kehu_credit(p_customer bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN (SELECT l.amount FROM credit_limit l WHERE l.customer_id = p_customer
		AND l.deleted_at IS NULL AND (l.valid_until IS NULL OR l.valid_until >=
			(clock_timestamp() + kehu_branch_offset(l.branch_id))::date) LIMIT 1);
END
$$;

-- One line of the ledger; the account is locked and already moved.
CREATE OR REPLACE FUNCTION kehu_prepaid(p_customer bigint, p_kind text, p_amount bigint,
	p_receipt bigint, p_receivable bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO prepaid_entry (customer_id, at, kind, amount, amount_currency, balance,
		balance_currency, receipt_id, receivable_id, owner_id, department_id, branch_id, created_by)
	SELECT c.id, clock_timestamp(), p_kind, p_amount, 'CNY', f.balance, 'CNY', p_receipt,
		p_receivable, c.owner_id, c.department_id, c.branch_id, kehu_caller()
		FROM customer c JOIN customer_figures f ON f.id = c.id WHERE c.id = p_customer;
END
$$;

-- An order's row, locked, for a rule: there, and within the caller's reach for an action.
CREATE OR REPLACE FUNCTION kehu_order_take(p_order bigint, p_right bigint) RETURNS sales_order
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken sales_order;
BEGIN
	SELECT * INTO taken FROM sales_order WHERE id = p_order AND deleted_at IS NULL FOR NO KEY UPDATE;
	IF NOT FOUND OR NOT kehu_may(kehu_caller(), 'order', p_right, taken.owner_id,
		taken.department_id, taken.branch_id, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	RETURN taken;
END
$$;

-- Confirms an order: within the customer's credit it counts as owed, past it the order is held.
-- p_force: somebody answers for going past the limit. Returns the new version.
CREATE OR REPLACE FUNCTION kehu_order_confirm(p_order bigint, p_force boolean, p_reason text,
	OUT version integer, OUT held boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken sales_order := kehu_order_take(p_order, 256);
	account customer_figures := kehu_account(taken.customer_id);
	credit bigint := kehu_credit(taken.customer_id);
	becomes text := 'confirmed';
BEGIN
	IF taken.state NOT IN ('draft', 'held') THEN
		PERFORM kehu_refuse('WRONG_STATE');
	END IF;
	IF NOT p_force AND credit IS NOT NULL
		AND coalesce(account.owed, 0) + coalesce(taken.total_base, 0) > credit THEN
		becomes := 'held';
	END IF;
	IF becomes = 'held' AND taken.state = 'held' THEN
		PERFORM kehu_refuse('OVER_CREDIT');
	END IF;
	IF becomes = 'confirmed' THEN
		PERFORM kehu_account_move(taken.customer_id, coalesce(taken.total_base, 0), 0);
	END IF;
	UPDATE sales_order SET state = becomes, confirmed_at = clock_timestamp(),
		reason = coalesce(p_reason, reason), version = taken.version + 1, updated_at = now(),
		updated_by = kehu_caller() WHERE id = p_order;
	version := taken.version + 1;
	held := becomes = 'held';
END
$$;

-- Held orders that fit a customer's credit now, oldest first; one too big lets smaller ones pass.
-- The account is locked. An order somebody else has in hand is left for the next time.
CREATE OR REPLACE FUNCTION kehu_orders_release(p_customer bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	account customer_figures := kehu_account(p_customer);
	credit bigint := kehu_credit(p_customer);
	owing bigint := coalesce(account.owed, 0);
	held sales_order;
BEGIN
	FOR held IN SELECT * FROM sales_order WHERE customer_id = p_customer AND state = 'held'
		AND deleted_at IS NULL ORDER BY confirmed_at, id FOR NO KEY UPDATE SKIP LOCKED
	LOOP
		IF credit IS NULL OR owing + coalesce(held.total_base, 0) <= credit THEN
			owing := owing + coalesce(held.total_base, 0);
			PERFORM kehu_account_move(p_customer, coalesce(held.total_base, 0), 0);
			UPDATE sales_order SET state = 'confirmed', version = version + 1, updated_at = now(),
				updated_by = kehu_caller() WHERE id = held.id;
		END IF;
	END LOOP;
END
$$;

-- What an order that brings nothing had won is open again, in the stage it was won from: unless
-- another order of it holds, or somebody won it by hand. The order's number and why are its history.
CREATE OR REPLACE FUNCTION kehu_order_unwins(p_order bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	gone sales_order;
	deal opportunity;
	back opportunity_stage;
	offset_of interval;
	today date;
BEGIN
	SELECT * INTO gone FROM sales_order WHERE id = p_order;
	SELECT * INTO deal FROM opportunity o WHERE o.id = gone.opportunity_id AND o.state = 'won'
		AND o.deleted_at IS NULL AND EXISTS (SELECT FROM sales_order s
			WHERE s.opportunity_id = o.id AND s.number = o.close_note)
		FOR NO KEY UPDATE;
	IF deal.id IS NULL OR EXISTS (SELECT FROM sales_order s
			LEFT JOIN sales_order_figures f ON f.id = s.id
			WHERE s.opportunity_id = deal.id AND s.deleted_at IS NULL AND s.id <> p_order
			AND (s.state IN ('confirmed', 'part_delivered', 'delivered')
				OR s.state = 'closed' AND coalesce(f.dropped, 0) < coalesce(s.total_base, 0))) THEN
		RETURN;
	END IF;
	SELECT t.* INTO back FROM opportunity_stage t LEFT JOIN opportunity_move m
		ON m.opportunity_id = deal.id AND m.from_stage = t.stage AND m.deleted_at IS NULL
		WHERE t.state = 'open' AND t.deleted_at IS NULL
		ORDER BY m.position DESC NULLS LAST, t.position, t.id LIMIT 1;
	IF back.id IS NULL THEN
		RETURN;
	END IF;
	offset_of := kehu_branch_offset(deal.branch_id);
	today := (clock_timestamp() + offset_of)::date;
	INSERT INTO opportunity_move (opportunity_id, position, at, from_stage, stage, days, reason,
		by_id, created_by)
		SELECT deal.id, coalesce(max(m.position) + 1, 0), clock_timestamp(), deal.stage,
			back.stage, today - (deal.stage_since + offset_of)::date,
			left(concat_ws(': ', gone.number, gone.reason), 200), kehu_caller(), kehu_caller()
			FROM opportunity_move m WHERE m.opportunity_id = deal.id;
	UPDATE opportunity SET stage = back.stage, state = 'open', probability = back.probability,
		probability_reason = NULL, weighted = (amount * back.probability + 50) / 100,
		weighted_currency = amount_currency, stage_since = clock_timestamp(),
		stalls_on = CASE WHEN back.stall_days > 0 THEN today + back.stall_days::integer END,
		closed_on = NULL, close_note = NULL, version = version + 1, updated_at = now(),
		updated_by = kehu_caller() WHERE id = deal.id;
END
$$;

-- Ends an order: state and reason are set, p_off of what it added to the customer's debt goes
-- (all of it when cancelled, what was never delivered when closed). Returns the new version.
CREATE OR REPLACE FUNCTION kehu_order_end(p_order bigint, p_state text, p_off bigint, p_reason text)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken sales_order := kehu_order_take(p_order, 256);
BEGIN
	IF p_off < 0 OR p_off > coalesce(taken.total_base, 0) OR p_state NOT IN ('closed', 'cancelled') THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	IF p_state = 'cancelled' AND EXISTS (SELECT FROM delivery d WHERE d.order_id = p_order
		AND d.state <> 'cancelled' AND d.deleted_at IS NULL) THEN
		PERFORM kehu_refuse('IN_USE');
	END IF;
	IF p_state = 'cancelled' AND EXISTS (SELECT FROM receivable r JOIN receivable_figures f
		ON f.id = r.id WHERE r.order_id = p_order AND f.paid > 0 AND r.deleted_at IS NULL) THEN
		PERFORM kehu_refuse('IN_USE');
	END IF;
	UPDATE sales_order SET state = p_state, reason = coalesce(p_reason, reason),
		version = version + 1, updated_at = now(), updated_by = kehu_caller() WHERE id = p_order;
	IF p_state = 'closed' AND p_off <> 0 THEN
		INSERT INTO sales_order_figures (id, dropped, dropped_currency) VALUES (p_order, p_off, 'CNY')
			ON CONFLICT (id) DO UPDATE SET dropped = EXCLUDED.dropped,
				dropped_currency = EXCLUDED.dropped_currency;
	END IF;
	IF taken.state NOT IN ('draft', 'held') AND p_off <> 0 THEN
		PERFORM kehu_account_move(taken.customer_id, -p_off, 0);
		PERFORM kehu_orders_release(taken.customer_id);
	END IF;
	IF taken.opportunity_id IS NOT NULL AND taken.state NOT IN ('draft', 'held')
		AND p_off = coalesce(taken.total_base, 0) THEN
		PERFORM kehu_order_unwins(p_order);
	END IF;
	RETURN taken.version + 1;
END
$$;

-- Lines of an order with the order's head, the order locked: for deliveries made of it.
CREATE OR REPLACE FUNCTION kehu_order_lines(p_order bigint)
RETURNS TABLE (id bigint, product_id bigint, unit text, quantity bigint, delivered bigint,
	state text, customer_id bigint, address text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken sales_order := kehu_order_take(p_order, 1);
BEGIN
	RETURN QUERY SELECT l.id, l.product_id, l.unit, l.quantity, coalesce(l.delivered, 0),
		taken.state, taken.customer_id, taken.address
		FROM order_line l WHERE l.order_id = p_order AND l.deleted_at IS NULL
		ORDER BY l.position, l.id;
END
$$;

-- What a delivery's lines add to (p_sign 1) or take from (-1) those of its order, whose state follows.
CREATE OR REPLACE FUNCTION kehu_delivery_book(p_delivery bigint, p_sign bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken sales_order;
	became text;
BEGIN
	SELECT o.* INTO taken FROM delivery d JOIN sales_order o ON o.id = d.order_id
		WHERE d.id = p_delivery;
	taken := kehu_order_take(taken.id, 1);
	IF NOT kehu_may(kehu_caller(), 'delivery', CASE WHEN p_sign > 0 THEN 2 ELSE 256 END,
		taken.owner_id, taken.department_id, taken.branch_id, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF p_sign NOT IN (1, -1) OR taken.state NOT IN ('confirmed', 'part_delivered', 'delivered') THEN
		PERFORM kehu_refuse('WRONG_STATE');
	END IF;
	IF p_sign < 0 AND EXISTS (SELECT FROM delivery_line l WHERE l.delivery_id = p_delivery
		AND l.deleted_at IS NULL AND coalesce(l.returned, 0) > 0) THEN
		PERFORM kehu_refuse('IN_USE');
	END IF;
	IF EXISTS (SELECT FROM order_line o JOIN (SELECT l.order_line AS id, sum(l.quantity) AS quantity
			FROM delivery_line l WHERE l.delivery_id = p_delivery AND l.deleted_at IS NULL
			GROUP BY l.order_line) s ON s.id = o.id
		WHERE coalesce(o.delivered, 0) + p_sign * s.quantity > o.quantity) THEN
		PERFORM kehu_refuse('OVER_DELIVERY');
	END IF;
	UPDATE order_line o SET delivered = coalesce(o.delivered, 0) + p_sign * s.quantity,
		version = o.version + 1
		FROM (SELECT l.order_line AS id, sum(l.quantity)::bigint AS quantity FROM delivery_line l
			WHERE l.delivery_id = p_delivery AND l.deleted_at IS NULL GROUP BY l.order_line) s
		WHERE o.id = s.id AND o.order_id = taken.id;
	SELECT CASE WHEN bool_and(coalesce(l.delivered, 0) >= l.quantity) THEN 'delivered'
		WHEN bool_or(coalesce(l.delivered, 0) > 0) THEN 'part_delivered' ELSE 'confirmed' END
		INTO became FROM order_line l WHERE l.order_id = taken.id AND l.deleted_at IS NULL;
	UPDATE sales_order SET state = became, version = version + 1, updated_at = now(),
		updated_by = kehu_caller() WHERE id = taken.id;
END
$$;

-- Lines of a delivery with what they were sold for, the order locked: for returns made of it.
CREATE OR REPLACE FUNCTION kehu_delivery_lines(p_delivery bigint)
RETURNS TABLE (id bigint, product_id bigint, unit text, quantity bigint, returned bigint,
	price bigint, discount bigint, tax_rate bigint, state text, order_id bigint, customer_id bigint,
	currency text, tax_included boolean, rate bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken sales_order;
BEGIN
	SELECT o.* INTO taken FROM delivery d JOIN sales_order o ON o.id = d.order_id
		WHERE d.id = p_delivery;
	taken := kehu_order_take(taken.id, 1);
	RETURN QUERY SELECT l.id, l.product_id, l.unit, l.quantity, coalesce(l.returned, 0), o.price,
		coalesce(o.discount, 0), o.tax_rate, d.state, taken.id, taken.customer_id, taken.currency,
		coalesce(taken.tax_included, false), taken.rate
		FROM delivery d JOIN delivery_line l ON l.delivery_id = d.id
		JOIN order_line o ON o.id = l.order_line
		WHERE d.id = p_delivery AND l.deleted_at IS NULL ORDER BY l.position, l.id;
END
$$;

-- Books a stored return: quantities on the delivery and the order, its worth off the debt.
CREATE OR REPLACE FUNCTION kehu_return_book(p_return bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	made goods_return;
	taken sales_order;
BEGIN
	SELECT * INTO made FROM goods_return WHERE id = p_return AND created_by = kehu_caller();
	taken := kehu_order_take(made.order_id, 1);
	IF EXISTS (SELECT FROM delivery_line d JOIN (SELECT l.delivery_line AS id, sum(l.quantity) AS quantity
			FROM goods_return_line l WHERE l.goods_return_id = p_return AND l.deleted_at IS NULL
			GROUP BY l.delivery_line) s ON s.id = d.id
		WHERE coalesce(d.returned, 0) + s.quantity > d.quantity OR d.delivery_id <> made.delivery_id) THEN
		PERFORM kehu_refuse('OVER_DELIVERY');
	END IF;
	UPDATE delivery_line d SET returned = coalesce(d.returned, 0) + l.quantity, version = d.version + 1
		FROM goods_return_line l WHERE l.goods_return_id = p_return AND l.delivery_line = d.id
		AND l.deleted_at IS NULL;
	UPDATE order_line o SET returned = coalesce(o.returned, 0) + s.quantity, version = o.version + 1
		FROM (SELECT d.order_line AS id, sum(l.quantity)::bigint AS quantity FROM goods_return_line l
			JOIN delivery_line d ON d.id = l.delivery_line
			WHERE l.goods_return_id = p_return AND l.deleted_at IS NULL GROUP BY d.order_line) s
		WHERE o.id = s.id AND o.order_id = taken.id;
	PERFORM kehu_account_move(taken.customer_id, -coalesce(made.total_base, 0), 0);
	PERFORM kehu_orders_release(taken.customer_id);
END
$$;

-- Figures of an instalment after it was made, changed or removed. Together the instalments of an
-- order ask for no more than its total, and none for less than was paid on it.
CREATE OR REPLACE FUNCTION kehu_receivable_track(p_receivable bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	one receivable;
	taken sales_order;
	account customer_figures;
	had bigint;
BEGIN
	SELECT * INTO one FROM receivable WHERE id = p_receivable;
	taken := kehu_order_take(one.order_id, 1);
	account := kehu_account(taken.customer_id);
	had := coalesce((SELECT f.paid FROM receivable_figures f WHERE f.id = p_receivable), 0);
	IF had > (CASE WHEN one.deleted_at IS NULL THEN one.amount ELSE 0 END) THEN
		PERFORM kehu_refuse('IN_USE');
	END IF;
	IF one.amount_currency <> taken.currency OR taken.total < (SELECT sum(r.amount) FROM receivable r
		WHERE r.order_id = taken.id AND r.deleted_at IS NULL) THEN
		PERFORM kehu_refuse('PLAN');
	END IF;
	INSERT INTO receivable_figures (id, paid, paid_currency, open, open_currency, overdue_on, owner_id)
		VALUES (p_receivable, had, taken.currency, one.amount - had, taken.currency,
			CASE WHEN one.amount > had AND one.deleted_at IS NULL THEN one.due_on END, one.owner_id)
		ON CONFLICT (id) DO UPDATE SET open = EXCLUDED.open, overdue_on = EXCLUDED.overdue_on;
END
$$;

-- Pays p_amount on an instalment (or takes it back, when negative). The account is locked.
CREATE OR REPLACE FUNCTION kehu_receivable_pay(p_customer bigint, p_receivable bigint,
	p_amount bigint, p_currency text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	one receivable;
	figures receivable_figures;
BEGIN
	SELECT * INTO one FROM receivable WHERE id = p_receivable;
	SELECT * INTO figures FROM receivable_figures WHERE id = p_receivable FOR NO KEY UPDATE;
	IF one.customer_id IS DISTINCT FROM p_customer OR one.amount_currency <> p_currency
		OR (one.deleted_at IS NOT NULL AND p_amount > 0) THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	IF figures.open < p_amount THEN
		PERFORM kehu_refuse('OVERPAID');
	END IF;
	UPDATE receivable_figures SET paid = paid + p_amount, open = open - p_amount,
		overdue_on = CASE WHEN open - p_amount > 0 THEN one.due_on END WHERE id = p_receivable;
	INSERT INTO sales_order_figures AS f (id, paid, paid_currency)
		VALUES (one.order_id, p_amount, p_currency)
		ON CONFLICT (id) DO UPDATE SET paid = coalesce(f.paid, 0) + EXCLUDED.paid,
			paid_currency = EXCLUDED.paid_currency;
END
$$;

-- Books a stored receipt: against the instalments it names, else against the oldest open ones of its
-- currency; what is left goes to the customer's balance. Held orders that fit now are released.
CREATE OR REPLACE FUNCTION kehu_receipt_book(p_receipt bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	got receipt;
	account customer_figures;
	paying receipt_allocation;
	due record;
	rest bigint;
	place integer := 0;
BEGIN
	SELECT * INTO got FROM receipt WHERE id = p_receipt AND state = 'booked';
	IF NOT FOUND OR NOT kehu_may(kehu_caller(), 'receipt', 2, got.owner_id, got.department_id,
		got.branch_id, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	account := kehu_account(got.customer_id);
	rest := got.amount;
	FOR paying IN SELECT * FROM receipt_allocation WHERE receipt_id = p_receipt
		AND deleted_at IS NULL ORDER BY receivable_id, id
	LOOP
		PERFORM kehu_receivable_pay(got.customer_id, paying.receivable_id, paying.amount,
			got.amount_currency);
		rest := rest - paying.amount;
		place := place + 1;
	END LOOP;
	IF place = 0 THEN
		FOR due IN SELECT r.id, f.open FROM receivable r JOIN receivable_figures f ON f.id = r.id
			WHERE r.customer_id = got.customer_id AND r.deleted_at IS NULL AND f.open > 0
			AND r.amount_currency = got.amount_currency ORDER BY r.due_on, r.id
		LOOP
			EXIT WHEN rest <= 0;
			PERFORM kehu_receivable_pay(got.customer_id, due.id, least(due.open, rest),
				got.amount_currency);
			INSERT INTO receipt_allocation (receipt_id, position, receivable_id, amount,
				amount_currency, created_by) VALUES (p_receipt, place, due.id,
				least(due.open, rest), got.amount_currency, kehu_caller());
			rest := rest - least(due.open, rest);
			place := place + 1;
		END LOOP;
	END IF;
	IF rest < 0 OR (rest > 0 AND got.amount_currency <> 'CNY') THEN
		PERFORM kehu_refuse('OVERPAID');
	END IF;
	PERFORM kehu_account_move(got.customer_id, -got.amount_base, rest);
	IF rest > 0 THEN
		PERFORM kehu_prepaid(got.customer_id, 'received', rest, p_receipt, NULL);
		UPDATE receipt SET to_balance = rest, to_balance_currency = 'CNY' WHERE id = p_receipt;
	END IF;
	PERFORM kehu_orders_release(got.customer_id);
	RETURN rest;
END
$$;

-- Takes a receipt back: instalments open again, the balance gives back what it got.
CREATE OR REPLACE FUNCTION kehu_receipt_reverse(p_receipt bigint, p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	got receipt;
	account customer_figures;
	paying receipt_allocation;
BEGIN
	SELECT * INTO got FROM receipt WHERE id = p_receipt AND deleted_at IS NULL FOR NO KEY UPDATE;
	IF NOT FOUND OR NOT kehu_may(kehu_caller(), 'receipt', 256, got.owner_id, got.department_id,
		got.branch_id, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF got.state <> 'booked' THEN
		PERFORM kehu_refuse('WRONG_STATE');
	END IF;
	account := kehu_account(got.customer_id);
	FOR paying IN SELECT * FROM receipt_allocation WHERE receipt_id = p_receipt
		AND deleted_at IS NULL ORDER BY receivable_id, id
	LOOP
		PERFORM kehu_receivable_pay(got.customer_id, paying.receivable_id, -paying.amount,
			got.amount_currency);
	END LOOP;
	PERFORM kehu_account_move(got.customer_id, got.amount_base, -coalesce(got.to_balance, 0));
	IF coalesce(got.to_balance, 0) > 0 THEN
		PERFORM kehu_prepaid(got.customer_id, 'reversed', -got.to_balance, p_receipt, NULL);
	END IF;
	UPDATE receipt SET state = 'reversed', reason = p_reason, version = version + 1,
		updated_at = now(), updated_by = kehu_caller() WHERE id = p_receipt;
	RETURN got.version + 1;
END
$$;

-- Pays an instalment from the customer's balance; p_amount null: as much as is open.
CREATE OR REPLACE FUNCTION kehu_receivable_settle(p_receivable bigint, p_amount bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	one receivable;
	account customer_figures;
	paid bigint := p_amount;
BEGIN
	SELECT * INTO one FROM receivable WHERE id = p_receivable AND deleted_at IS NULL FOR NO KEY UPDATE;
	IF NOT FOUND OR NOT kehu_may(kehu_caller(), 'receivable', 256, one.owner_id, one.department_id,
		one.branch_id, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	account := kehu_account(one.customer_id);
	IF paid IS NULL THEN
		paid := (SELECT f.open FROM receivable_figures f WHERE f.id = p_receivable);
	END IF;
	IF paid <= 0 OR one.amount_currency <> 'CNY' THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	PERFORM kehu_account_move(one.customer_id, 0, -paid);
	PERFORM kehu_receivable_pay(one.customer_id, p_receivable, paid, 'CNY');
	PERFORM kehu_prepaid(one.customer_id, 'used', -paid, NULL, p_receivable);
	RETURN one.version;
END
$$;

-- What is still to be invoiced of an order, the order locked; and the count of it once asked for.
CREATE OR REPLACE FUNCTION kehu_order_invoiced(p_order bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken sales_order := kehu_order_take(p_order, 1);
	asked bigint;
BEGIN
	SELECT coalesce(sum(i.amount), 0) INTO asked FROM invoice_request i WHERE i.order_id = p_order
		AND i.state <> 'rejected' AND i.deleted_at IS NULL;
	IF asked > coalesce(taken.total, 0) THEN
		PERFORM kehu_refuse('OVER_INVOICE');
	END IF;
	INSERT INTO sales_order_figures (id, invoiced, invoiced_currency)
		VALUES (p_order, asked, taken.currency)
		ON CONFLICT (id) DO UPDATE SET invoiced = EXCLUDED.invoiced,
			invoiced_currency = EXCLUDED.invoiced_currency;
	RETURN coalesce(taken.total, 0) - asked;
END
$$;

-- What hangs on a customer's money goes with it to another owner; orders and quotes keep theirs.
CREATE OR REPLACE FUNCTION kehu_customer_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE receipt SET owner_id = NEW.owner_id, department_id = NEW.department_id,
		branch_id = NEW.branch_id WHERE customer_id = NEW.id;
	UPDATE prepaid_entry SET owner_id = NEW.owner_id, department_id = NEW.department_id,
		branch_id = NEW.branch_id WHERE customer_id = NEW.id;
	UPDATE credit_limit SET owner_id = NEW.owner_id, department_id = NEW.department_id,
		branch_id = NEW.branch_id WHERE customer_id = NEW.id;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_moved AFTER UPDATE OF owner_id, department_id, branch_id ON customer
	FOR EACH ROW WHEN ((OLD.owner_id, OLD.department_id, OLD.branch_id) IS DISTINCT FROM
		(NEW.owner_id, NEW.department_id, NEW.branch_id)) EXECUTE FUNCTION kehu_customer_moved();
CREATE OR REPLACE FUNCTION kehu_order_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE delivery SET owner_id = NEW.owner_id, department_id = NEW.department_id,
		branch_id = NEW.branch_id WHERE order_id = NEW.id;
	UPDATE goods_return SET owner_id = NEW.owner_id, department_id = NEW.department_id,
		branch_id = NEW.branch_id WHERE order_id = NEW.id;
	UPDATE receivable SET owner_id = NEW.owner_id, department_id = NEW.department_id,
		branch_id = NEW.branch_id WHERE order_id = NEW.id;
	UPDATE invoice_request SET owner_id = NEW.owner_id, department_id = NEW.department_id,
		branch_id = NEW.branch_id WHERE order_id = NEW.id;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_moved AFTER UPDATE OF owner_id, department_id, branch_id ON sales_order
	FOR EACH ROW WHEN ((OLD.owner_id, OLD.department_id, OLD.branch_id) IS DISTINCT FROM
		(NEW.owner_id, NEW.department_id, NEW.branch_id)) EXECUTE FUNCTION kehu_order_moved();
CREATE OR REPLACE FUNCTION kehu_receivable_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE receivable_figures SET owner_id = NEW.owner_id WHERE id = NEW.id;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_moved AFTER UPDATE OF owner_id ON receivable
	FOR EACH ROW WHEN (OLD.owner_id IS DISTINCT FROM NEW.owner_id) EXECUTE FUNCTION kehu_receivable_moved();
-- A customer that was traded with stays; its papers would hang in the air.
CREATE OR REPLACE FUNCTION kehu_customer_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM sales_order o WHERE o.customer_id = NEW.id AND o.deleted_at IS NULL)
		OR EXISTS (SELECT FROM quote q WHERE q.customer_id = NEW.id AND q.deleted_at IS NULL)
		OR EXISTS (SELECT FROM contract c WHERE c.customer_id = NEW.id AND c.deleted_at IS NULL)
		OR EXISTS (SELECT FROM receipt r WHERE r.customer_id = NEW.id AND r.deleted_at IS NULL) THEN
		PERFORM kehu_refuse('IN_USE');
	END IF;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_kept AFTER UPDATE OF deleted_at ON customer
	FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
	EXECUTE FUNCTION kehu_customer_kept();

-- A contract in force reminds its owner at nine, by the clock of its branch, of the day it says; renewed, ended or gone it does not.
CREATE OR REPLACE FUNCTION kehu_contract_reminds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	due timestamptz := (NEW.remind_on + time '09:00' - kehu_branch_offset(NEW.branch_id)) AT TIME ZONE 'UTC';
	words text := CASE WHEN (SELECT u.language FROM users u WHERE u.id = NEW.owner_id) = 'en'
		THEN 'Contract %s ends on %s' ELSE '合同 %s 将于 %s 到期' END;
BEGIN
	IF NEW.state <> 'signed' OR NEW.deleted_at IS NOT NULL OR due IS NULL THEN
		UPDATE reminder SET state = 'done', version = version + 1, updated_at = now()
			WHERE contract_id = NEW.id AND automatic AND state <> 'done';
		RETURN NULL;
	END IF;
	INSERT INTO reminder AS r (text, due_at, contract_id, customer_id, state, automatic, owner_id, department_id,
			branch_id, created_by)
		VALUES (left(format(words, NEW.number, NEW.valid_until), 200), due, NEW.id, NEW.customer_id, 'waiting', true,
			NEW.owner_id, NEW.department_id, NEW.branch_id, NEW.owner_id)
		ON CONFLICT (contract_id) WHERE automatic AND contract_id IS NOT NULL DO UPDATE SET text = EXCLUDED.text,
			owner_id = EXCLUDED.owner_id, department_id = EXCLUDED.department_id, branch_id = EXCLUDED.branch_id,
			customer_id = EXCLUDED.customer_id, due_at = EXCLUDED.due_at, state = 'waiting', told_at = NULL, shown_at = NULL,
			mailed_at = NULL, version = r.version + 1, updated_at = now();
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_reminds AFTER UPDATE OF state, remind_on, owner_id, deleted_at ON contract
	FOR EACH ROW WHEN ((OLD.state, OLD.remind_on, OLD.owner_id, OLD.deleted_at) IS DISTINCT FROM
		(NEW.state, NEW.remind_on, NEW.owner_id, NEW.deleted_at)) EXECUTE FUNCTION kehu_contract_reminds();

-- A confirmed order wins the opportunity it comes from, whoever confirmed or released it.
CREATE OR REPLACE FUNCTION kehu_order_wins() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	deal opportunity;
	won opportunity_stage;
	offset_of interval := kehu_branch_offset(NEW.branch_id);
	today date := (clock_timestamp() + offset_of)::date;
BEGIN
	SELECT * INTO won FROM opportunity_stage s WHERE s.state = 'won' AND s.deleted_at IS NULL
		ORDER BY s.position, s.id LIMIT 1;
	SELECT * INTO deal FROM opportunity o WHERE o.id = NEW.opportunity_id AND o.state = 'open'
		AND o.deleted_at IS NULL FOR NO KEY UPDATE;
	IF won.id IS NULL OR deal.id IS NULL THEN
		RETURN NULL;
	END IF;
	INSERT INTO opportunity_move (opportunity_id, position, at, from_stage, stage, days, reason,
		by_id, created_by)
		SELECT deal.id, coalesce(max(m.position) + 1, 0), clock_timestamp(), deal.stage,
			won.stage, today - (deal.stage_since + offset_of)::date, NEW.number, kehu_caller(),
			kehu_caller()
			FROM opportunity_move m WHERE m.opportunity_id = deal.id;
	UPDATE opportunity SET stage = won.stage, state = 'won', probability = won.probability,
		probability_reason = NULL, amount = coalesce(amount, NEW.total),
		amount_currency = coalesce(amount_currency, NEW.currency),
		weighted = (coalesce(amount, NEW.total) * won.probability + 50) / 100,
		weighted_currency = coalesce(amount_currency, NEW.currency),
		stage_since = clock_timestamp(), stalls_on = NULL,
		closed_on = greatest(opened_on, today), close_note = NEW.number,
		version = version + 1, updated_at = now(), updated_by = kehu_caller()
		WHERE id = deal.id;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_wins AFTER UPDATE OF state ON sales_order
	FOR EACH ROW WHEN (NEW.opportunity_id IS NOT NULL AND OLD.state IN ('draft', 'held')
		AND NEW.state = 'confirmed') EXECUTE FUNCTION kehu_order_wins();
