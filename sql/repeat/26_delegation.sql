-- Standing in for somebody who is away, by the days of the company (kehu_today).

-- Who works for whom today: whose work was given to one who is away themselves goes on to the next.
CREATE OR REPLACE FUNCTION access_delegations()
RETURNS TABLE (user_id bigint, away_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY WITH RECURSIVE today AS (
			SELECT d.to_user_id AS u, d.owner_id AS a FROM delegation d
			WHERE d.deleted_at IS NULL AND d.to_day >= kehu_today() AND d.from_day <= kehu_today()),
		chain AS (SELECT u, a FROM today
			UNION SELECT t.u, c.a FROM chain c JOIN today t ON t.a = c.u)
		SELECT c.u, c.a FROM chain c WHERE c.u <> c.a ORDER BY 1, 2;
END
$$;

-- Who decides for a user today, or null: the last of those who stand in for each other.
CREATE OR REPLACE FUNCTION kehu_stand_in(p_user bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	at bigint := p_user;
	next bigint;
BEGIN
	FOR i IN 1 .. 10 LOOP
		SELECT d.to_user_id INTO next FROM delegation d WHERE d.owner_id = at AND d.deleted_at IS NULL
			AND kehu_today() BETWEEN d.from_day AND d.to_day ORDER BY d.id DESC LIMIT 1;
		EXIT WHEN NOT FOUND OR next = p_user;
		at := next;
	END LOOP;
	RETURN nullif(at, p_user);
END
$$;

-- What is wrong with a delegation that is to be stored: null, or a word for server/rules. Two at
-- once for the same people cannot both be found good: the second waits for the first.
CREATE OR REPLACE FUNCTION kehu_delegation_check(p_id bigint, p_owner bigint, p_to bigint, p_from date,
	p_until date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	day date;
BEGIN
	PERFORM pg_advisory_xact_lock(40, 0);
	IF NOT EXISTS (SELECT FROM users u WHERE u.id = p_to AND u.deleted_at IS NULL
		AND NOT coalesce(u.disabled, false) AND (u.expires_on IS NULL OR u.expires_on >= p_until)) THEN
		RETURN 'disabled';
	END IF;
	IF EXISTS (SELECT FROM delegation d WHERE d.owner_id = p_owner AND d.id <> p_id AND d.deleted_at IS NULL
		AND d.from_day <= p_until AND d.to_day >= p_from) THEN
		RETURN 'overlap';
	END IF;
	-- A circle needs a day on which all of its delegations run.
	IF EXISTS (WITH RECURSIVE chain AS (
			SELECT p_to AS u, p_from AS since, p_until AS until
			UNION SELECT d.to_user_id, greatest(d.from_day, c.since), least(d.to_day, c.until)
				FROM chain c JOIN delegation d ON d.owner_id = c.u AND d.id <> p_id
				AND d.deleted_at IS NULL AND d.from_day <= c.until AND d.to_day >= c.since)
		SELECT FROM chain c WHERE c.u = p_owner) THEN
		RETURN 'circle';
	END IF;
	RETURN NULL;
END
$$;

-- Makes the servers' snapshots follow a delegation that was changed, or a new day (p_day: only if it
-- is one), and lets those who stand in see the approvals that wait for who is away, as long as they do.
CREATE OR REPLACE FUNCTION kehu_delegation_turn(p_day boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF p_day AND EXISTS (SELECT FROM state s WHERE s.delegation_day = kehu_today()) THEN
		RETURN false;
	END IF;
	UPDATE state SET delegation_day = kehu_today(), access_epoch = access_epoch + 1;
	DELETE FROM record_share r WHERE r.entity = 45
		AND EXISTS (SELECT FROM delegation d WHERE d.to_user_id = r.user_id)
		AND NOT EXISTS (SELECT FROM approval_step s WHERE s.approval_id = r.record_id
			AND (s.user_id = r.user_id OR kehu_stand_in(s.user_id) = r.user_id)
			AND s.deleted_at IS NULL);
	INSERT INTO record_share (user_id, entity, record_id, rights, created_by)
		SELECT DISTINCT kehu_stand_in(s.user_id), 45, s.approval_id, 5, s.user_id
		FROM approval_step s JOIN approval a ON a.id = s.approval_id AND a.state = 'waiting'
		WHERE s.state IN ('waiting', 'pending') AND s.deleted_at IS NULL
			AND s.user_id IN (SELECT d.away_id FROM access_delegations() d)
		ON CONFLICT DO NOTHING;
	RETURN true;
END
$$;

-- Tells who stands in, and who is away if somebody else arranged it.
CREATE OR REPLACE FUNCTION kehu_delegation_tell(p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	d record;
BEGIN
	SELECT g.*, f.label AS away, t.label AS stands_in INTO d FROM delegation g JOIN users f ON f.id = g.owner_id
		JOIN users t ON t.id = g.to_user_id WHERE g.id = p_id;
	IF d.to_user_id <> caller THEN
		PERFORM kehu_tell(d.to_user_id, 'system',
			format('You stand in for %s from %s until %s: %s', d.away, d.from_day, d.to_day, d.reason),
			format('%s 委托您代办 %s 至 %s：%s', d.away, d.from_day, d.to_day, d.reason), 40, p_id);
	END IF;
	IF d.owner_id <> caller THEN
		PERFORM kehu_tell(d.owner_id, 'system',
			format('%s stands in for you from %s until %s: %s', d.stands_in, d.from_day, d.to_day, d.reason),
			format('%s 将代您办理 %s 至 %s：%s', d.stands_in, d.from_day, d.to_day, d.reason), 40, p_id);
	END IF;
END
$$;
