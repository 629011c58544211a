-- Rule functions of the selling day: what today's list reads, repeating plans, reminders, checking in.

-- ---- today's list ------------------------------------------------------------------------------

-- A customer as its owner's day sees it. Triggers keep it; it takes nothing but the id.
CREATE OR REPLACE FUNCTION kehu_customer_due(p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO customer_due AS d (id, owner_id, level, next_on, met_at)
		SELECT c.id, c.owner_id, c.level,
			CASE WHEN coalesce(f.open_visits, 0) = 0 THEN f.next_visit_on END,
			CASE WHEN coalesce(f.open_visits, 0) = 0 THEN coalesce(f.last_visit_at, c.created_at) END
		FROM customer c LEFT JOIN customer_figures f ON f.id = c.id
		WHERE c.id = p_id AND c.owner_id IS NOT NULL AND c.deleted_at IS NULL AND c.stage <> 'lost'
		ON CONFLICT (id) DO UPDATE SET owner_id = EXCLUDED.owner_id, level = EXCLUDED.level,
			next_on = EXCLUDED.next_on, met_at = EXCLUDED.met_at
		WHERE (d.owner_id, d.level, d.next_on, d.met_at) IS DISTINCT FROM
			(EXCLUDED.owner_id, EXCLUDED.level, EXCLUDED.next_on, EXCLUDED.met_at);
	IF NOT FOUND THEN
		DELETE FROM customer_due d WHERE d.id = p_id AND NOT EXISTS (SELECT FROM customer c
			WHERE c.id = p_id AND c.owner_id IS NOT NULL AND c.deleted_at IS NULL AND c.stage <> 'lost');
	END IF;
END
$$;

-- All of them again, after a load that ran without triggers.
CREATE OR REPLACE FUNCTION kehu_customer_due_all() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM customer_due;
	INSERT INTO customer_due (id, owner_id, level, next_on, met_at)
		SELECT c.id, c.owner_id, c.level,
			CASE WHEN coalesce(f.open_visits, 0) = 0 THEN f.next_visit_on END,
			CASE WHEN coalesce(f.open_visits, 0) = 0 THEN coalesce(f.last_visit_at, c.created_at) END
		FROM customer c LEFT JOIN customer_figures f ON f.id = c.id
		WHERE c.owner_id IS NOT NULL AND c.deleted_at IS NULL AND c.stage <> 'lost';
END
$$;

CREATE OR REPLACE FUNCTION customer_due_on_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM kehu_customer_due(NEW.id);
	RETURN NULL;
END
$$;
-- New ones come by the thousand; none has figures yet.
CREATE OR REPLACE FUNCTION customer_due_on_new() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO customer_due (id, owner_id, level, met_at)
		SELECT n.id, n.owner_id, n.level, n.created_at FROM kehu_new n
		WHERE n.owner_id IS NOT NULL AND n.deleted_at IS NULL AND n.stage <> 'lost'
		ON CONFLICT (id) DO NOTHING;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER customer_due_new AFTER INSERT ON customer REFERENCING NEW TABLE AS kehu_new
	FOR EACH STATEMENT EXECUTE FUNCTION customer_due_on_new();
CREATE OR REPLACE TRIGGER customer_due_changed AFTER UPDATE OF owner_id, level, stage, deleted_at ON customer
	FOR EACH ROW WHEN ((OLD.owner_id, OLD.level, OLD.stage, OLD.deleted_at) IS DISTINCT FROM
		(NEW.owner_id, NEW.level, NEW.stage, NEW.deleted_at))
	EXECUTE FUNCTION customer_due_on_change();
CREATE OR REPLACE TRIGGER customer_due_figures AFTER INSERT ON customer_figures FOR EACH ROW
	EXECUTE FUNCTION customer_due_on_change();

-- New figures change neither whose a customer is nor whether it is due at all: with the row at hand, a visit
-- costs half of what reading the customer again did. One that was never met counts from its making.
CREATE OR REPLACE FUNCTION customer_due_on_figures() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF coalesce(NEW.open_visits, 0) = 0 AND NEW.last_visit_at IS NULL THEN
		PERFORM kehu_customer_due(NEW.id);
	ELSIF coalesce(NEW.open_visits, 0) = 0 THEN
		UPDATE customer_due d SET next_on = NEW.next_visit_on, met_at = NEW.last_visit_at WHERE d.id = NEW.id;
	ELSE
		UPDATE customer_due d SET next_on = NULL, met_at = NULL WHERE d.id = NEW.id;
	END IF;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER customer_due_met AFTER UPDATE OF last_visit_at, next_visit_on, open_visits ON customer_figures
	FOR EACH ROW WHEN ((OLD.last_visit_at, OLD.next_visit_on, OLD.open_visits) IS DISTINCT FROM
		(NEW.last_visit_at, NEW.next_visit_on, NEW.open_visits))
	EXECUTE FUNCTION customer_due_on_figures();

-- Activities that name one of these customers, or opportunities, beside their own: ids only, for filters.
CREATE OR REPLACE FUNCTION kehu_visit_customers_of(p_customers bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT DISTINCT l.visit_id FROM visit_customers l
		WHERE l.customer_id = ANY (p_customers) AND l.deleted_at IS NULL;
END
$$;

CREATE OR REPLACE FUNCTION kehu_visit_opportunity_of(p_opportunities bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT DISTINCT l.visit_id FROM visit_opportunity l
		WHERE l.opportunity_id = ANY (p_opportunities) AND l.deleted_at IS NULL;
END
$$;

-- ---- checking in -------------------------------------------------------------------------------

-- Whether this is the code shown at the customer's: 'yes', 'no', 'none' where it has no code, or 'limit'
-- for who guessed wrong too often on this day.
DROP FUNCTION IF EXISTS kehu_check_in(bigint, text);
CREATE OR REPLACE FUNCTION kehu_check_in(p_customer bigint, p_code text, p_day date, p_tries bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	code text;
BEGIN
	IF (SELECT u.used FROM access_use u WHERE u.user_id = kehu_caller() AND u.day = p_day
		AND u.kind = 'check_in') >= p_tries THEN
		RETURN 'limit';
	END IF;
	SELECT c.check_in_code INTO code FROM customer c WHERE c.id = p_customer;
	RETURN CASE WHEN coalesce(code, '') = '' THEN 'none'
		WHEN upper(btrim(p_code)) = code THEN 'yes' ELSE 'no' END;
END
$$;

-- ---- repeating plans ---------------------------------------------------------------------------

-- The next day that is worked, from this one on.
CREATE OR REPLACE FUNCTION kehu_working_day(p_day date) RETURNS date
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	d date := p_day;
	worked boolean;
BEGIN
	FOR i IN 1..60 LOOP
		SELECT h.working INTO worked FROM holiday h WHERE h.day = d AND h.deleted_at IS NULL;
		IF coalesce(worked, extract(isodow FROM d) < 6) THEN
			RETURN d;
		END IF;
		d := d + 1;
	END LOOP;
	RETURN p_day;
END
$$;

-- The days of a plan up to p_to, in order: what it is planned for, and the day that becomes of it.
CREATE OR REPLACE FUNCTION kehu_plan_days(p_plan visit_plan, p_first date, p_to date)
RETURNS TABLE (planned date, actual date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	days integer[];
	made bigint := 0;
	step bigint := 0;
	base date;
	d date;
	candidate date;
	nth integer := (extract(day FROM p_first)::integer - 1) / 7;
BEGIN
	SELECT array_agg(DISTINCT w::integer ORDER BY w::integer) INTO days
		FROM regexp_split_to_table(coalesce(p_plan.weekdays, ''), '') w WHERE w ~ '^[1-7]$';
	LOOP
		IF p_plan.unit = 'day' THEN
			base := p_first + (step * p_plan.every)::integer;
		ELSIF p_plan.unit = 'week' THEN
			base := date_trunc('week', p_first)::date + (7 * step * p_plan.every)::integer;
		ELSE
			base := (date_trunc('month', p_first) + make_interval(months => (step * p_plan.every)::integer))::date;
		END IF;
		EXIT WHEN base > p_to OR base > p_plan.until OR step > 20000;
		step := step + 1;
		FOR d IN
			SELECT base WHERE p_plan.unit = 'day'
			UNION ALL SELECT base + w - 1
				FROM unnest(coalesce(days, ARRAY[extract(isodow FROM p_first)::integer])) w
				WHERE p_plan.unit = 'week'
			-- the 31st of a short month is its last day
			UNION ALL SELECT least(base + extract(day FROM p_first)::integer - 1,
				(base + interval '1 month')::date - 1) WHERE p_plan.unit = 'month' AND days IS NULL
			UNION ALL SELECT base + (w - extract(isodow FROM base)::integer + 7) % 7 + 7 * nth
				FROM unnest(days) w WHERE p_plan.unit = 'month'
			ORDER BY 1
		LOOP
			-- there is no fifth Monday in this month
			CONTINUE WHEN d < p_first OR (p_plan.unit = 'month'
				AND date_trunc('month', d) <> date_trunc('month', base));
			EXIT WHEN d > p_to OR d > p_plan.until;
			made := made + 1;
			IF made > p_plan.times THEN
				RETURN;
			END IF;
			candidate := d;
			IF p_plan.holidays <> 'keep' AND EXISTS (SELECT FROM holiday h WHERE h.day = d
				AND NOT h.working AND h.deleted_at IS NULL) THEN
				CONTINUE WHEN p_plan.holidays = 'skip';
				candidate := kehu_working_day(d);
			END IF;
			planned := d;
			actual := candidate;
			RETURN NEXT;
		END LOOP;
	END LOOP;
END
$$;

-- Makes the activities of one plan for the days ahead that it has none for yet. It takes nothing but
-- the id; run twice, or on two servers at once, it makes each once.
CREATE OR REPLACE FUNCTION kehu_plan_make(p_plan bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	plan visit_plan;
	east interval;
	starts timestamp;
	today date;
	horizon date;
	day record;
	begins timestamptz;
	made bigint := 0;
BEGIN
	SELECT * INTO plan FROM visit_plan p WHERE p.id = p_plan AND p.state = 'active'
		AND p.deleted_at IS NULL FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	east := kehu_branch_offset(plan.branch_id);
	starts := plan.starts_at AT TIME ZONE 'UTC' + east;
	today := (now() AT TIME ZONE 'UTC' + east)::date;
	horizon := today + 60;
	FOR day IN SELECT d.planned, d.actual FROM kehu_plan_days(plan, starts::date, horizon) d
		WHERE d.planned > coalesce(plan.made_until, '-infinity'::date) AND d.actual >= today
	LOOP
		CONTINUE WHEN EXISTS (SELECT FROM visit v WHERE v.plan_id = plan.id AND v.plan_on = day.planned);
		begins := (day.actual + starts::time - east) AT TIME ZONE 'UTC';
		INSERT INTO visit (number, customer_id, at, minutes, ends_at, kind, purpose, place, state, remind_min,
				plan_id, plan_on, owner_id, department_id, branch_id, created_by)
			VALUES (kehu_number_of('visit', 'V%y%m-', today, plan.branch_id),
				plan.customer_id, begins, plan.minutes, begins + make_interval(mins => coalesce(plan.minutes, 0)::integer),
				plan.kind, plan.purpose, plan.place, 'planned', plan.remind_min, plan.id, day.planned,
				plan.owner_id, plan.department_id, plan.branch_id, plan.owner_id);
		made := made + 1;
	END LOOP;
	UPDATE visit_plan SET made_until = horizon WHERE id = plan.id;
	IF made > 0 AND plan.customer_id IS NOT NULL THEN
		PERFORM kehu_customer_figures(plan.customer_id);
	END IF;
	RETURN made;
END
$$;

-- Plans that should be made further ahead, some at a time; how many there were. Those another
-- server works on are its.
CREATE OR REPLACE FUNCTION kehu_plans_make(p_max integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	due bigint;
	count bigint := 0;
BEGIN
	FOR due IN SELECT p.id FROM visit_plan p WHERE p.state = 'active' AND p.deleted_at IS NULL
		AND p.made_until < current_date + 59 ORDER BY p.made_until LIMIT p_max FOR UPDATE SKIP LOCKED
	LOOP
		PERFORM kehu_plan_make(due);
		count := count + 1;
	END LOOP;
	RETURN count;
END
$$;

-- The occurrence at hand, locked, with its plan; for who may change it.
CREATE OR REPLACE FUNCTION kehu_plan_take(p_visit bigint, p_version bigint) RETURNS visit
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken visit;
BEGIN
	SELECT * INTO taken FROM visit WHERE id = p_visit AND deleted_at IS NULL FOR NO KEY UPDATE;
	IF NOT FOUND OR NOT kehu_may(kehu_caller(), 'visit', 1, taken.owner_id, taken.department_id, taken.branch_id, NULL) THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	IF NOT kehu_may(kehu_caller(), 'visit', 4, taken.owner_id, taken.department_id, taken.branch_id, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF taken.version <> p_version THEN
		PERFORM kehu_refuse('CONFLICT');
	END IF;
	IF taken.plan_id IS NULL THEN
		PERFORM kehu_refuse('WRONG_STATE');
	END IF;
	RETURN taken;
END
$$;

-- Moves this and all following planned ones by so many seconds, with what else changes: the plan ends
-- before this one, another goes on from here. Returns the version of this one.
CREATE OR REPLACE FUNCTION kehu_plan_change(p_visit bigint, p_version bigint, p_shift_s bigint,
	p_minutes bigint, p_purpose text, p_place text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	taken visit := kehu_plan_take(p_visit, p_version);
	plan visit_plan;
	east interval;
	shift interval := make_interval(secs => p_shift_s);
	day_shift integer;
	before bigint;
	made bigint;
BEGIN
	SELECT * INTO plan FROM visit_plan WHERE id = taken.plan_id FOR UPDATE;
	east := kehu_branch_offset(plan.branch_id);
	day_shift := ((taken.at + shift) AT TIME ZONE 'UTC' + east)::date - (taken.at AT TIME ZONE 'UTC' + east)::date;
	SELECT count(*) INTO before FROM kehu_plan_days(plan,
		(plan.starts_at AT TIME ZONE 'UTC' + east)::date, taken.plan_on - 1);
	INSERT INTO visit_plan (purpose, kind, customer_id, starts_at, minutes, every, unit, weekdays, until, times,
			holidays, place, remind_min, state, made_until, owner_id, department_id, branch_id, created_by)
		VALUES (coalesce(p_purpose, plan.purpose), plan.kind, plan.customer_id,
			-- the planned day, not the one a holiday moved it to
			((taken.plan_on + (plan.starts_at AT TIME ZONE 'UTC' + east)::time - east) AT TIME ZONE 'UTC') + shift,
			coalesce(p_minutes, plan.minutes), plan.every, plan.unit,
			(SELECT string_agg((((w::integer - 1 + day_shift) % 7 + 7) % 7 + 1)::text, ' ')
				FROM regexp_split_to_table(coalesce(plan.weekdays, ''), '') w WHERE w ~ '^[1-7]$'),
			plan.until, plan.times - before, plan.holidays, coalesce(p_place, plan.place), plan.remind_min,
			plan.state, plan.made_until, plan.owner_id, plan.department_id, plan.branch_id, caller)
		RETURNING id INTO made;
	UPDATE visit_plan SET until = taken.plan_on - 1, version = version + 1, updated_at = now(), updated_by = caller
		WHERE id = plan.id;
	UPDATE visit SET at = at + shift, ends_at = at + shift + make_interval(mins => coalesce(p_minutes, minutes, 0)::integer),
		minutes = coalesce(p_minutes, minutes), purpose = coalesce(p_purpose, purpose),
		place = coalesce(p_place, place), plan_id = made, plan_on = plan_on + day_shift,
		version = version + 1, updated_at = now(), updated_by = caller
		WHERE plan_id = plan.id AND plan_on >= taken.plan_on AND state = 'planned' AND deleted_at IS NULL;
	IF plan.customer_id IS NOT NULL THEN
		PERFORM kehu_customer_figures(plan.customer_id);
	END IF;
	RETURN taken.version + 1;
END
$$;

-- Cancels this and all following planned ones; the plan ends before this one.
CREATE OR REPLACE FUNCTION kehu_plan_stop(p_visit bigint, p_version bigint, p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	taken visit := kehu_plan_take(p_visit, p_version);
BEGIN
	UPDATE visit_plan SET until = taken.plan_on - 1, state = 'ended', reason = p_reason, version = version + 1,
		updated_at = now(), updated_by = caller WHERE id = taken.plan_id;
	UPDATE visit SET state = 'cancelled', reason = p_reason, version = version + 1, updated_at = now(),
		updated_by = caller
		WHERE plan_id = taken.plan_id AND plan_on >= taken.plan_on AND state = 'planned' AND deleted_at IS NULL;
	IF taken.customer_id IS NOT NULL THEN
		PERFORM kehu_customer_figures(taken.customer_id);
	END IF;
	RETURN taken.version + 1;
END
$$;

-- A plan that ends takes along what it made and nobody has begun.
CREATE OR REPLACE FUNCTION kehu_plan_end(p_plan bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	plan visit_plan;
	gone bigint;
BEGIN
	SELECT * INTO plan FROM visit_plan WHERE id = p_plan FOR UPDATE;
	IF NOT FOUND OR NOT kehu_may(caller, 'visit_plan', 4, plan.owner_id, plan.department_id, plan.branch_id, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	UPDATE visit SET state = 'cancelled', reason = p_reason, version = version + 1, updated_at = now(),
		updated_by = caller
		WHERE plan_id = p_plan AND state = 'planned' AND at > now() AND deleted_at IS NULL;
	GET DIAGNOSTICS gone = ROW_COUNT;
	IF plan.customer_id IS NOT NULL THEN
		PERFORM kehu_customer_figures(plan.customer_id);
	END IF;
	RETURN gone;
END
$$;

-- ---- reminders ---------------------------------------------------------------------------------

-- An activity's own reminder follows it.
CREATE OR REPLACE FUNCTION visit_remind_on_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	due timestamptz := NEW.at - make_interval(mins => NEW.remind_min::integer);
	wanted boolean := NEW.remind_min IS NOT NULL AND NEW.state = 'planned' AND NEW.deleted_at IS NULL;
BEGIN
	IF NOT wanted THEN
		UPDATE reminder SET state = 'done', version = version + 1, updated_at = now()
			WHERE visit_id = NEW.id AND automatic AND state <> 'done';
	ELSE
		-- One whose time has passed is not for an activity made only now, unless it is yet to begin.
		INSERT INTO reminder AS r (text, due_at, visit_id, customer_id, state, automatic, owner_id,
				department_id, branch_id, created_by)
			VALUES (left(NEW.purpose, 200), due, NEW.id, NEW.customer_id,
				CASE WHEN NEW.at > now() THEN 'waiting' ELSE 'done' END, true, NEW.owner_id,
				NEW.department_id, NEW.branch_id, NEW.owner_id)
			ON CONFLICT (visit_id) WHERE automatic DO UPDATE SET text = EXCLUDED.text,
				customer_id = EXCLUDED.customer_id, owner_id = EXCLUDED.owner_id,
				department_id = EXCLUDED.department_id, branch_id = EXCLUDED.branch_id,
				due_at = EXCLUDED.due_at, version = r.version + 1, updated_at = now(),
				state = CASE WHEN r.due_at = EXCLUDED.due_at AND r.owner_id = EXCLUDED.owner_id THEN r.state ELSE EXCLUDED.state END,
				told_at = CASE WHEN r.due_at = EXCLUDED.due_at THEN r.told_at END,
				shown_at = CASE WHEN r.due_at = EXCLUDED.due_at THEN r.shown_at END,
				mailed_at = CASE WHEN r.due_at = EXCLUDED.due_at THEN r.mailed_at END;
	END IF;
	RETURN NULL;
END
$$;
-- Those of all activities still to come, after a load that ran without triggers.
CREATE OR REPLACE FUNCTION kehu_visit_remind_all() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO reminder (text, due_at, visit_id, customer_id, state, automatic, owner_id, department_id,
			branch_id, created_by)
		SELECT left(v.purpose, 200), v.at - make_interval(mins => v.remind_min::integer), v.id, v.customer_id,
			'waiting', true, v.owner_id, v.department_id, v.branch_id, v.owner_id
		FROM visit v WHERE v.remind_min IS NOT NULL AND v.state = 'planned' AND v.deleted_at IS NULL
		AND v.at > now()
		ON CONFLICT (visit_id) WHERE automatic DO NOTHING;
END
$$;

CREATE OR REPLACE TRIGGER visit_remind_new AFTER INSERT ON visit FOR EACH ROW
	WHEN (NEW.remind_min IS NOT NULL) EXECUTE FUNCTION visit_remind_on_change();
CREATE OR REPLACE TRIGGER visit_remind_changed AFTER UPDATE OF at, remind_min, state, purpose, customer_id, owner_id, deleted_at
	ON visit FOR EACH ROW
	WHEN ((OLD.remind_min IS NOT NULL OR NEW.remind_min IS NOT NULL)
		AND (OLD.at, OLD.remind_min, OLD.state, OLD.purpose, OLD.customer_id, OLD.owner_id, OLD.deleted_at) IS DISTINCT FROM
			(NEW.at, NEW.remind_min, NEW.state, NEW.purpose, NEW.customer_id, NEW.owner_id, NEW.deleted_at))
	EXECUTE FUNCTION visit_remind_on_change();

-- Tells what is due, some at a time: the message and the mark that it was told are one transaction,
-- so each is told once, by whichever server comes first. How many there were. p_working: what is reminded of
-- by itself on a day that nobody works is due on the next one that is worked; not what is about an activity,
-- which has its own hour.
DROP FUNCTION IF EXISTS kehu_remind(integer);
CREATE OR REPLACE FUNCTION kehu_remind(p_working boolean, p_max integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	due reminder;
	count bigint := 0;
	today date;
	days integer;
	moment timestamptz := clock_timestamp(); -- as a function the index would not end there
BEGIN
	FOR due IN SELECT * FROM reminder r WHERE r.state = 'waiting' AND r.deleted_at IS NULL
		AND r.due_at <= moment ORDER BY r.due_at, r.id LIMIT p_max FOR UPDATE SKIP LOCKED
	LOOP
		count := count + 1;
		IF p_working AND due.automatic AND due.visit_id IS NULL THEN
			today := (moment AT TIME ZONE 'UTC' + kehu_branch_offset(due.branch_id))::date;
			days := kehu_working_day(today) - today;
			IF days > 0 THEN
				UPDATE reminder SET due_at = due.due_at + days * interval '1 day', version = version + 1,
					updated_at = now() WHERE id = due.id;
				CONTINUE;
			END IF;
		END IF;
		UPDATE reminder SET state = 'told', told_at = clock_timestamp(), shown_at = NULL, mailed_at = NULL,
			version = version + 1, updated_at = now() WHERE id = due.id;
		PERFORM kehu_tell(due.owner_id, 'reminder', 'Reminder: ' || due.text, '提醒: ' || due.text,
			CASE WHEN due.visit_id IS NOT NULL THEN 18 WHEN due.anniversary_id IS NOT NULL THEN 155
				WHEN due.contact_id IS NOT NULL THEN 14 WHEN due.paper_id IS NOT NULL THEN 156
				WHEN due.contract_id IS NOT NULL THEN 76 WHEN due.opportunity_id IS NOT NULL THEN 82
				WHEN due.customer_id IS NOT NULL THEN 10 ELSE 98 END,
			coalesce(due.visit_id, due.anniversary_id, due.contact_id, due.paper_id, due.contract_id, due.opportunity_id, due.customer_id, due.id));
	END LOOP;
	RETURN count;
END
$$;

-- Told, and not known to have been seen: for servers to look which of these people they have.
CREATE OR REPLACE FUNCTION kehu_remind_unseen() RETURNS TABLE (id bigint, owner_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	moment timestamptz := clock_timestamp();
BEGIN
	RETURN QUERY SELECT r.id, r.owner_id FROM reminder r WHERE r.state = 'told' AND r.shown_at IS NULL
		AND r.mailed_at IS NULL AND r.deleted_at IS NULL AND r.told_at <= moment ORDER BY r.told_at LIMIT 1000;
END
$$;

CREATE OR REPLACE FUNCTION kehu_remind_seen(p_ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE reminder SET shown_at = clock_timestamp() WHERE id = ANY (p_ids) AND state = 'told' AND shown_at IS NULL;
END
$$;

-- What nobody saw within so many seconds goes by mail, once: the outbox row and the mark are one
-- transaction, and the key names this time of this reminder.
CREATE OR REPLACE FUNCTION kehu_remind_mail(p_after_s integer, p_max integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	due record;
	count bigint := 0;
	title text;
	moment timestamptz := clock_timestamp() - make_interval(secs => p_after_s);
BEGIN
	FOR due IN SELECT r.id, r.text, r.due_at, u.mail, u.language, u.branch_id AS branch,
			c.name AS customer FROM reminder r
			JOIN users u ON u.id = r.owner_id LEFT JOIN customer c ON c.id = r.customer_id
		WHERE r.state = 'told' AND r.shown_at IS NULL AND r.mailed_at IS NULL AND r.deleted_at IS NULL
		AND r.told_at <= moment
		ORDER BY r.told_at LIMIT p_max FOR UPDATE OF r SKIP LOCKED
	LOOP
		UPDATE reminder SET mailed_at = clock_timestamp() WHERE id = due.id;
		count := count + 1;
		CONTINUE WHEN NOT kehu_address_ok('mail', btrim(coalesce(due.mail, '')));
		title := regexp_replace(due.text, '[[:cntrl:]]', ' ', 'g');
		PERFORM kehu_outbox('mail', due.mail,
			CASE WHEN due.language = 'en' THEN 'Reminder: ' ELSE '提醒: ' END || title,
			concat_ws(E'\n', due.text, due.customer,
				to_char(due.due_at AT TIME ZONE 'UTC' + kehu_branch_offset(due.branch), 'YYYY-MM-DD HH24:MI')),
			98, due.id, NULL, 'reminder:' || due.id || ':' || extract(epoch FROM due.due_at)::text, true);
	END LOOP;
	RETURN count;
END
$$;
