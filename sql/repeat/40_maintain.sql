-- Partitions: history and audit by month, three months ahead; outcome by day, a week kept.
-- Called by migrate and maintain as the owner. Default partitions catch what comes when nobody
-- ran maintain for months; a range with rows there already is left to the default.

CREATE OR REPLACE FUNCTION kehu_partition(p_table text, p_suffix text, p_from text, p_to text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass(p_table || '_' || p_suffix) IS NOT NULL THEN
		RETURN false;
	END IF;
	EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
		p_table || '_' || p_suffix, p_table, p_from, p_to);
	RETURN true;
EXCEPTION WHEN check_violation THEN
	RAISE WARNING 'partition % of % not made: its rows are in the default partition', p_suffix, p_table;
	RETURN false;
END
$$;

CREATE OR REPLACE FUNCTION kehu_partitions() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	month date;
	date_of date;
	today date := (now() AT TIME ZONE 'UTC')::date;
	old record;
	done integer := 0;
BEGIN
	FOR i IN 0 .. 3 LOOP
		month := (date_trunc('month', today) + make_interval(months => i))::date;
		done := done + kehu_partition('history', to_char(month, 'YYYYMM'),
			month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00')::integer;
		done := done + kehu_partition('audit', to_char(month, 'YYYYMM'),
			month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00')::integer;
	END LOOP;
	FOR i IN -1 .. 14 LOOP
		date_of := today + i;
		done := done + kehu_partition('outcome', to_char(date_of, 'YYYYMMDD'), date_of::text,
			(date_of + 1)::text)::integer;
	END LOOP;
	FOR old IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'outcome'::regclass AND c.relname ~ '^outcome_\d{8}$'
		AND to_date(right(c.relname, 8), 'YYYYMMDD') < today - 8
	LOOP
		EXECUTE format('DROP TABLE %I', old.relname);
		done := done + 1;
	END LOOP;
	DELETE FROM outcome_default WHERE day < today - 8;
	DELETE FROM session WHERE coalesce(ended_at, expires_at) < now() - interval '30 days';
	DELETE FROM login_attempt WHERE at < now() - interval '180 days';
	DELETE FROM login_ticket WHERE expires_at < now();
	DELETE FROM job WHERE finished_at < now() - interval '30 days';
	-- Uploads nobody finished, or gave up.
	DELETE FROM attachment_chunk c USING attachment a WHERE a.id = c.attachment_id
		AND NOT a.complete AND a.created_at < now() - interval '1 day';
	DELETE FROM attachment WHERE NOT complete AND created_at < now() - interval '1 day';
	RETURN done;
END
$$;
