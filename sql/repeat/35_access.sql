-- Counts one use of something that a user may do p_limit times a day; answers how many are left.
-- The row is locked until COMMIT, so two requests at once cannot both take the last one. Days
-- long past go with the first use of a new one.
CREATE OR REPLACE FUNCTION kehu_use(p_user bigint, p_day date, p_kind text, p_limit bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken bigint;
BEGIN
	IF p_user <> public.kehu_caller() THEN
		PERFORM public.kehu_refuse('FORBIDDEN');
	END IF;
	INSERT INTO access_use AS u (user_id, day, kind, used) VALUES (p_user, p_day, p_kind, 1)
		ON CONFLICT (user_id, day, kind) DO UPDATE SET used = u.used + 1
		RETURNING u.used INTO taken;
	IF taken > p_limit THEN
		PERFORM public.kehu_refuse('DAY_LIMIT');
	END IF;
	IF taken = 1 THEN
		DELETE FROM access_use u WHERE u.user_id = p_user AND u.day < p_day - 40;
	END IF;
	RETURN p_limit - taken;
END
$$;

-- Who has a role: how many, and the first five by name.
CREATE OR REPLACE FUNCTION kehu_role_holders(p_role bigint, OUT holders bigint, OUT labels text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT count(*), string_agg(h.label, ', ' ORDER BY h.nth) FILTER (WHERE h.nth <= 5)
	FROM (SELECT u.label, row_number() OVER (ORDER BY u.id) AS nth FROM users u
		WHERE u.deleted_at IS NULL AND EXISTS (SELECT FROM user_role r
			WHERE r.user_id = u.id AND r.role_id = p_role AND r.deleted_at IS NULL)) h
$$;
