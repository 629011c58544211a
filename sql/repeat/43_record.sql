-- What hangs on a customer: its owner's, whoever that is; anniversaries and birthdays with their reminders; paper
-- originals that were lent.

-- Anniversaries, papers and monthly figures have the owner of their customer.
CREATE OR REPLACE FUNCTION kehu_customer_followers(p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE anniversary t SET owner_id = c.owner_id, department_id = c.department_id, branch_id = c.branch_id,
		pool_id = c.pool_id FROM customer c WHERE c.id = p_id AND t.customer_id = p_id
		AND (t.owner_id, t.department_id, t.branch_id, t.pool_id) IS DISTINCT FROM
			(c.owner_id, c.department_id, c.branch_id, c.pool_id);
	UPDATE paper t SET owner_id = c.owner_id, department_id = c.department_id, branch_id = c.branch_id,
		pool_id = c.pool_id FROM customer c WHERE c.id = p_id AND t.customer_id = p_id
		AND (t.owner_id, t.department_id, t.branch_id, t.pool_id) IS DISTINCT FROM
			(c.owner_id, c.department_id, c.branch_id, c.pool_id);
	UPDATE customer_month t SET owner_id = c.owner_id, department_id = c.department_id, branch_id = c.branch_id,
		pool_id = c.pool_id FROM customer c WHERE c.id = p_id AND t.customer_id = p_id
		AND (t.owner_id, t.department_id, t.branch_id, t.pool_id) IS DISTINCT FROM
			(c.owner_id, c.department_id, c.branch_id, c.pool_id);
END
$$;
CREATE OR REPLACE FUNCTION customer_followers_on_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM kehu_customer_followers(NEW.id);
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_followers AFTER UPDATE OF owner_id, department_id, branch_id, pool_id ON customer
	FOR EACH ROW WHEN ((OLD.owner_id, OLD.department_id, OLD.branch_id, OLD.pool_id) IS DISTINCT FROM
		(NEW.owner_id, NEW.department_id, NEW.branch_id, NEW.pool_id))
	EXECUTE FUNCTION customer_followers_on_change();

-- ---- anniversaries and birthdays ---------------------------------------------------------------

-- The next time of an anniversary: today's is today still.
CREATE OR REPLACE FUNCTION anniversary_on_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO anniversary_figures AS f (id, next_on)
		VALUES (NEW.id, kehu_kept_next(NEW.day, NEW.lunar, greatest(NEW.day, kehu_today())))
		ON CONFLICT (id) DO UPDATE SET next_on = EXCLUDED.next_on WHERE f.next_on IS DISTINCT FROM EXCLUDED.next_on;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_next_new AFTER INSERT ON anniversary FOR EACH ROW EXECUTE FUNCTION anniversary_on_change();
CREATE OR REPLACE TRIGGER kehu_next_changed AFTER UPDATE OF day, lunar ON anniversary
	FOR EACH ROW WHEN ((OLD.day, OLD.lunar) IS DISTINCT FROM (NEW.day, NEW.lunar)) EXECUTE FUNCTION anniversary_on_change();

-- At nine, by the clock of the branch, of the day so many days ahead.
CREATE OR REPLACE FUNCTION kehu_nine(p_day date, p_branch bigint) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN (p_day + time '09:00' - kehu_branch_offset(p_branch)) AT TIME ZONE 'UTC';
END
$$;

-- "上海祥光 公司成立 2026-12-03 (农历十月廿五)" is what a reminder says; the lunar day as its numbers.
CREATE OR REPLACE FUNCTION kehu_day_words(p_name text, p_title text, p_next date, p_lunar boolean, p_user bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	english boolean := (SELECT u.language FROM users u WHERE u.id = p_user) = 'en';
	number bigint := CASE WHEN p_lunar THEN kehu_lunar(p_next) % 10000 END;
BEGIN
	RETURN left(format('%s %s %s', p_name, coalesce(p_title, CASE WHEN english THEN 'birthday' ELSE '生日' END), p_next) ||
		CASE WHEN number IS NULL THEN '' ELSE format(CASE WHEN english THEN ' (lunar %s-%s)' ELSE '（农历%s月%s）' END,
			number / 100, number % 100) END, 200);
END
$$;

-- Anniversaries that have passed get their next day; reminders are made for what is due to be told by tomorrow
-- and follow the owner until they were told. A few index reads when there is nothing to do.
CREATE OR REPLACE FUNCTION kehu_anniversaries() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	today date := kehu_today();
	made bigint;
BEGIN
	UPDATE anniversary_figures f SET next_on = kehu_kept_next(a.day, a.lunar, greatest(a.day, today))
		FROM anniversary a WHERE a.id = f.id AND f.next_on < today;
	WITH due AS (
		SELECT a.id AS anniversary, NULL::bigint AS contact, a.customer_id, a.owner_id, a.department_id, a.branch_id,
			c.name AS who, a.title, f.next_on, a.lunar, a.remind_days
		FROM anniversary_figures f JOIN anniversary a ON a.id = f.id AND a.deleted_at IS NULL
		JOIN customer c ON c.id = a.customer_id AND c.deleted_at IS NULL
		WHERE f.next_on <= today + 61 AND a.owner_id IS NOT NULL AND f.next_on - a.remind_days::integer <= today + 1
		UNION ALL
		SELECT NULL, t.id, t.customer_id, t.owner_id, t.department_id, t.branch_id, t.name, NULL, d.day::date, t.lunar, t.remind_days
		FROM generate_series(today, today + 61, interval '1 day') d(day)
		JOIN contact t ON (t.birthday_md = ANY (kehu_kept(d.day::date, d.day::date, false))
			OR t.birthday_lunar = ANY (kehu_kept(d.day::date, d.day::date, true)))
		WHERE t.remind_days IS NOT NULL AND t.owner_id IS NOT NULL AND t.deleted_at IS NULL
		AND d.day::date - t.remind_days::integer <= today + 1),
	said AS (SELECT d.*, kehu_day_words(d.who, d.title, d.next_on, d.lunar, d.owner_id) AS words,
			kehu_nine(d.next_on - d.remind_days::integer, d.branch_id) AS at FROM due d),
	days AS (INSERT INTO reminder AS r (text, due_at, anniversary_id, customer_id, state, automatic, owner_id,
			department_id, branch_id, created_by)
		SELECT s.words, s.at, s.anniversary, s.customer_id, 'waiting', true, s.owner_id, s.department_id, s.branch_id,
			s.owner_id FROM said s WHERE s.anniversary IS NOT NULL
		ON CONFLICT (anniversary_id) WHERE automatic AND anniversary_id IS NOT NULL DO UPDATE SET text = EXCLUDED.text,
			due_at = EXCLUDED.due_at, owner_id = EXCLUDED.owner_id, department_id = EXCLUDED.department_id,
			branch_id = EXCLUDED.branch_id, state = 'waiting', told_at = NULL, shown_at = NULL, mailed_at = NULL,
			version = r.version + 1, updated_at = now()
		WHERE r.due_at <> EXCLUDED.due_at OR r.owner_id <> EXCLUDED.owner_id
		RETURNING 1),
	births AS (INSERT INTO reminder AS r (text, due_at, contact_id, customer_id, state, automatic, owner_id,
			department_id, branch_id, created_by)
		SELECT s.words, s.at, s.contact, s.customer_id, 'waiting', true, s.owner_id, s.department_id, s.branch_id,
			s.owner_id FROM said s WHERE s.contact IS NOT NULL
		ON CONFLICT (contact_id) WHERE automatic AND contact_id IS NOT NULL DO UPDATE SET text = EXCLUDED.text,
			due_at = EXCLUDED.due_at, owner_id = EXCLUDED.owner_id, department_id = EXCLUDED.department_id,
			branch_id = EXCLUDED.branch_id, state = 'waiting', told_at = NULL, shown_at = NULL, mailed_at = NULL,
			version = r.version + 1, updated_at = now()
		WHERE r.due_at <> EXCLUDED.due_at OR r.owner_id <> EXCLUDED.owner_id
		RETURNING 1)
	SELECT (SELECT count(*) FROM days) + (SELECT count(*) FROM births) INTO made;
	RETURN made;
END
$$;

-- ---- paper originals ---------------------------------------------------------------------------

-- The snapshots only know whether anything at all is shared with a user: so many of these two had something.
CREATE OR REPLACE FUNCTION kehu_share_seen(p_had bigint, p_one bigint, p_other bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF p_had <> (SELECT count(DISTINCT s.user_id) FROM record_share s WHERE s.user_id IN (p_one, p_other)) THEN
		UPDATE state SET access_epoch = access_epoch + 1;
	END IF;
END
$$;

-- Who borrows one sees it until it is back, and is reminded on the day it is due.
CREATE OR REPLACE FUNCTION paper_on_loan() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	whose users := (SELECT u FROM users u WHERE u.id = NEW.borrower_id);
	out boolean := NEW.state = 'lent' AND NEW.deleted_at IS NULL;
	had bigint := (SELECT count(DISTINCT s.user_id) FROM record_share s WHERE s.user_id IN (OLD.borrower_id, NEW.borrower_id));
BEGIN
	IF OLD.state = 'lent' AND (NOT out OR OLD.borrower_id <> NEW.borrower_id) THEN
		DELETE FROM record_share s WHERE s.user_id = OLD.borrower_id AND s.entity = 156 AND s.record_id = NEW.id
			AND s.rights = 1;
		PERFORM kehu_share_seen(had, OLD.borrower_id, NEW.borrower_id);
		UPDATE reminder SET state = 'done', version = version + 1, updated_at = now()
			WHERE paper_id = NEW.id AND automatic AND state <> 'done';
	END IF;
	IF NOT out THEN
		RETURN NULL;
	END IF;
	INSERT INTO record_share (user_id, entity, record_id, rights, created_by)
		VALUES (whose.id, 156, NEW.id, 1, NEW.updated_by) ON CONFLICT DO NOTHING;
	PERFORM kehu_share_seen(had, OLD.borrower_id, NEW.borrower_id);
	INSERT INTO reminder AS r (text, due_at, paper_id, state, automatic, owner_id, department_id, branch_id, created_by)
		VALUES (left(format(CASE WHEN whose.language = 'en' THEN '%s %s is due back' ELSE '%s %s 应归还' END,
			NEW.number, NEW.title), 200), kehu_nine(NEW.due_on, whose.branch_id), NEW.id, 'waiting', true, whose.id,
			whose.department_id, whose.branch_id, whose.id)
		ON CONFLICT (paper_id) WHERE automatic AND paper_id IS NOT NULL DO UPDATE SET text = EXCLUDED.text,
			due_at = EXCLUDED.due_at, owner_id = EXCLUDED.owner_id, department_id = EXCLUDED.department_id,
			branch_id = EXCLUDED.branch_id, state = 'waiting', told_at = NULL, shown_at = NULL, mailed_at = NULL,
			version = r.version + 1, updated_at = now();
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_loan AFTER UPDATE OF state, due_on, borrower_id, deleted_at ON paper
	FOR EACH ROW WHEN ((OLD.state, OLD.due_on, OLD.borrower_id, OLD.deleted_at) IS DISTINCT FROM
		(NEW.state, NEW.due_on, NEW.borrower_id, NEW.deleted_at)) EXECUTE FUNCTION paper_on_loan();

-- ---- invoice titles ----------------------------------------------------------------------------

-- The first of this kind of invoice, else the first for any.
CREATE OR REPLACE FUNCTION kehu_invoice_title(p_customer bigint, p_kind text)
RETURNS TABLE (title text, tax_number text, bank text, bank_account text, address text, phone text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT l.title, l.tax_number, l.bank, l.bank_account, l.address, l.phone FROM customer_title l
		WHERE l.customer_id = p_customer AND l.deleted_at IS NULL AND coalesce(nullif(l.kind, ''), p_kind) = p_kind
		ORDER BY coalesce(l.kind, '') = '', l.position, l.id LIMIT 1;
END
$$;
