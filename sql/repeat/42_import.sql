-- Undoing an import.

-- Of these records those that stay as they are: gone, changed by another change since p_change first touched
-- them, or, of records it made, referred to by what it did not make itself; and those of which nobody can tell. What the running change does to
-- them (an undo, batch by batch) does not count.
CREATE OR REPLACE FUNCTION kehu_held_back(p_entity integer, p_tbl text, p_made boolean, p_ids bigint[], p_change uuid)
RETURNS TABLE (id bigint, why text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	me uuid := nullif(current_setting('kehu.change', true), '')::uuid;
	gone bigint[];
	changed bigint[];
	old bigint[] := '{}';
	used bigint[] := '{}';
	naming bigint[];
	f record;
BEGIN
	EXECUTE format('SELECT array_agg(x.id) FROM unnest($1) x (id) WHERE NOT EXISTS '
		'(SELECT FROM public.%I t WHERE t.id = x.id AND t.deleted_at IS NULL)', p_tbl) INTO gone USING p_ids;
	changed := ARRAY(SELECT x.id FROM unnest(p_ids) x (id) CROSS JOIN LATERAL
			(SELECT min(o.id) AS first FROM history o WHERE o.root_id = x.id AND o.change_id = p_change) o
		WHERE EXISTS (SELECT FROM history h WHERE h.root_id = x.id AND h.root_entity = p_entity AND h.kind <= 4
			AND h.id > o.first AND h.change_id IS DISTINCT FROM p_change AND h.change_id IS DISTINCT FROM me));
	-- Where history goes after a while, what it says nothing of may have been changed.
	IF p_made OR EXISTS (SELECT FROM retention_rule r WHERE r.what = 'history' AND r.active AND r.deleted_at IS NULL) THEN
		old := ARRAY(SELECT x.id FROM unnest(p_ids) x (id)
			WHERE NOT EXISTS (SELECT FROM history o WHERE o.root_id = x.id AND o.change_id = p_change));
	END IF;
	IF p_made THEN
		FOR f IN SELECT DISTINCT p.tbl, p.col, CASE WHEN p.parent = 0 THEN 'id' ELSE p.parent_name || '_id' END AS root
			FROM kehu_personal() p JOIN pg_attribute a ON a.attrelid = to_regclass(p.tbl) AND a.attname = p.col
				AND a.attnum > 0 AND NOT a.attisdropped
			WHERE p.target = p_entity AND p.parent <> p_entity ORDER BY 1, 2
		LOOP
			EXECUTE format('SELECT array_agg(DISTINCT t.%I) FROM public.%I t WHERE t.%I = ANY ($1) AND t.deleted_at IS NULL '
				'AND NOT EXISTS (SELECT FROM public.history h WHERE h.root_id = t.%I AND h.kind = 1 AND h.change_id = $2)',
				f.col, f.tbl, f.col, f.root) INTO naming USING p_ids, p_change;
			used := used || naming;
		END LOOP;
	END IF;
	RETURN QUERY SELECT x.id, CASE WHEN x.id = ANY (gone) THEN 'gone' WHEN x.id = ANY (changed) THEN 'changed' WHEN x.id = ANY (old) THEN 'old' ELSE 'used' END
		FROM unnest(p_ids) x (id) WHERE x.id = ANY (gone) OR x.id = ANY (changed) OR x.id = ANY (old) OR x.id = ANY (used);
END
$$;
