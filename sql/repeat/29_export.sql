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
