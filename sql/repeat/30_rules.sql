-- Rule functions: what may write past the reader's own row policies, one function for each
-- rule. They belong to kehu_rule, see everything, and so check for themselves who may.
-- A refusal raises KH005 with the name of an error of common/error.def as its message.

CREATE OR REPLACE FUNCTION kehu_refuse(p_error text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = 'KH005', MESSAGE = p_error;
END
$$;

-- The user of this transaction, looked up again: settings alone open nothing.
CREATE OR REPLACE FUNCTION kehu_caller() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := current_setting('kehu.user')::bigint;
	at_session bigint := current_setting('kehu.session')::bigint;
BEGIN
	PERFORM FROM users u WHERE u.id = caller AND NOT u.disabled AND u.deleted_at IS NULL
		AND (u.expires_on IS NULL OR u.expires_on >= current_date)
		AND (at_session = 0 OR EXISTS (SELECT FROM session s WHERE s.id = at_session
			AND s.user_id = caller AND s.ended_at IS NULL AND s.expires_at > now()));
	IF NOT FOUND THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	RETURN caller;
END
$$;

-- Whether a user's roles reach a row with these access columns for one right: the same answer
-- as server/access gives, from the tables.
CREATE OR REPLACE FUNCTION kehu_may(p_user bigint, p_entity text, p_right bigint, p_owner bigint,
	p_department bigint, p_branch bigint, p_pool bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	scopes text[];
	mine users;
BEGIN
	SELECT array_agg(DISTINCT g.scope) INTO scopes FROM user_role u
		JOIN role r ON r.id = u.role_id AND r.deleted_at IS NULL
		JOIN role_grant g ON g.role_id = r.id AND g.deleted_at IS NULL
		WHERE u.user_id = p_user AND u.deleted_at IS NULL
		AND g.entity = p_entity AND g.rights & p_right <> 0;
	IF scopes IS NULL THEN
		RETURN false;
	END IF;
	IF 'all' = ANY (scopes) THEN
		RETURN true;
	END IF;
	-- What is shared is not told by these columns.
	scopes := array_remove(scopes, 'shared');
	IF scopes = '{}' THEN
		RETURN false;
	END IF;
	IF p_owner = p_user THEN
		RETURN true;
	END IF;
	IF scopes <> ARRAY['company'] AND NOT kehu_is_personal(p_entity)
		AND p_owner IN (SELECT d.away_id FROM access_delegations() d WHERE d.user_id = p_user) THEN
		RETURN true;
	END IF;
	SELECT * INTO mine FROM users WHERE id = p_user;
	IF 'team' = ANY (scopes) AND p_owner IN (
		WITH RECURSIVE below AS (SELECT p_user AS id
			UNION SELECT u.id FROM users u JOIN below b ON u.superior_id = b.id)
		SELECT id FROM below) THEN
		RETURN true;
	END IF;
	IF 'department' = ANY (scopes) AND p_department IN (
		WITH RECURSIVE below AS (SELECT mine.department_id AS id
			UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id)
		SELECT id FROM below) THEN
		RETURN true;
	END IF;
	IF 'branch' = ANY (scopes) AND p_branch IN (
		WITH RECURSIVE below AS (SELECT mine.branch_id AS id
			UNION SELECT b.id FROM branch b JOIN below ON b.parent_id = below.id)
		SELECT id FROM below) THEN
		RETURN true;
	END IF;
	RETURN p_pool IS NOT NULL AND EXISTS (SELECT FROM access_pool_members() m
		WHERE m.pool_id = p_pool AND (m.user_id = p_user OR m.member_department_id IN (
			WITH RECURSIVE above AS (SELECT mine.department_id AS id
				UNION SELECT d.parent_id FROM department d JOIN above a ON d.id = a.id
				WHERE d.parent_id IS NOT NULL)
			SELECT id FROM above)));
END
$$;

-- The customer's row, locked, for a rule that changes it: there, of this version, within reach.
CREATE OR REPLACE FUNCTION kehu_customer_take(p_id bigint, p_version bigint, p_right bigint,
	p_deleted boolean) RETURNS customer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken customer;
BEGIN
	SELECT * INTO taken FROM customer WHERE id = p_id AND (deleted_at IS NOT NULL) = p_deleted
		FOR NO KEY UPDATE;
	IF NOT FOUND OR NOT (kehu_may(kehu_caller(), 'customer', 1, taken.owner_id,
			taken.department_id, taken.branch_id, taken.pool_id)
		OR EXISTS (SELECT FROM record_share s WHERE s.user_id = kehu_caller()
			AND s.entity = 10 AND s.record_id = p_id)) THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	IF NOT kehu_may(kehu_caller(), 'customer', p_right, taken.owner_id, taken.department_id,
		taken.branch_id, taken.pool_id) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF coalesce(p_version, 0) <> 0 AND taken.version <> p_version THEN
		PERFORM kehu_refuse('CONFLICT');
	END IF;
	RETURN taken;
END
$$;

-- Moves a customer and what hangs on it (contacts, relations, visits and their lines) to the
-- recycle bin under one delete_id; restoring that id brings back exactly what went with it.
CREATE OR REPLACE FUNCTION kehu_customer_mark(p_id bigint, p_from uuid, p_to uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	gone timestamptz := CASE WHEN p_to IS NULL THEN NULL ELSE now() END;
	line text;
BEGIN
	FOR line IN SELECT DISTINCT p.tbl FROM kehu_personal() p WHERE p.parent = 10 ORDER BY 1 LOOP
		EXECUTE format('UPDATE public.%I SET deleted_at = $1, delete_id = $2 WHERE customer_id = $3 '
			'AND delete_id IS NOT DISTINCT FROM $4', line) USING gone, p_to, p_id, p_from;
	END LOOP;
	FOR line IN SELECT DISTINCT p.tbl FROM kehu_personal() p WHERE p.parent = 14 ORDER BY 1 LOOP
		EXECUTE format('UPDATE public.%I l SET deleted_at = $1, delete_id = $2 FROM contact c WHERE c.customer_id = $3 '
			'AND l.contact_id = c.id AND c.delete_id IS NOT DISTINCT FROM $4 AND l.delete_id IS NOT DISTINCT FROM $4', line)
			USING gone, p_to, p_id, p_from;
	END LOOP;
	UPDATE contact SET deleted_at = gone, delete_id = p_to, version = version + 1,
		updated_at = now(), updated_by = caller
		WHERE customer_id = p_id AND delete_id IS NOT DISTINCT FROM p_from;
	UPDATE customer_relation SET deleted_at = gone, delete_id = p_to, version = version + 1,
		updated_at = now(), updated_by = caller
		WHERE p_id IN (customer_id, other_id) AND delete_id IS NOT DISTINCT FROM p_from;
	FOREACH line IN ARRAY ARRAY['anniversary', 'customer_month', 'paper'] LOOP
		EXECUTE format('UPDATE public.%I SET deleted_at = $1, delete_id = $2, version = version + 1, updated_at = now(), '
			'updated_by = $5 WHERE customer_id = $3 AND delete_id IS NOT DISTINCT FROM $4', line)
			USING gone, p_to, p_id, p_from, caller;
	END LOOP;
	UPDATE visit_contact l SET deleted_at = gone, delete_id = p_to FROM visit v
		WHERE v.customer_id = p_id AND l.visit_id = v.id
		AND v.delete_id IS NOT DISTINCT FROM p_from AND l.delete_id IS NOT DISTINCT FROM p_from;
	UPDATE visit_customers l SET deleted_at = gone, delete_id = p_to FROM visit v
		WHERE v.customer_id = p_id AND l.visit_id = v.id
		AND v.delete_id IS NOT DISTINCT FROM p_from AND l.delete_id IS NOT DISTINCT FROM p_from;
	UPDATE visit_opportunity l SET deleted_at = gone, delete_id = p_to FROM visit v
		WHERE v.customer_id = p_id AND l.visit_id = v.id
		AND v.delete_id IS NOT DISTINCT FROM p_from AND l.delete_id IS NOT DISTINCT FROM p_from;
	UPDATE visit_plan SET deleted_at = gone, delete_id = p_to, version = version + 1,
		updated_at = now(), updated_by = caller
		WHERE customer_id = p_id AND delete_id IS NOT DISTINCT FROM p_from;
	UPDATE reminder SET deleted_at = gone, delete_id = p_to, version = version + 1,
		updated_at = now(), updated_by = caller
		WHERE customer_id = p_id AND delete_id IS NOT DISTINCT FROM p_from;
	UPDATE visit SET deleted_at = gone, delete_id = p_to, version = version + 1,
		updated_at = now(), updated_by = caller
		WHERE customer_id = p_id AND delete_id IS NOT DISTINCT FROM p_from;
	UPDATE opportunity_decider l SET deleted_at = gone, delete_id = p_to FROM opportunity o
		WHERE o.customer_id = p_id AND l.opportunity_id = o.id
		AND o.delete_id IS NOT DISTINCT FROM p_from AND l.delete_id IS NOT DISTINCT FROM p_from;
	UPDATE opportunity_competitor l SET deleted_at = gone, delete_id = p_to FROM opportunity o
		WHERE o.customer_id = p_id AND l.opportunity_id = o.id
		AND o.delete_id IS NOT DISTINCT FROM p_from AND l.delete_id IS NOT DISTINCT FROM p_from;
	UPDATE opportunity_product l SET deleted_at = gone, delete_id = p_to FROM opportunity o
		WHERE o.customer_id = p_id AND l.opportunity_id = o.id
		AND o.delete_id IS NOT DISTINCT FROM p_from AND l.delete_id IS NOT DISTINCT FROM p_from;
	UPDATE opportunity_move l SET deleted_at = gone, delete_id = p_to FROM opportunity o
		WHERE o.customer_id = p_id AND l.opportunity_id = o.id
		AND o.delete_id IS NOT DISTINCT FROM p_from AND l.delete_id IS NOT DISTINCT FROM p_from;
	UPDATE opportunity SET deleted_at = gone, delete_id = p_to, version = version + 1,
		updated_at = now(), updated_by = caller
		WHERE customer_id = p_id AND delete_id IS NOT DISTINCT FROM p_from;
	UPDATE plan_step SET deleted_at = gone, delete_id = p_to, version = version + 1,
		updated_at = now(), updated_by = caller
		WHERE customer_id = p_id AND delete_id IS NOT DISTINCT FROM p_from;
	UPDATE attachment SET deleted_at = gone, delete_id = p_to
		WHERE anchor_id = p_id AND delete_id IS NOT DISTINCT FROM p_from;
	UPDATE customer SET deleted_at = gone, delete_id = p_to, version = version + 1,
		updated_at = now(), updated_by = caller
		WHERE id = p_id AND delete_id IS NOT DISTINCT FROM p_from;
END
$$;

CREATE OR REPLACE FUNCTION kehu_customer_delete(p_id bigint, p_version bigint, p_delete uuid)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken customer := kehu_customer_take(p_id, p_version, 8, false);
BEGIN
	PERFORM kehu_customer_mark(p_id, NULL, p_delete);
	RETURN taken.version + 1;
END
$$;

CREATE OR REPLACE FUNCTION kehu_customer_restore(p_id bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken customer := kehu_customer_take(p_id, 0, 16, true);
BEGIN
	PERFORM kehu_customer_mark(p_id, taken.delete_id, NULL);
	RETURN taken.version + 1;
END
$$;

-- What visits say about a customer. Anyone whose visit changed may have it worked out again:
-- it takes nothing from the caller but the id. The next visit is the earliest one planned or
-- under way, else what the last completed one agreed. The row is locked before the visits are
-- read: of two at once the second counts what the first has done.
CREATE OR REPLACE FUNCTION kehu_customer_figures(p_customer bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	last_at timestamptz;
	done bigint;
	open bigint;
	first_open timestamptz;
	agreed date;
	minutes_east integer;
BEGIN
	PERFORM FROM customer_figures f WHERE f.id = p_customer FOR UPDATE;
	IF NOT FOUND THEN
		INSERT INTO customer_figures (id) VALUES (p_customer) ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id;
	END IF;
	-- A task done is not a customer met.
	SELECT max(v.at) FILTER (WHERE v.state = 'completed' AND v.kind <> 'task'),
		count(*) FILTER (WHERE v.state = 'completed' AND v.kind <> 'task'),
		count(*) FILTER (WHERE v.state IN ('planned', 'started')),
		min(v.at) FILTER (WHERE v.state IN ('planned', 'started'))
		INTO last_at, done, open, first_open
		FROM visit v WHERE v.customer_id = p_customer AND v.deleted_at IS NULL;
	IF first_open IS NULL AND last_at IS NOT NULL THEN
		SELECT v.next_on INTO agreed FROM visit v WHERE v.customer_id = p_customer
			AND v.at = last_at AND v.state = 'completed' AND v.kind <> 'task' AND v.deleted_at IS NULL
			ORDER BY v.id DESC LIMIT 1;
	END IF;
	IF first_open IS NOT NULL THEN
		SELECT b.offset_min INTO minutes_east FROM customer c JOIN branch b ON b.id = c.branch_id
			WHERE c.id = p_customer;
		agreed := (first_open AT TIME ZONE 'UTC' +
			make_interval(mins => coalesce(minutes_east, 480)))::date;
	END IF;
	UPDATE customer_figures SET last_visit_at = last_at, visit_count = done, open_visits = open,
		next_visit_on = agreed WHERE id = p_customer;
END
$$;

-- A new visit says all there is to say, unless it is still to come or the first: reading the customer's
-- others again cost twice as much as all that is kept here.
CREATE OR REPLACE FUNCTION visit_figures_on_new() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF NEW.state = 'completed' AND NEW.kind <> 'task' THEN
		UPDATE customer_figures f SET visit_count = f.visit_count + 1,
			last_visit_at = greatest(f.last_visit_at, NEW.at),
			next_visit_on = CASE WHEN f.open_visits = 0 AND NEW.at > f.last_visit_at THEN NEW.next_on
				ELSE f.next_visit_on END
			WHERE f.id = NEW.customer_id AND f.open_visits IS NOT NULL AND f.last_visit_at <> NEW.at;
		IF FOUND THEN
			RETURN NULL;
		END IF;
	END IF;
	IF NEW.customer_id IS NOT NULL THEN
		PERFORM kehu_customer_figures(NEW.customer_id);
	END IF;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER visit_figures AFTER INSERT ON visit
	FOR EACH ROW EXECUTE FUNCTION visit_figures_on_new();

-- The same for every customer, after a bulk load.
CREATE OR REPLACE FUNCTION kehu_customer_figures_all() RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	made bigint;
BEGIN
	INSERT INTO customer_figures (id, last_visit_at, visit_count, open_visits, next_visit_on)
		SELECT v.customer_id, max(v.at) FILTER (WHERE v.state = 'completed' AND v.kind <> 'task'),
			count(*) FILTER (WHERE v.state = 'completed' AND v.kind <> 'task'),
			count(*) FILTER (WHERE v.state IN ('planned', 'started')),
			coalesce((min(v.at) FILTER (WHERE v.state IN ('planned', 'started'))
				AT TIME ZONE 'UTC' + make_interval(mins => coalesce(min(b.offset_min), 480)::integer))::date,
				(array_agg(v.next_on ORDER BY v.at DESC, v.id DESC)
					FILTER (WHERE v.state = 'completed' AND v.kind <> 'task'))[1])
		FROM visit v JOIN customer c ON c.id = v.customer_id LEFT JOIN branch b ON b.id = c.branch_id
		WHERE v.deleted_at IS NULL GROUP BY v.customer_id
		ON CONFLICT (id) DO UPDATE SET last_visit_at = EXCLUDED.last_visit_at,
			visit_count = EXCLUDED.visit_count, open_visits = EXCLUDED.open_visits,
			next_visit_on = EXCLUDED.next_visit_on;
	GET DIAGNOSTICS made = ROW_COUNT;
	RETURN made;
END
$$;

-- Customers that carry one of these tags: ids only, for filters. The list that asks is under its
-- own arms and policies, so nobody learns of a customer they may not see.
CREATE OR REPLACE FUNCTION kehu_customer_tag_of(p_tags bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1000 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT DISTINCT t.customer_id FROM customer_tag t
		WHERE t.tag_id = ANY (p_tags) AND t.deleted_at IS NULL;
END
$$;
