-- Rule functions of orders and money. A customer's account is its row in customer_figures: owed
-- (confirmed orders less returns and receipts) and balance (paid ahead), both in CNY minor units.
-- Locks are taken in this order, so that nobody waits for somebody who waits for him: one's own
-- record, the order, the account; figures of instalments are written under the account's lock
-- only, and held orders looked through at a receipt are skipped when somebody has them.

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
