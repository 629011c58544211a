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
