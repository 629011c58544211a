-- What follows when customers, orders and contracts move, win, end or go: triggers.

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
