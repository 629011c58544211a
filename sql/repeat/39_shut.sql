-- Somebody opens a shut record: whoever sees it in lists may say what for. The purpose is in the audit.
CREATE OR REPLACE FUNCTION kehu_open_shut(p_entity bigint, p_id bigint, p_purpose text) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	until timestamptz := now() + interval '8 hours';
BEGIN
	DELETE FROM record_opening o WHERE o.until_at < now() - interval '1 day';
	INSERT INTO record_opening (user_id, entity, record_id, until_at) VALUES (caller, p_entity, p_id, until)
		ON CONFLICT (user_id, entity, record_id) DO UPDATE SET until_at = EXCLUDED.until_at;
	PERFORM kehu_audit(caller, current_setting('kehu.session')::bigint, 0, 'act', 'open_shut', p_entity, p_id,
		left(p_purpose, 200));
	RETURN until;
END
$$;

-- What is shut to who reads (who views as somebody else reads with the own eyes), {} when nothing: asked once
-- a statement, and by the policy of customers only when a shut one was met. Not the server's own work.
CREATE OR REPLACE FUNCTION kehu_shut_from(p_entity integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	reader bigint := coalesce(nullif(current_setting('kehu.reader', true), ''), nullif(current_setting('kehu.user', true), ''));
BEGIN
	RETURN coalesce((SELECT array_agg(c.id) FROM customer c
		WHERE reader <> 0 AND p_entity = 10 AND c.shut AND c.owner_id IS DISTINCT FROM reader
		AND NOT EXISTS (SELECT FROM record_opening o WHERE o.user_id = reader AND o.entity = p_entity
			AND o.record_id = c.id AND o.until_at > now())), '{}');
END
$$;

-- Who knows its number or name may ask for it, and is shown these alone; the caller asks by its arms.
CREATE OR REPLACE FUNCTION kehu_shut_called(p_words text)
RETURNS TABLE (id bigint, name text, owner_id bigint, department_id bigint, branch_id bigint, pool_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT c.id, c.name, c.owner_id, c.department_id, c.branch_id, c.pool_id FROM customer c
		WHERE c.id = ANY (kehu_shut_from(10)) AND c.deleted_at IS NULL
		AND p_words IN (c.number, c.name, c.short_name) ORDER BY c.id;
END
$$;

-- Is who reads one of a customer's own people? To them only what was given out of ours is there.
CREATE OR REPLACE FUNCTION kehu_is_outside() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN EXISTS (SELECT FROM users u WHERE u.id = nullif(current_setting('kehu.user', true), '')::bigint
		AND u.company_id IS NOT NULL);
END
$$;
