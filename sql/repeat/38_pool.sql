-- Public pools (公海) and who has whom: moving customers, claiming them, and the pass that gives them
-- back. Days are the company's (kehu_today).

-- ---- whose pool ----------------------------------------------------------------------------------

-- The pool a user's customers go to: one the user is a member of, else that of the nearest department
-- above; of several the one that recycles, then the oldest. p_pool: as if only that one recycled.
CREATE OR REPLACE FUNCTION kehu_pool_homes(p_pool bigint)
RETURNS TABLE (user_id bigint, pool_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH RECURSIVE up AS (
		SELECT d.id AS department, d.id AS above, 1 AS far FROM department d
		UNION ALL SELECT u.department, d.parent_id, u.far + 1 FROM up u
			JOIN department d ON d.id = u.above WHERE d.parent_id IS NOT NULL AND u.far < 20)
	SELECT DISTINCT ON (f.user_id) f.user_id, f.pool_id FROM (
		SELECT m.user_id, m.pool_id, 0 AS far FROM pool_member m
			WHERE m.user_id IS NOT NULL AND m.deleted_at IS NULL
		UNION ALL SELECT u.id, m.pool_id, up.far FROM pool_member m
			JOIN up ON up.above = m.member_department_id
			JOIN users u ON u.department_id = up.department WHERE m.deleted_at IS NULL) f
	JOIN pool p ON p.id = f.pool_id AND p.active AND p.deleted_at IS NULL
	ORDER BY f.user_id, (p.recycles OR p.id = p_pool) DESC, p.id = p_pool DESC, f.far, p.id;
END
$$;

CREATE OR REPLACE FUNCTION kehu_pool_home(p_user bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN (SELECT h.pool_id FROM kehu_pool_homes(NULL) h WHERE h.user_id = p_user);
END
$$;

-- Is this user a member of a pool, by name or by department?
CREATE OR REPLACE FUNCTION kehu_in_pool(p_user bigint, p_pool bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN EXISTS (SELECT FROM access_pool_members() m WHERE m.pool_id = p_pool
		AND (m.user_id = p_user OR m.member_department_id IN (
			WITH RECURSIVE above AS (SELECT u.department_id AS id FROM users u WHERE u.id = p_user
				UNION SELECT d.parent_id FROM department d JOIN above a ON d.id = a.id
				WHERE d.parent_id IS NOT NULL)
			SELECT a.id FROM above a WHERE a.id IS NOT NULL)));
END
$$;

-- ---- the clocks ----------------------------------------------------------------------------------

-- Which customers leave their owner for a pool, when, and by which clock: the earliest of no follow-up,
-- no opportunity and no order, each counted from its last event or from when the owner got the
-- customer. kehu_pool_due(p_pool): all of them in one pass, whatever their number; p_pool: only that pool,
-- whether it recycles yet or not. kehu_pool_due_one(p_customer): only that one.
--
-- Both are made of one text, and each keeps its plan: planning it anew took ten times as long as reading
-- one customer.
DROP FUNCTION IF EXISTS kehu_pool_due(bigint, bigint);
DO $make$
DECLARE
	head text := $head$CREATE OR REPLACE FUNCTION %s
RETURNS TABLE (id bigint, owner_id bigint, pool_id bigint, clock text, since date, days bigint, leaves_on date)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS %s SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
$head$;
	due text := $due$	WITH home AS MATERIALIZED (SELECT h.user_id, p.* FROM kehu_pool_homes({pool}) h
		JOIN pool p ON p.id = h.pool_id AND (p.recycles OR p.id = {pool}) AND ({pool} IS NULL OR p.id = {pool}) {home}),
	deal AS MATERIALIZED (SELECT x.customer_id, max(x.opened_on) AS last, bool_or(x.state = 'open') AS open
		FROM opportunity x WHERE x.deleted_at IS NULL {event} GROUP BY x.customer_id),
	ordered AS MATERIALIZED (SELECT x.customer_id, max(x.ordered_on) AS last FROM sales_order x
		WHERE x.deleted_at IS NULL AND x.state IN ('confirmed', 'part_delivered', 'delivered', 'closed')
		{event} GROUP BY x.customer_id)
	SELECT w.id, w.owner_id, w.pool_id,
		CASE WHEN w.follow_on <= least(w.deal_on, w.order_on) OR coalesce(w.deal_on, w.order_on) IS NULL THEN 'follow'
			WHEN w.deal_on <= w.order_on OR w.order_on IS NULL THEN 'deal' ELSE 'order' END,
		CASE WHEN w.follow_on <= least(w.deal_on, w.order_on) OR coalesce(w.deal_on, w.order_on) IS NULL THEN w.met
			WHEN w.deal_on <= w.order_on OR w.order_on IS NULL THEN w.dealt ELSE w.ordered END,
		CASE WHEN w.follow_on <= least(w.deal_on, w.order_on) OR coalesce(w.deal_on, w.order_on) IS NULL THEN w.follow_days
			WHEN w.deal_on <= w.order_on OR w.order_on IS NULL THEN w.deal_days ELSE w.order_days END,
		greatest(least(w.follow_on, w.deal_on, w.order_on), w.locked_until + 1)
	FROM (SELECT v.*, v.met + v.follow_days::integer AS follow_on, v.dealt + v.deal_days::integer AS deal_on,
			v.ordered + v.order_days::integer AS order_on
		FROM (SELECT c.id, c.owner_id, h.id AS pool_id, c.locked_until,
				greatest(b.day, (f.last_visit_at AT TIME ZONE 'UTC' + (SELECT kehu_branch_offset(NULL)))::date) AS met,
				greatest(b.day, d.last) AS dealt, greatest(b.day, o.last) AS ordered,
				r.follow_days, r.deal_days, r.order_days
			FROM home h JOIN customer c ON c.owner_id = h.user_id AND c.deleted_at IS NULL {customer}
			CROSS JOIN LATERAL (SELECT (coalesce(c.owned_since, c.created_at) AT TIME ZONE 'UTC'
				+ (SELECT kehu_branch_offset(NULL)))::date AS day) b
			LEFT JOIN pool_rule r1 ON r1.pool_id = h.id AND r1.level = c.level AND r1.deleted_at IS NULL
			LEFT JOIN pool_rule r0 ON r0.pool_id = h.id AND coalesce(r0.level, '') = '' AND r0.deleted_at IS NULL
			CROSS JOIN LATERAL (SELECT CASE WHEN r1.id IS NOT NULL THEN r1.follow_days ELSE r0.follow_days END AS follow_days,
				CASE WHEN r1.id IS NOT NULL THEN r1.deal_days ELSE r0.deal_days END AS deal_days,
				CASE WHEN r1.id IS NOT NULL THEN r1.order_days ELSE r0.order_days END AS order_days) r
			LEFT JOIN customer_figures f ON f.id = c.id
			LEFT JOIN deal d ON d.customer_id = c.id
			LEFT JOIN ordered o ON o.customer_id = c.id
			WHERE NOT (h.spare_deal AND coalesce(d.open, false))
			AND NOT (h.spare_order AND o.last IS NOT NULL)) v) w
	WHERE coalesce(w.follow_on, w.deal_on, w.order_on) IS NOT NULL;
END $$ $due$;
BEGIN
	EXECUTE format(head, 'kehu_pool_due(p_pool bigint)', '100000') ||
		replace(replace(replace(replace(due, '{pool}', 'p_pool'), '{home}', ''), '{event}', ''), '{customer}', '');
	EXECUTE format(head, 'kehu_pool_due_one(p_customer bigint)', '1') ||
		replace(replace(replace(replace(due, '{pool}', 'NULL::bigint'),
			'{home}', 'WHERE h.user_id = (SELECT w.owner_id FROM customer w WHERE w.id = p_customer)'),
			'{event}', 'AND x.customer_id = p_customer'), '{customer}', 'AND c.id = p_customer');
END
$make$;

-- Reads the clocks of one customer again. Triggers keep it; it takes nothing but the id.
CREATE OR REPLACE FUNCTION kehu_pool_clock(p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	due record;
BEGIN
	IF NOT EXISTS (SELECT FROM pool p WHERE p.recycles AND p.active AND p.deleted_at IS NULL) THEN
		RETURN;
	END IF;
	-- In a pool, or nobody's: nothing is left to leave.
	IF NOT EXISTS (SELECT FROM customer c WHERE c.id = p_id AND c.owner_id IS NOT NULL AND c.deleted_at IS NULL) THEN
		UPDATE customer_figures SET leaves_on = NULL, leaves_by = NULL, leaves_pool = NULL, leaves_since = NULL,
			leaves_days = NULL WHERE id = p_id AND leaves_on IS NOT NULL;
		RETURN;
	END IF;
	SELECT * INTO due FROM kehu_pool_due_one(p_id);
	INSERT INTO customer_figures AS f (id, leaves_on, leaves_by, leaves_pool, leaves_since, leaves_days)
		SELECT p_id, due.leaves_on, due.clock, due.pool_id, due.since, due.days
		WHERE due.leaves_on IS NOT NULL OR EXISTS (SELECT FROM customer_figures x WHERE x.id = p_id)
		ON CONFLICT (id) DO UPDATE SET leaves_on = EXCLUDED.leaves_on, leaves_by = EXCLUDED.leaves_by,
			leaves_pool = EXCLUDED.leaves_pool, leaves_since = EXCLUDED.leaves_since,
			leaves_days = EXCLUDED.leaves_days
		WHERE (f.leaves_on, f.leaves_by, f.leaves_pool, f.leaves_since, f.leaves_days) IS DISTINCT FROM
			(EXCLUDED.leaves_on, EXCLUDED.leaves_by, EXCLUDED.leaves_pool, EXCLUDED.leaves_since,
			EXCLUDED.leaves_days);
END
$$;

CREATE OR REPLACE FUNCTION pool_clock_on_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF TG_TABLE_NAME IN ('customer', 'customer_figures') THEN
		PERFORM kehu_pool_clock(NEW.id);
	ELSE
		PERFORM kehu_pool_clock(NEW.customer_id);
	END IF;
	RETURN NULL;
END
$$;
-- New ones come by the thousand.
CREATE OR REPLACE FUNCTION pool_clock_on_new() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM pool p WHERE p.recycles AND p.active AND p.deleted_at IS NULL) THEN
		PERFORM kehu_pool_clock(n.id) FROM kehu_new n;
	END IF;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER pool_clock_new AFTER INSERT ON customer REFERENCING NEW TABLE AS kehu_new
	FOR EACH STATEMENT EXECUTE FUNCTION pool_clock_on_new();
CREATE OR REPLACE TRIGGER pool_clock_changed AFTER UPDATE OF owner_id, level, locked_until, deleted_at ON customer
	FOR EACH ROW WHEN ((OLD.owner_id, OLD.level, OLD.locked_until, OLD.deleted_at) IS DISTINCT FROM
		(NEW.owner_id, NEW.level, NEW.locked_until, NEW.deleted_at))
	EXECUTE FUNCTION pool_clock_on_change();
-- No clock starts by a follow-up, and another clock than its own is not moved by a later one.
CREATE OR REPLACE TRIGGER pool_clock_met AFTER UPDATE OF last_visit_at ON customer_figures
	FOR EACH ROW WHEN (OLD.last_visit_at IS DISTINCT FROM NEW.last_visit_at AND OLD.leaves_on IS NOT NULL
		AND (OLD.leaves_by = 'follow' OR (NEW.last_visit_at > OLD.last_visit_at) IS NOT TRUE))
	EXECUTE FUNCTION pool_clock_on_change();
CREATE OR REPLACE TRIGGER pool_clock_dealt AFTER INSERT OR UPDATE OF state, customer_id, deleted_at ON opportunity
	FOR EACH ROW EXECUTE FUNCTION pool_clock_on_change();
CREATE OR REPLACE TRIGGER pool_clock_ordered AFTER INSERT OR UPDATE OF state, customer_id, deleted_at ON sales_order
	FOR EACH ROW EXECUTE FUNCTION pool_clock_on_change();

-- Rules, members and departments: all clocks are read again with the next pass.
CREATE OR REPLACE FUNCTION pool_state_on_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE pool_state SET stale = true WHERE NOT stale;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER pool_state_pool AFTER INSERT OR UPDATE ON pool FOR EACH STATEMENT EXECUTE FUNCTION pool_state_on_change();
CREATE OR REPLACE TRIGGER pool_state_rule AFTER INSERT OR UPDATE ON pool_rule FOR EACH STATEMENT EXECUTE FUNCTION pool_state_on_change();
CREATE OR REPLACE TRIGGER pool_state_member AFTER INSERT OR UPDATE ON pool_member FOR EACH STATEMENT EXECUTE FUNCTION pool_state_on_change();
CREATE OR REPLACE TRIGGER pool_state_user AFTER UPDATE OF department_id ON users FOR EACH STATEMENT EXECUTE FUNCTION pool_state_on_change();
CREATE OR REPLACE TRIGGER pool_state_department AFTER UPDATE OF parent_id ON department FOR EACH STATEMENT EXECUTE FUNCTION pool_state_on_change();

-- ---- moving --------------------------------------------------------------------------------------

-- How many more customers these users may have, each and their departments: by the cap of the user's own
-- pool, null where there is none. No row: no cap at all. Until the transaction ends nobody else takes a
-- place there.
CREATE OR REPLACE FUNCTION kehu_hold_left(p_users bigint[])
RETURNS TABLE (user_id bigint, department_id bigint, own_left bigint, department_left bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	one record;
BEGIN
	-- Every new customer asks: most companies set no cap.
	IF NOT EXISTS (SELECT FROM pool p WHERE (p.hold_person IS NOT NULL OR p.hold_department IS NOT NULL)
			AND p.active AND p.deleted_at IS NULL) THEN
		RETURN;
	END IF;
	FOR one IN SELECT u.id, u.department_id AS department, p.hold_person, p.hold_department
		FROM users u JOIN pool p ON p.id = kehu_pool_home(u.id) WHERE u.id = ANY (p_users)
		AND (p.hold_person IS NOT NULL OR p.hold_department IS NOT NULL) ORDER BY u.department_id, u.id
	LOOP
		-- Two who give the same person the last place: one after the other.
		PERFORM pg_advisory_xact_lock(81, hashtext('hold ' || coalesce(one.department, one.id)));
		RETURN QUERY SELECT one.id, one.department,
			one.hold_person - (SELECT count(*) FROM customer c WHERE c.owner_id = one.id AND c.deleted_at IS NULL),
			one.hold_department - (SELECT count(*) FROM customer c WHERE c.department_id = one.department
				AND c.owner_id IS NOT NULL AND c.deleted_at IS NULL);
	END LOOP;
END
$$;

-- May this user have so many more customers?
CREATE OR REPLACE FUNCTION kehu_hold_check(p_user bigint, p_more bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM kehu_hold_left(ARRAY[p_user]) l WHERE least(l.own_left, l.department_left) < p_more) THEN
		PERFORM kehu_refuse('HOLD_LIMIT');
	END IF;
END
$$;

-- Puts down a move and tells those concerned: who had the customer, who has it now, who helps with it.
CREATE OR REPLACE FUNCTION kehu_customer_moved(p_before customer, p_kind text, p_to bigint, p_pool bigint,
	p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := nullif(current_setting('kehu.user')::bigint, 0);
	whose users;
	me text := (SELECT u.label FROM users u WHERE u.id = caller);
	heir text := (SELECT u.label FROM users u WHERE u.id = p_to);
	pool_name text := (SELECT p.name FROM pool p WHERE p.id = p_pool);
	why_en text := CASE WHEN coalesce(p_reason, '') <> '' THEN ' (' || p_reason || ')' ELSE '' END;
	why_zh text := CASE WHEN coalesce(p_reason, '') <> '' THEN '（' || p_reason || '）' ELSE '' END;
BEGIN
	SELECT * INTO whose FROM users u WHERE u.id = coalesce(p_before.owner_id, p_to, caller);
	INSERT INTO customer_move (customer_id, customer_name, kind, from_id, to_id, from_pool_id, to_pool_id,
			reason, by_id, owner_id, department_id, branch_id, created_by)
		VALUES (p_before.id, p_before.name, p_kind, p_before.owner_id, p_to, p_before.pool_id, p_pool,
			nullif(p_reason, ''), caller, whose.id, whose.department_id, whose.branch_id, caller);
	PERFORM kehu_tell(x.id, 'system',
		CASE WHEN p_to IS NOT NULL THEN format('%s: customer %s is with %s now%s', coalesce(me, 'Kehu'), p_before.name, heir, why_en)
			ELSE format('%s: customer %s is in the pool %s now%s', coalesce(me, 'Kehu'), p_before.name, pool_name, why_en) END,
		CASE WHEN p_to IS NOT NULL THEN format('%s：客户 %s 现由 %s 负责%s', coalesce(me, 'Kehu'), p_before.name, heir, why_zh)
			ELSE format('%s：客户 %s 已进入公海 %s%s', coalesce(me, 'Kehu'), p_before.name, pool_name, why_zh) END,
		10, p_before.id)
		FROM (SELECT DISTINCT u.id FROM unnest(p_before.co_owners || p_before.owner_id || p_to) u (id)
			WHERE u.id IS NOT NULL AND u.id IS DISTINCT FROM caller) x;
END
$$;

-- Gives a customer to a user or into a pool, with everything whose owner follows it (contacts,
-- relations). Visits keep who made them. The row is locked. Returns the new version.
CREATE OR REPLACE FUNCTION kehu_customer_put(p_taken customer, p_owner bigint, p_pool bigint, p_kind text,
	p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	target users;
	caller bigint := nullif(current_setting('kehu.user')::bigint, 0);
BEGIN
	IF p_owner IS NOT NULL THEN
		target := kehu_new_owner(p_owner);
	END IF;
	UPDATE customer SET owner_id = target.id, department_id = target.department_id,
		branch_id = target.branch_id, pool_id = p_pool, owned_since = now(), locked_until = NULL,
		version = version + 1, updated_at = now(), updated_by = caller
		WHERE id = p_taken.id;
	UPDATE contact SET owner_id = target.id, department_id = target.department_id,
		branch_id = target.branch_id, pool_id = p_pool WHERE customer_id = p_taken.id;
	UPDATE customer_relation SET owner_id = target.id, department_id = target.department_id,
		branch_id = target.branch_id, pool_id = p_pool WHERE customer_id = p_taken.id;
	PERFORM kehu_customer_moved(p_taken, p_kind, p_owner, p_pool, p_reason);
	RETURN p_taken.version + 1;
END
$$;

-- Whether this user may give away what is in a pool: who looks after it, and who may assign more than
-- their own. Members alone only claim.
CREATE OR REPLACE FUNCTION kehu_pool_leads(p_user bigint, p_pool bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN EXISTS (SELECT FROM pool_member m WHERE m.pool_id = p_pool AND m.user_id = p_user
			AND m.administrator AND m.deleted_at IS NULL)
		OR EXISTS (SELECT FROM user_role u JOIN role r ON r.id = u.role_id AND r.deleted_at IS NULL
			JOIN role_grant g ON g.role_id = r.id AND g.deleted_at IS NULL AND g.entity = 'customer'
			WHERE u.user_id = p_user AND u.deleted_at IS NULL AND g.rights & 128 <> 0
			AND (g.scope = 'all' OR g.scope IN ('team', 'department', 'branch') AND kehu_in_pool(p_user, p_pool)));
END
$$;

-- Transfer: by who may assign the customer.
DROP FUNCTION IF EXISTS kehu_customer_transfer(bigint, bigint, bigint);
CREATE OR REPLACE FUNCTION kehu_customer_transfer(p_id bigint, p_version bigint, p_owner bigint, p_reason text)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken customer := kehu_customer_take(p_id, p_version, 128, false);
BEGIN
	IF taken.pool_id IS NOT NULL AND NOT kehu_pool_leads(kehu_caller(), taken.pool_id) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	PERFORM kehu_hold_check((kehu_new_owner(p_owner)).id, 1);
	RETURN kehu_customer_put(taken, p_owner, NULL, 'transfer', p_reason);
END
$$;

-- One in a pool, for its member: locked, and there still.
CREATE OR REPLACE FUNCTION kehu_pool_take(p_id bigint) RETURNS customer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken customer;
	caller bigint := kehu_caller();
BEGIN
	SELECT * INTO taken FROM customer WHERE id = p_id AND deleted_at IS NULL FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	-- Somebody was quicker: said to who could see it a moment ago, in a pool of theirs. Who sees it in
	-- another way, and may not change it, hears that.
	IF taken.pool_id IS NULL THEN
		PERFORM kehu_refuse(CASE WHEN EXISTS (SELECT FROM record_share s WHERE s.user_id = caller AND s.entity = 10
				AND s.record_id = p_id)
			OR kehu_may(caller, 'customer', 1, taken.owner_id, taken.department_id, taken.branch_id, NULL)
				AND NOT kehu_may(caller, 'customer', 4, taken.owner_id, taken.department_id, taken.branch_id, NULL)
			THEN 'FORBIDDEN' ELSE 'TAKEN' END);
	END IF;
	IF NOT kehu_may(caller, 'customer', 4, taken.owner_id, taken.department_id, taken.branch_id, taken.pool_id)
		OR NOT EXISTS (SELECT FROM pool p WHERE p.id = taken.pool_id AND p.active AND p.deleted_at IS NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	RETURN taken;
END
$$;

-- Takes a customer out of a pool for oneself. Who comes second finds it taken.
CREATE OR REPLACE FUNCTION kehu_customer_claim(p_id bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken customer := kehu_pool_take(p_id);
	caller bigint := kehu_caller();
	rules pool;
BEGIN
	-- Who may change customers of all pools is for that no member of each.
	IF NOT kehu_in_pool(caller, taken.pool_id) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	SELECT * INTO rules FROM pool p WHERE p.id = taken.pool_id;
	-- Two claims of one person at once count one after the other.
	PERFORM pg_advisory_xact_lock(81, hashtext('claim ' || caller));
	IF EXISTS (SELECT FROM customer_move m WHERE m.customer_id = p_id AND m.from_id = caller
		AND m.to_pool_id IS NOT NULL
		AND m.at > now() - make_interval(days => coalesce(rules.cool_days, 0)::integer)) THEN
		PERFORM kehu_refuse('COOLING');
	END IF;
	IF (SELECT count(*) FROM customer_move m WHERE m.kind = 'claim' AND m.to_id = caller
		AND m.from_pool_id = taken.pool_id
		AND m.at > now() - make_interval(days => coalesce(rules.claim_days, 1)::integer)) >= rules.claim_limit THEN
		PERFORM kehu_refuse('CLAIM_LIMIT');
	END IF;
	PERFORM kehu_hold_check(caller, 1);
	RETURN kehu_customer_put(taken, caller, NULL, 'claim', NULL);
END
$$;

-- Gives a customer of a pool to one of its members: by who looks after the pool or may assign.
CREATE OR REPLACE FUNCTION kehu_customer_assign(p_id bigint, p_owner bigint, p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken customer := kehu_pool_take(p_id);
	caller bigint := kehu_caller();
BEGIN
	IF NOT kehu_pool_leads(caller, taken.pool_id) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF NOT kehu_in_pool((kehu_new_owner(p_owner)).id, taken.pool_id) THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	PERFORM kehu_hold_check(p_owner, 1);
	RETURN kehu_customer_put(taken, p_owner, NULL, 'assign', p_reason);
END
$$;

-- Gives a customer back: by its owner, or who may assign it. No pool named: that of its owner.
CREATE OR REPLACE FUNCTION kehu_customer_release(p_id bigint, p_version bigint, p_pool bigint, p_reason text)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken customer := kehu_customer_take(p_id, p_version, 4, false);
	caller bigint := kehu_caller();
	target bigint := coalesce(p_pool, kehu_pool_home(taken.owner_id));
BEGIN
	IF taken.owner_id IS NULL THEN
		PERFORM kehu_refuse('EMPTY');
	END IF;
	IF taken.owner_id <> caller AND NOT kehu_may(caller, 'customer', 128, taken.owner_id,
		taken.department_id, taken.branch_id, taken.pool_id) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF NOT EXISTS (SELECT FROM pool p WHERE p.id = target AND p.active AND p.deleted_at IS NULL) THEN
		PERFORM kehu_refuse('NO_POOL');
	END IF;
	RETURN kehu_customer_put(taken, NULL, target, 'release', p_reason);
END
$$;

-- Keeps a customer from the clocks until a day, no longer than its owner's pool allows; no day: no more.
CREATE OR REPLACE FUNCTION kehu_customer_lock(p_id bigint, p_version bigint, p_until date, p_reason text)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken customer := kehu_customer_take(p_id, p_version, 4, false);
	whose users;
	longest bigint;
BEGIN
	IF taken.owner_id IS NULL OR (p_until IS NULL AND taken.locked_until IS NULL) THEN
		PERFORM kehu_refuse('EMPTY');
	END IF;
	SELECT p.lock_days INTO longest FROM pool p WHERE p.id = kehu_pool_home(taken.owner_id);
	IF p_until <= kehu_today() THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	IF p_until > kehu_today() + coalesce(longest, 90)::integer THEN
		PERFORM kehu_refuse('LOCK_LIMIT');
	END IF;
	SELECT * INTO whose FROM users u WHERE u.id = taken.owner_id;
	UPDATE customer SET locked_until = p_until, version = version + 1, updated_at = now(),
		updated_by = kehu_caller() WHERE id = p_id;
	INSERT INTO customer_move (customer_id, customer_name, kind, from_id, to_id, since, reason, by_id, owner_id,
			department_id, branch_id, created_by)
		VALUES (p_id, taken.name, CASE WHEN p_until IS NULL THEN 'unlock' ELSE 'lock' END, taken.owner_id,
			taken.owner_id, p_until, nullif(p_reason, ''), kehu_caller(), whose.id, whose.department_id,
			whose.branch_id, kehu_caller());
	RETURN taken.version + 1;
END
$$;

-- ---- the pass ------------------------------------------------------------------------------------

-- All clocks, read anew in one statement. Returns how many changed.
CREATE OR REPLACE FUNCTION kehu_pool_read() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	changed bigint;
BEGIN
	WITH due AS MATERIALIZED (SELECT * FROM kehu_pool_due(NULL)),
	kept AS (INSERT INTO customer_figures AS f (id, leaves_on, leaves_by, leaves_pool, leaves_since, leaves_days)
		SELECT d.id, d.leaves_on, d.clock, d.pool_id, d.since, d.days FROM due d
		LEFT JOIN customer_figures x ON x.id = d.id
		WHERE (x.leaves_on, x.leaves_by, x.leaves_pool, x.leaves_since, x.leaves_days) IS DISTINCT FROM
			(d.leaves_on, d.clock, d.pool_id, d.since, d.days)
		ON CONFLICT (id) DO UPDATE SET leaves_on = EXCLUDED.leaves_on, leaves_by = EXCLUDED.leaves_by,
			leaves_pool = EXCLUDED.leaves_pool, leaves_since = EXCLUDED.leaves_since,
			leaves_days = EXCLUDED.leaves_days RETURNING f.id),
	gone AS (UPDATE customer_figures f SET leaves_on = NULL, leaves_by = NULL, leaves_pool = NULL,
			leaves_since = NULL, leaves_days = NULL
		WHERE f.leaves_on IS NOT NULL AND NOT EXISTS (SELECT FROM due d WHERE d.id = f.id) RETURNING f.id)
	SELECT (SELECT count(*) FROM kept) + (SELECT count(*) FROM gone) INTO changed;
	RETURN changed;
END
$$;

-- Tells owners what leaves soon, once for each day it is to leave on; one message a person.
CREATE OR REPLACE FUNCTION kehu_pool_warn() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	told bigint := 0;
	one record;
BEGIN
	FOR one IN WITH due AS (SELECT f.id, f.leaves_on, c.name, c.owner_id FROM customer_figures f
			JOIN customer c ON c.id = f.id AND c.owner_id IS NOT NULL AND c.deleted_at IS NULL
			JOIN pool p ON p.id = f.leaves_pool AND p.recycles AND p.active AND p.deleted_at IS NULL
			WHERE f.leaves_on <= kehu_today() + 400 AND f.leaves_on <= kehu_today() + p.warn_days::integer
			AND f.leaves_on > kehu_today() AND f.leaves_warned IS DISTINCT FROM f.leaves_on),
		marked AS (UPDATE customer_figures f SET leaves_warned = f.leaves_on FROM due d WHERE f.id = d.id
			RETURNING d.owner_id, d.name, d.leaves_on)
		SELECT m.owner_id, count(*) AS number, min(m.leaves_on) AS first,
			array_to_string((array_agg(m.name ORDER BY m.leaves_on, m.name))[1:5], ', ') AS names
		FROM marked m GROUP BY m.owner_id
	LOOP
		PERFORM kehu_tell(one.owner_id, 'system',
			format('%s customers leave you for the pool from %s on: %s', one.number, one.first, one.names),
			format('%s 个客户即将进入公海，最早 %s：%s', one.number, one.first, one.names), NULL, NULL);
		told := told + one.number;
	END LOOP;
	RETURN told;
END
$$;

-- Gives back what is due, p_max customers at most: one statement for all of them. Rows that somebody
-- holds are left for the next time, so two servers never move one twice.
CREATE OR REPLACE FUNCTION kehu_pool_recycle(p_max bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	moved bigint := 0;
	one record;
BEGIN
	FOR one IN WITH due AS MATERIALIZED (
			SELECT c.id, c.name, c.owner_id, c.department_id, c.branch_id, f.leaves_pool AS pool,
				f.leaves_by AS clock, f.leaves_since AS since, f.leaves_days AS days
			FROM customer_figures f
			JOIN customer c ON c.id = f.id AND c.owner_id IS NOT NULL AND c.deleted_at IS NULL
			JOIN pool p ON p.id = f.leaves_pool AND p.recycles AND p.active AND p.deleted_at IS NULL
			WHERE f.leaves_on <= kehu_today() AND (c.locked_until IS NULL OR c.locked_until < kehu_today())
			ORDER BY f.leaves_on, f.id LIMIT p_max FOR NO KEY UPDATE OF c SKIP LOCKED),
		moved AS (UPDATE customer c SET owner_id = NULL, department_id = NULL, branch_id = NULL,
				pool_id = d.pool, owned_since = now(), locked_until = NULL, version = c.version + 1,
				updated_at = now(), updated_by = NULL FROM due d WHERE c.id = d.id),
		contacts AS (UPDATE contact t SET owner_id = NULL, department_id = NULL, branch_id = NULL, pool_id = d.pool
			FROM due d WHERE t.customer_id = d.id),
		relations AS (UPDATE customer_relation t SET owner_id = NULL, department_id = NULL, branch_id = NULL,
				pool_id = d.pool FROM due d WHERE t.customer_id = d.id),
		written AS (INSERT INTO customer_move (customer_id, customer_name, kind, from_id, to_pool_id, clock, since,
				limit_days, owner_id, department_id, branch_id)
			SELECT d.id, d.name, 'recycle', d.owner_id, d.pool, d.clock, d.since, d.days, d.owner_id,
				d.department_id, d.branch_id FROM due d),
		figures AS (UPDATE customer_figures f SET leaves_on = NULL, leaves_by = NULL, leaves_pool = NULL,
				leaves_since = NULL, leaves_days = NULL, leaves_warned = NULL FROM due d WHERE f.id = d.id)
		SELECT d.owner_id, d.pool, count(*) AS number, (SELECT p.name FROM pool p WHERE p.id = d.pool) AS pool_name,
			array_to_string((array_agg(d.name ORDER BY d.name))[1:5], ', ') AS names
		FROM due d GROUP BY d.owner_id, d.pool
	LOOP
		moved := moved + one.number;
		PERFORM kehu_tell(one.owner_id, 'system',
			format('%s customers went to the pool %s: %s', one.number, one.pool_name, one.names),
			format('%s 个客户已进入公海 %s：%s', one.number, one.pool_name, one.names), NULL, NULL);
		INSERT INTO audit (user_id, request, action, entity, record_id, detail)
			VALUES (NULL, 'pool', 'recycle', 24, one.pool, format('from=%s customers=%s', one.owner_id, one.number));
	END LOOP;
	RETURN moved;
END
$$;

-- What the servers run in turn: clocks once a day and after a rule has changed, then warnings and what is
-- due. Only one server at a time does it; the others have nothing to wait for.
CREATE OR REPLACE FUNCTION kehu_pool_pass(p_max bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	state pool_state;
BEGIN
	IF NOT pg_try_advisory_xact_lock(81, 0) THEN
		RETURN 0;
	END IF;
	SELECT * INTO state FROM pool_state;
	IF state.stale OR state.read_on IS DISTINCT FROM kehu_today() THEN
		UPDATE pool_state SET stale = false, read_on = kehu_today();
		PERFORM kehu_pool_read();
	END IF;
	PERFORM kehu_pool_warn();
	RETURN kehu_pool_recycle(p_max);
END
$$;

-- ---- questions -----------------------------------------------------------------------------------

-- What would leave under a pool's rules, switched on or not, within p_days: a row for each, those first
-- that leave first; due and total are of all, at once and in that time. Names only of what the caller may
-- see. For who may change pools, or looks after this one.
CREATE OR REPLACE FUNCTION kehu_pool_rehearse(p_pool bigint, p_days bigint, p_max bigint)
RETURNS TABLE (id bigint, name text, owner_id bigint, clock text, since date, days bigint, leaves_on date,
	due bigint, total bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	caller bigint := kehu_caller();
BEGIN
	IF NOT kehu_pool_leads(caller, p_pool) AND NOT kehu_may(caller, 'pool', 4, NULL, NULL, NULL, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	RETURN QUERY SELECT CASE WHEN s.seen THEN s.id END, CASE WHEN s.seen THEN s.name END, s.owner_id, s.clock, s.since,
		s.days, s.leaves_on, s.due, s.total
	FROM (SELECT d.*, c.name, kehu_may(caller, 'customer', 1, c.owner_id, c.department_id, c.branch_id, c.pool_id) AS seen
		FROM (SELECT x.*, count(*) FILTER (WHERE x.leaves_on <= kehu_today()) OVER () AS due,
				count(*) OVER () AS total FROM kehu_pool_due(p_pool) x
			WHERE x.leaves_on <= kehu_today() + p_days::integer
			ORDER BY x.leaves_on, x.id LIMIT p_max) d JOIN customer c ON c.id = d.id) s
	ORDER BY s.leaves_on, s.id;
END
$$;
