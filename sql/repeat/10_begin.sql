-- The first statement of every transaction and the last one of every write. PL/pgSQL on
-- purpose: named, it takes 36-42 us where an SQL-language function takes 99-118.

-- The day of a UUIDv7: its first 48 bits are milliseconds since 1970.
CREATE OR REPLACE FUNCTION outcome_day(p_id uuid) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT date '1970-01-01' +
		(('x' || left(replace(p_id::text, '-', ''), 12))::bit(48)::bigint / 86400000)::integer
$$;

-- Checks that the session lives and the caller's caches are not stale, sets the transaction's
-- context. Session 0 is the server's own work. p_intention: p_change is the client's intention
-- and will be stored by kehu_outcome; a repeat is noticed there, not here, since looking for one
-- first cost every write 33 us and repeats are rare.
CREATE OR REPLACE FUNCTION kehu_begin(p_session bigint, p_epoch bigint, p_catalog bigint,
	p_user bigint, p_change uuid, p_intention boolean, p_names text[], p_values text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	alive boolean;
	epoch bigint;
	catalog bigint;
	ignored text;
BEGIN
	SELECT t.access_epoch, t.catalog_version,
		p_session = 0 OR EXISTS (SELECT FROM session s WHERE s.id = p_session
			AND s.user_id = p_user AND s.ended_at IS NULL AND s.expires_at > now())
		INTO epoch, catalog, alive FROM state t;
	IF NOT alive THEN
		RAISE EXCEPTION USING ERRCODE = 'KH003', MESSAGE = 'the session has ended';
	END IF;
	IF catalog <> p_catalog THEN
		RAISE EXCEPTION USING ERRCODE = 'KH004', MESSAGE = 'the catalogue has changed';
	END IF;
	IF epoch <> p_epoch THEN
		RAISE EXCEPTION USING ERRCODE = 'KH001', MESSAGE = 'access rights have changed';
	END IF;
	ignored := set_config('kehu.user', p_user::text, true);
	ignored := set_config('kehu.session', p_session::text, true);
	ignored := set_config('kehu.change', coalesce(p_change::text, ''), true);
	FOR i IN 1 .. coalesce(array_length(p_names, 1), 0) LOOP
		IF p_names[i] NOT LIKE 'kehu.%' THEN
			RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'not a setting of ours';
		END IF;
		ignored := set_config(p_names[i], p_values[i], true);
	END LOOP;
END
$$;

-- What became of a write, and its line in the audit: no audit, no save. Waits for another
-- sender of the same intention, and fails when that one was done (23505 on outcome, which store/
-- gives as KH002): everything behind it in the pipeline aborts, COMMIT included. ON CONFLICT with
-- an error of our own cost 16 us more.
CREATE OR REPLACE FUNCTION kehu_outcome(p_id uuid, p_hash bytea, p_entity bigint,
	p_record bigint, p_version bigint, p_reference bigint, p_request text, p_action text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	me bigint := current_setting('kehu.user');
BEGIN
	INSERT INTO outcome (day, id, hash, user_id, entity, record_id, version)
		VALUES (outcome_day(p_id), p_id, p_hash, me, p_entity, p_record, p_version);
	INSERT INTO audit (user_id, session_id, reference, request, action, entity, record_id, change_id)
		VALUES (me, current_setting('kehu.session')::bigint, p_reference, p_request, p_action,
			p_entity, p_record, p_id);
END
$$;

-- An audit line of its own, for what is not a write: sign-in, exports, reading personal data.
CREATE OR REPLACE FUNCTION kehu_audit(p_user bigint, p_session bigint, p_reference bigint,
	p_request text, p_action text, p_entity bigint, p_record bigint, p_detail text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO audit (user_id, session_id, reference, request, action, entity, record_id, detail)
		VALUES (p_user, p_session, p_reference, p_request, p_action, p_entity, p_record, p_detail);
END
$$;

-- The next number of a series, six digits (more when a series has grown past them; to_char would
-- cut, as lpad does). Also left in kehu.number, so that the statement that stores it can ride in
-- the same trip. Take it last: the row stays locked until COMMIT. UPDATE first: ON CONFLICT on a
-- row that is nearly always there costs twice as much.
DROP FUNCTION IF EXISTS kehu_number(text, text);
CREATE OR REPLACE FUNCTION kehu_number(p_prefix text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	taken bigint;
BEGIN
	UPDATE number_series n SET last = n.last + 1 WHERE n.prefix = p_prefix AND n.period = ''
		RETURNING n.last INTO taken;
	IF NOT FOUND THEN
		INSERT INTO number_series AS n (prefix, period, last) VALUES (p_prefix, '', 1)
			ON CONFLICT (prefix, period) DO UPDATE SET last = n.last + 1
			RETURNING n.last INTO taken;
	END IF;
	RETURN set_config('kehu.number',
		p_prefix || lpad(taken::text, greatest(6, length(taken::text)), '0'), true);
END
$$;

-- Changes not visible in the snapshot p_position (empty: none yet, gives only the position).
-- One row at least: the new position, with null columns when nothing came. p_max rows mean
-- "too many to tell": the reader treats everything as changed and goes on from the position.
CREATE OR REPLACE FUNCTION kehu_changes(p_position text, p_max integer)
RETURNS TABLE (snapshot text, seq bigint, entity integer, id bigint, version integer, kind smallint,
	old_owner bigint, old_department bigint, old_branch bigint, old_pool bigint,
	new_owner bigint, new_department bigint, new_branch bigint, new_pool bigint)
LANGUAGE plpgsql STABLE ROWS 100 AS $$
#variable_conflict use_column
DECLARE
	since pg_snapshot := nullif(p_position, '')::pg_snapshot;
BEGIN
	RETURN QUERY
	SELECT pg_current_snapshot()::text, c.seq, c.entity, c.id, c.version, c.kind,
		c.old_owner, c.old_department, c.old_branch, c.old_pool,
		c.new_owner, c.new_department, c.new_branch, c.new_pool
	FROM (SELECT) one
	LEFT JOIN (SELECT * FROM change
		WHERE change.xid >= pg_snapshot_xmin(since)
		AND NOT pg_visible_in_snapshot(change.xid, since)
		ORDER BY change.seq LIMIT p_max) c ON true;
END
$$;

-- Drops what every kehud has read long ago. Returns how many rows went.
CREATE OR REPLACE FUNCTION kehu_change_purge(p_max integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	gone bigint;
BEGIN
	DELETE FROM change WHERE ctid IN (SELECT c.ctid FROM change c ORDER BY c.xid LIMIT p_max)
		AND at < now() - interval '1 hour';
	GET DIAGNOSTICS gone = ROW_COUNT;
	RETURN gone;
END
$$;
