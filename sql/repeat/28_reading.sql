-- The row budget and what is unusual. Servers count in memory and come here in batches; nothing
-- here is given back by a user signing in again or by another server.

-- The day's record of a user; made when there is none.
CREATE OR REPLACE FUNCTION kehu_reading(p_user bigint, p_day date) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	found_id bigint;
BEGIN
	SELECT r.id INTO found_id FROM reading r WHERE r.owner_id = p_user AND r.day = p_day;
	IF found_id IS NOT NULL THEN
		RETURN found_id;
	END IF;
	INSERT INTO reading (name, day, owner_id, department_id, branch_id)
		SELECT u.name || ' ' || p_day, p_day, u.id, u.department_id, u.branch_id FROM users u WHERE u.id = p_user
		ON CONFLICT (owner_id, day) DO NOTHING;
	SELECT r.id INTO found_id FROM reading r WHERE r.owner_id = p_user AND r.day = p_day;
	INSERT INTO reading_figures (id) VALUES (found_id) ON CONFLICT DO NOTHING;
	RETURN found_id;
END
$$;

-- The superior and whoever watches everybody's reading.
CREATE OR REPLACE FUNCTION kehu_reading_tell(p_user bigint, p_reading bigint, p_en text, p_zh text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	who text := (SELECT u.label FROM users u WHERE u.id = p_user);
BEGIN
	PERFORM kehu_tell(t.user_id, 'system', format(p_en, who), format(p_zh, who), 34, p_reading)
		FROM (SELECT kehu_superior(p_user) AS user_id UNION
			SELECT m.user_id FROM user_role m JOIN role_grant g ON g.role_id = m.role_id
			WHERE m.deleted_at IS NULL AND g.deleted_at IS NULL AND g.entity = 'reading' AND g.scope = 'all') t
		WHERE t.user_id <> p_user;
END
$$;

-- Rows taken from the budget: p_chunk where there are as many, p_need at least; none when even
-- those would pass it. budget: what the day allows in all.
CREATE OR REPLACE FUNCTION kehu_reading_reserve(p_user bigint, p_day date, p_need bigint, p_chunk bigint,
	p_limit bigint, p_reference bigint, OUT granted bigint, OUT budget bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	this bigint := public.kehu_reading(p_user, p_day);
	f reading_figures;
	remaining bigint;
BEGIN
	SELECT * INTO f FROM reading_figures WHERE id = this FOR UPDATE;
	budget := p_limit + f.extra;
	remaining := budget - f.reserved;
	granted := 0;
	IF remaining >= p_need THEN
		granted := least(greatest(p_chunk, p_need), remaining);
		UPDATE reading_figures SET reserved = reserved + granted WHERE id = this;
	ELSIF f.exceeded_at IS NULL THEN
		UPDATE reading_figures SET exceeded_at = now() WHERE id = this;
		UPDATE reading SET version = version + 1, updated_at = now() WHERE id = this;
		INSERT INTO audit (user_id, reference, request, action, entity, record_id, detail)
			VALUES (p_user, p_reference, 'read', 'over_budget', 34, this, 'budget=' || budget);
		PERFORM public.kehu_reading_tell(p_user, this,
			'%s has read the ' || budget || ' records of the day', '%s 今日可查看的 ' || budget || ' 条记录已用完');
	END IF;
END
$$;

-- What was read since the last time, and what was taken and not used. Unusual: over three times
-- the median of the user's 20 last days of work, once at least five are known.
CREATE OR REPLACE FUNCTION kehu_reading_flush(p_user bigint, p_day date, p_listed bigint, p_opened bigint,
	p_searched bigint, p_reported bigint, p_exported bigint, p_unused bigint, p_least bigint)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	this bigint := public.kehu_reading(p_user, p_day);
	f reading_figures;
	usual bigint;
	days bigint;
BEGIN
	UPDATE reading_figures SET listed = listed + p_listed, opened = opened + p_opened,
		searched = searched + p_searched, reported = reported + p_reported, exported = exported + p_exported,
		rows = rows + p_listed + p_opened + p_searched + p_reported + p_exported,
		reserved = reserved - p_unused
		WHERE id = this RETURNING * INTO f;
	IF f.flagged_at IS NOT NULL THEN
		RETURN false;
	END IF;
	usual := f.median;
	IF usual IS NULL THEN
		SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY d.rows) INTO days, usual FROM (
			SELECT g.rows FROM reading r JOIN reading_figures g ON g.id = r.id
			WHERE r.owner_id = p_user AND r.day < p_day AND g.rows > 0
			ORDER BY r.day DESC LIMIT 20) d;
		IF days < 5 THEN
			RETURN false;
		END IF;
		UPDATE reading_figures SET median = usual WHERE id = this;
	END IF;
	IF f.rows <= 3 * usual OR f.rows < p_least THEN
		RETURN false;
	END IF;
	UPDATE reading_figures SET flagged_at = now() WHERE id = this;
	UPDATE reading SET version = version + 1, updated_at = now() WHERE id = this;
	INSERT INTO audit (user_id, request, action, entity, record_id, detail)
		VALUES (p_user, 'read', 'unusual', 34, this, format('rows=%s usual=%s', f.rows, usual));
	PERFORM public.kehu_reading_tell(p_user, this, '%s has read ' || f.rows || ' records today, usually ' || usual,
		'%s 今日已查看 ' || f.rows || ' 条记录，平时 ' || usual || ' 条');
	RETURN true;
END
$$;

-- More for today, given by somebody else.
CREATE OR REPLACE FUNCTION kehu_budget_extend(p_reading bigint, p_rows bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	of_user bigint;
	stored integer;
BEGIN
	UPDATE reading SET version = version + 1, updated_at = now(),
		updated_by = nullif(current_setting('kehu.user', true), '')::bigint
		WHERE id = p_reading RETURNING owner_id, version INTO of_user, stored;
	IF of_user = current_setting('kehu.user')::bigint THEN
		RAISE EXCEPTION USING ERRCODE = 'KH005', MESSAGE = 'FORBIDDEN';
	END IF;
	UPDATE reading_figures SET extra = extra + p_rows, exceeded_at = NULL WHERE id = p_reading;
	INSERT INTO audit (user_id, session_id, request, action, entity, record_id, detail)
		VALUES (current_setting('kehu.user')::bigint, current_setting('kehu.session')::bigint, 'read',
			'extend_budget', 34, p_reading, format('for=%s rows=%s', of_user, p_rows));
	RETURN stored;
END
$$;

-- What somebody asked for and another agreed to, in the transaction of the last consent; only for
-- the day that is.
CREATE OR REPLACE FUNCTION kehu_budget_granted(p_reading bigint, p_rows bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := current_setting('kehu.user')::bigint;
	granted_by bigint;
	r reading;
BEGIN
	SELECT * INTO r FROM reading WHERE id = p_reading;
	SELECT s.user_id INTO granted_by FROM approval a JOIN approval_step s ON s.approval_id = a.id
		WHERE a.anchor_entity = 34 AND a.anchor_id = p_reading AND a.action = 'ask_budget'
		AND a.owner_id = caller AND a.state = 'waiting' AND a.deleted_at IS NULL
		AND s.state = 'granted' AND s.user_id <> caller AND s.deleted_at IS NULL
		AND NOT EXISTS (SELECT FROM approval_step o WHERE o.approval_id = a.id
			AND o.state IN ('waiting', 'pending', 'refused') AND o.deleted_at IS NULL)
		ORDER BY s.id DESC LIMIT 1;
	IF granted_by IS NULL OR r.owner_id IS DISTINCT FROM caller THEN
		RAISE EXCEPTION USING ERRCODE = 'KH005', MESSAGE = 'FORBIDDEN';
	END IF;
	-- A day of any time zone.
	IF r.day < (now() AT TIME ZONE 'UTC')::date - 1 THEN
		RAISE EXCEPTION USING ERRCODE = 'KH005', MESSAGE = 'WRONG_STATE';
	END IF;
	UPDATE reading SET version = version + 1, updated_at = now(), updated_by = granted_by
		WHERE id = p_reading RETURNING * INTO r;
	UPDATE reading_figures SET extra = extra + p_rows, exceeded_at = NULL WHERE id = p_reading;
	INSERT INTO audit (user_id, request, action, entity, record_id, detail)
		VALUES (granted_by, 'read', 'extend_budget', 34, p_reading, format('for=%s rows=%s', caller, p_rows));
	RETURN r.version;
END
$$;

-- Whoever asks for more is asked about by their superior; shipped once.
DO $$
BEGIN
	INSERT INTO settings (name, value) VALUES ('shipped.budget_rules', '1') ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	WITH made AS (
		INSERT INTO approval_rule (name, name_key, rank, entity, action, needs_reason, active)
		VALUES ('申请增加查看额度', 'shenqingzengjiachakanedu', 100, 'reading', 'ask_budget', false, true)
		RETURNING id)
	INSERT INTO approval_rule_step (approval_rule_id, position, kind, agree)
		SELECT id, 0, 'superior', 'all' FROM made;
END
$$;
