-- Rule functions of instalments, receipts, the balance and invoices. The order of locks is that of 35_trade.sql.

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
