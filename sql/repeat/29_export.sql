-- Marks of exports: see 0022_export.sql.
CREATE OR REPLACE FUNCTION kehu_export_mark(p_export bigint, p_texts text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT public.kehu_audit_key();
	INSERT INTO export_mark (mark, export_id) SELECT public.kehu_pseudonym(t), p_export FROM unnest(p_texts) t
	ON CONFLICT DO NOTHING
$$;

-- Which of these texts are marks, and of which export.
CREATE OR REPLACE FUNCTION kehu_export_marked(p_texts text[])
RETURNS TABLE (text text, export_id bigint, user_id bigint, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT t, m.export_id, l.user_id, l.at FROM unnest(p_texts) t
	JOIN export_mark m ON m.mark = public.kehu_pseudonym(t) JOIN export_log l ON l.id = m.export_id
$$;

-- Files that were fetched, or lay too long, go: until then their owner has some minutes to ask for
-- the end again. Returns how many.
CREATE OR REPLACE FUNCTION kehu_export_expire(p_again interval, p_keep interval) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
	WITH gone_by AS (
		UPDATE job SET fetched_at = coalesce(fetched_at, now()) WHERE kind = 'export' AND state = 'done'
			AND (fetched_at < now() - p_again OR fetched_at IS NULL AND finished_at < now() - p_keep)
			AND EXISTS (SELECT FROM job_chunk c WHERE c.job_id = job.id)
		RETURNING id),
	gone AS (DELETE FROM job_chunk c USING gone_by g WHERE c.job_id = g.id)
	SELECT count(*) FROM gone_by
$$;

-- Above 500 rows somebody else has to agree; shipped once, then administrators change it as they like.
DO $$
BEGIN
	INSERT INTO settings (name, value) VALUES ('shipped.export_rules', '1') ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	WITH made AS (
		INSERT INTO approval_rule (name, name_key, rank, entity, action, rows_over, needs_reason, active)
		SELECT v.name, v.key, 100, v.entity, 'export', 500, false, true
		FROM (VALUES ('导出客户超过 500 行', 'daochukehu', 'customer'),
			('导出联系人超过 500 行', 'daochulianxiren', 'contact'),
			('导出拜访超过 500 行', 'daochubaifang', 'visit')) v (name, key, entity)
		RETURNING id)
	INSERT INTO approval_rule_step (approval_rule_id, position, kind, agree)
		SELECT id, 0, 'superior', 'all' FROM made;
END
$$;
