-- The scan of all customers for those that look like one, step by step and a stretch of keys at a time;
-- the keys are those that saving compares (31_alike.sql). What was decided is not asked again.

-- Pairs whose keys of one kind (1 tax number, 2 name, 3 its sound, 4 phone) come after p_from; about p_max
-- keys at a time, never part of those that are equal. next: where to go on, null: that kind is done.
-- Of more than ten with one key each is only paired with the oldest; a phone that many have is a
-- switchboard and says nothing. People of one name are many: they are paired by phone or tax number.
CREATE OR REPLACE FUNCTION kehu_duplicate_scan(p_step bigint, p_from text, p_max bigint)
RETURNS TABLE (next text, number bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	source text := CASE p_step
		WHEN 1 THEN 'SELECT c.tax_number_alike AS key, c.id FROM customer c
			WHERE c.tax_number_alike <> '''' AND c.deleted_at IS NULL'
		WHEN 2 THEN 'SELECT c.name_alike AS key, c.id FROM customer c
			WHERE c.name_alike <> '''' AND c.deleted_at IS NULL AND c.type IS DISTINCT FROM ''person'''
		WHEN 3 THEN 'SELECT c.name_sound AS key, c.id FROM customer c
			WHERE c.name_sound <> '''' AND c.deleted_at IS NULL AND c.type IS DISTINCT FROM ''person'''
		ELSE 'SELECT c.phone_digits AS key, c.id FROM customer c
			WHERE c.phone_digits <> '''' AND c.deleted_at IS NULL
			UNION ALL SELECT p.number_digits, p.customer_id FROM customer_phone p
			WHERE p.number_digits <> '''' AND p.deleted_at IS NULL' END;
BEGIN
	EXECUTE format('SELECT s.key FROM (%s) s WHERE s.key > $1 ORDER BY s.key OFFSET $2 - 1 LIMIT 1', source)
		INTO next USING p_from, p_max;
	EXECUTE format('
	WITH part AS MATERIALIZED (SELECT s.key, s.id FROM (%s) s WHERE s.key > $1 %s),
	alike AS (SELECT array_agg(DISTINCT p.id ORDER BY p.id) AS ids FROM part p WHERE $3 <> 4 OR length(p.key) >= 5
		GROUP BY p.key HAVING min(p.id) <> max(p.id)),
	pair AS (SELECT a.id AS first, b.id AS second FROM alike g CROSS JOIN LATERAL unnest(g.ids) a (id)
			CROSS JOIN LATERAL unnest(g.ids) b (id) WHERE cardinality(g.ids) <= 10 AND a.id < b.id
		UNION SELECT g.ids[1], b.id FROM alike g CROSS JOIN LATERAL unnest(g.ids[2:]) b (id)
			WHERE cardinality(g.ids) > 10 AND $3 <> 4),
	-- What of the two is the same, whichever key they were found by.
	found AS MATERIALIZED (SELECT p.first, p.second, a.owner_id AS a_owner, b.owner_id AS b_owner,
			a.department_id AS a_department, b.department_id AS b_department, a.branch_id AS a_branch,
			b.branch_id AS b_branch, a.pool_id AS a_pool, b.pool_id AS b_pool,
			coalesce(a.type = ''person'' OR b.type = ''person'', false) AS person,
			coalesce((a.tax_number_alike <> '''' AND a.tax_number_alike = b.tax_number_alike)::integer, 0)
			+ coalesce((a.name_alike <> '''' AND a.name_alike = b.name_alike)::integer * 2, 0)
			+ coalesce((a.name_sound <> '''' AND a.name_sound = b.name_sound
				AND a.name_alike <> b.name_alike)::integer * 4, 0)
			+ (EXISTS (SELECT FROM (SELECT a.phone_digits AS d UNION ALL SELECT x.number_digits FROM customer_phone x
					WHERE x.customer_id = a.id AND x.deleted_at IS NULL) s
				JOIN (SELECT b.phone_digits AS d UNION ALL SELECT x.number_digits FROM customer_phone x
					WHERE x.customer_id = b.id AND x.deleted_at IS NULL) t ON t.d = s.d
				WHERE length(s.d) >= 5))::integer * 8 AS matched
		FROM pair p JOIN customer a ON a.id = p.first AND a.deleted_at IS NULL
		JOIN customer b ON b.id = p.second AND b.deleted_at IS NULL),
	common AS MATERIALIZED (SELECT d.a, d.b, kehu_department_common(d.a, d.b) AS id FROM (
		SELECT DISTINCT coalesce(f.a_department, f.b_department) AS a, coalesce(f.b_department, f.a_department) AS b
		FROM found f) d)
	INSERT INTO duplicate AS d (first_id, second_id, matched, degree, owner_id, department_id, branch_id, pool_id, seen_at)
		SELECT f.first, f.second, f.matched,
			CASE WHEN f.matched & 1 <> 0 OR f.matched & 2 <> 0 AND (NOT f.person OR f.matched & 8 <> 0)
				THEN ''same'' ELSE ''alike'' END,
			CASE WHEN f.a_owner = f.b_owner THEN f.a_owner END, c.id,
			CASE WHEN coalesce(f.a_branch, f.b_branch) = coalesce(f.b_branch, f.a_branch)
				THEN coalesce(f.a_branch, f.b_branch) END,
			CASE WHEN f.a_pool = f.b_pool THEN f.a_pool END, now()
		FROM found f LEFT JOIN common c ON c.a = coalesce(f.a_department, f.b_department)
			AND c.b = coalesce(f.b_department, f.a_department)
		ON CONFLICT (first_id, second_id) WHERE first_id <> second_id DO UPDATE SET seen_at = now(), matched = EXCLUDED.matched,
			degree = EXCLUDED.degree, owner_id = EXCLUDED.owner_id, department_id = EXCLUDED.department_id,
			branch_id = EXCLUDED.branch_id, pool_id = EXCLUDED.pool_id,
			state = CASE WHEN d.state IN (''gone'', ''merged'') THEN ''open'' ELSE d.state END,
			version = d.version + (d.state IN (''gone'', ''merged''))::integer',
		source, CASE WHEN next IS NOT NULL THEN 'AND s.key <= $2' ELSE '' END)
		USING p_from, next, p_step;
	GET DIAGNOSTICS number = ROW_COUNT;
	RETURN NEXT;
END
$$;

-- The nearest department that both are in or below; null: none.
CREATE OR REPLACE FUNCTION kehu_department_common(p_a bigint, p_b bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN (WITH RECURSIVE a AS (SELECT p_a AS id, 1 AS far
			UNION SELECT d.parent_id, a.far + 1 FROM department d JOIN a ON d.id = a.id
			WHERE d.parent_id IS NOT NULL AND a.far < 20),
		b AS (SELECT p_b AS id, 1 AS far
			UNION SELECT d.parent_id, b.far + 1 FROM department d JOIN b ON d.id = b.id
			WHERE d.parent_id IS NOT NULL AND b.far < 20)
		SELECT a.id FROM a JOIN b ON b.id = a.id ORDER BY a.far LIMIT 1);
END
$$;

-- Ends a scan that began then: pairs it did not find any more are closed. How many are open, and how many
-- it closed.
CREATE OR REPLACE FUNCTION kehu_duplicate_close(p_began timestamptz) RETURNS TABLE (open bigint, closed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE duplicate d SET state = 'gone', version = d.version + 1 WHERE d.state = 'open' AND d.seen_at < p_began;
	GET DIAGNOSTICS closed = ROW_COUNT;
	SELECT count(*) INTO open FROM duplicate d WHERE d.state = 'open' AND d.deleted_at IS NULL;
	RETURN NEXT;
END
$$;

-- Two were merged: what was said of them is settled, and so is what was said of the one that went.
CREATE OR REPLACE FUNCTION kehu_duplicate_merged(p_kept bigint, p_gone bigint, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE duplicate d SET state = CASE WHEN p_kept IN (d.first_id, d.second_id) THEN 'merged' ELSE 'gone' END,
		decided_id = kehu_caller(), decided_at = now(), reason = coalesce(nullif(p_reason, ''), d.reason),
		version = d.version + 1, updated_at = now(), updated_by = kehu_caller()
		WHERE p_gone IN (d.first_id, d.second_id) AND d.state = 'open' AND d.deleted_at IS NULL;
END
$$;
