-- A person's rights: where somebody occurs, everything kept of them, and erasing it. What is personal
-- comes from the catalogue (kehu_personal, server/store/ddl_person.c); only what is no entity (bytes
-- of files, jobs' files, stored requests, sign-in attempts) is named here.

-- Fields whose column is there: a custom one may still wait for it.
CREATE OR REPLACE FUNCTION kehu_personal_fields()
RETURNS TABLE (entity integer, name text, tbl text, parent integer, key text, who text, anchored boolean,
	searched boolean, field integer, col text, side text, is_text boolean, blanked boolean, tells boolean,
	target integer, filled boolean)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT p.entity, p.name, p.tbl, p.parent, CASE WHEN p.parent = 0 THEN 'id' ELSE p.parent_name || '_id' END,
		p.who, p.anchored, p.searched, p.field, p.col, nullif(p.col || p.side, p.col), p.is_text, p.blanked,
		p.tells, p.target, a.attnotnull
	FROM kehu_personal() p JOIN pg_attribute a ON a.attrelid = to_regclass(p.tbl) AND a.attname = p.col
		AND a.attnum > 0 AND NOT a.attisdropped;
END
$$;

CREATE OR REPLACE FUNCTION kehu_erased_text() RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT '（已删除 erased）' $$;

-- A text without these values; the longest first, so that none is left in part.
CREATE OR REPLACE FUNCTION kehu_scrub(p_text text, p_values text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	v text;
BEGIN
	FOREACH v IN ARRAY p_values LOOP
		p_text := replace(p_text, v, '（已删除 erased）');
	END LOOP;
	RETURN p_text;
END
$$;

-- The kind of person that a record is; null: it is none.
CREATE OR REPLACE FUNCTION kehu_person_kind(p_id bigint) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	f record;
	found_id bigint;
BEGIN
	FOR f IN SELECT DISTINCT p.entity, p.tbl, p.who FROM public.kehu_personal() p WHERE p.who IS NOT NULL LOOP
		EXECUTE format('SELECT t.id FROM public.%I t WHERE t.id = $1 AND (%s)', f.tbl, f.who)
			INTO found_id USING p_id;
		IF found_id IS NOT NULL THEN
			RETURN f.entity;
		END IF;
	END LOOP;
	RETURN NULL;
END
$$;

-- What tells who it is, of now and of before, the longest first: names, numbers, addresses.
CREATE OR REPLACE FUNCTION kehu_person_values(p_entity integer, p_id bigint) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	f record;
	got text[];
	told text[] := '{}';
BEGIN
	FOR f IN SELECT p.* FROM public.kehu_personal_fields() p WHERE p.tells AND p_entity IN (p.entity, p.parent) LOOP
		EXECUTE format('SELECT array_agg(t.%I::text)%s FROM public.%I t WHERE t.%I = $1', f.col,
			CASE WHEN f.side IS NOT NULL AND f.side LIKE '%\_digits'
				THEN format(' || array_agg(t.%I::text)', f.side) ELSE '' END, f.tbl, f.key)
			INTO got USING p_id;
		told := told || got;
		SELECT array_agg(v) INTO got FROM history h, unnest(h.fields, h.old, h.new) AS c (number, old, new),
			unnest(ARRAY[c.old, c.new, CASE WHEN f.side LIKE '%\_digits' THEN regexp_replace(c.old, '\D', '', 'g') END,
				CASE WHEN f.side LIKE '%\_digits' THEN regexp_replace(c.new, '\D', '', 'g') END]) v
			WHERE h.root_id = p_id AND h.entity = f.entity AND c.number = f.field;
		told := told || got;
	END LOOP;
	RETURN (SELECT coalesce(array_agg(d.v ORDER BY length(d.v) DESC, d.v), '{}') FROM
		(SELECT DISTINCT btrim(t.v) AS v FROM unnest(told) AS t (v)) d
		WHERE d.v IS NOT NULL AND length(d.v) > 1 AND d.v !~ '已删除' AND d.v !~ '^[0-9]{1,4}$');
END
$$;

-- Records that name this one, themselves or in a line of theirs, and those that it names.
CREATE OR REPLACE FUNCTION kehu_person_linked(p_entity integer, p_id bigint)
RETURNS TABLE (entity integer, id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	f record;
BEGIN
	FOR f IN SELECT p.* FROM public.kehu_personal_fields() p WHERE p.target = p_entity LOOP
		RETURN QUERY EXECUTE format('SELECT DISTINCT %s, t.%I FROM public.%I t WHERE t.%I = $1 AND t.%I <> $1',
			CASE WHEN f.parent = 0 THEN f.entity ELSE f.parent END, f.key, f.tbl, f.col, f.key) USING p_id;
	END LOOP;
	FOR f IN SELECT p.* FROM public.kehu_personal_fields() p WHERE p.target <> 0 AND p_entity IN (p.entity, p.parent) LOOP
		RETURN QUERY EXECUTE format('SELECT DISTINCT %s, t.%I FROM public.%I t WHERE t.%I = $1 AND t.%I IS NOT NULL',
			f.target, f.col, f.tbl, f.key, f.col) USING p_id;
	END LOOP;
END
$$;

-- Persons by name, number or address, exactly.
CREATE OR REPLACE FUNCTION kehu_person_find(p_text text)
RETURNS TABLE (entity text, id bigint, place text, n bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	f record;
	digits text := regexp_replace(p_text, '\D', '', 'g');
BEGIN
	FOR f IN SELECT p.*, r.tbl AS root, r.who AS is_one, r.name AS of_name FROM public.kehu_personal_fields() p
		JOIN (SELECT DISTINCT q.entity, q.tbl, q.who, q.name FROM public.kehu_personal() q WHERE q.who IS NOT NULL) r
			ON r.entity IN (p.entity, p.parent) WHERE p.tells
	LOOP
		RETURN QUERY EXECUTE format('SELECT %L::text, t.id, %L::text, count(*) FROM public.%I l JOIN public.%I t ON t.id = l.%I '
			'WHERE (%s) AND (lower(l.%I) = lower($1)%s) GROUP BY 2 ORDER BY 2 LIMIT 200', f.of_name, f.name || '.' || f.col,
			f.tbl, f.root, f.key, f.is_one, f.col,
			CASE WHEN f.side LIKE '%\_digits' AND length(digits) >= 5 THEN format(' OR l.%I = $2', f.side) ELSE '' END)
			USING p_text, digits;
	END LOOP;
END
$$;

-- Where one person occurs. Mentions are searched in every text of every record: this takes its time.
CREATE OR REPLACE FUNCTION kehu_person_places(p_id bigint)
RETURNS TABLE (entity text, id bigint, place text, n bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	of_entity integer := public.kehu_person_kind(p_id);
	told text[] := public.kehu_person_values(of_entity, p_id);
	patterns text[] := (SELECT coalesce(array_agg('%' || regexp_replace(v, '([\\%_])', '\\\1', 'g') || '%'), '{}') FROM unnest(told) v);
	f record;
BEGIN
	IF of_entity IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'KH005', MESSAGE = 'NO_SUCH_RECORD';
	END IF;
	FOR f IN SELECT p.entity, p.name, p.tbl, p.key, p.parent, p.searched, p.anchored, bool_or(p.target = of_entity) AS links,
		string_agg(format('t.%I LIKE ANY ($2)', p.col), ' OR ') FILTER (WHERE p.is_text) AS texts,
		string_agg(format('t.%I = $1', p.col), ' OR ') FILTER (WHERE p.target = of_entity) AS naming
		FROM public.kehu_personal_fields() p GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1
	LOOP
		IF of_entity IN (f.entity, f.parent) THEN
			RETURN QUERY EXECUTE format('SELECT %L::text, t.id, %L::text, 1::bigint FROM public.%I t WHERE t.%I = $1 ORDER BY 2',
				f.name, CASE WHEN f.parent = 0 THEN 'record' ELSE 'line' END, f.tbl, f.key) USING p_id;
		END IF;
		IF f.searched AND f.entity = of_entity THEN
			RETURN QUERY EXECUTE format('SELECT %L::text, t.id, %L::text, 1::bigint FROM public.%I t WHERE t.id = $1 AND t.doc <> %L',
				f.name, 'search', f.tbl || '_search', '') USING p_id;
		END IF;
		IF f.anchored THEN
			RETURN QUERY EXECUTE format('SELECT %L::text, t.id, %L::text, 1::bigint FROM public.%I t WHERE t.anchor_id = $1 ORDER BY 2',
				f.name, 'anchored', f.tbl) USING p_id;
		END IF;
		IF f.links THEN
			RETURN QUERY EXECUTE format('SELECT %L::text, t.%I, %L::text, count(*) FROM public.%I t WHERE (%s) AND t.%I <> $1 GROUP BY 2 ORDER BY 2',
				f.name, f.key, 'link', f.tbl, f.naming, f.key) USING p_id;
		END IF;
		IF f.texts IS NOT NULL AND patterns <> '{}' THEN
			RETURN QUERY EXECUTE format('SELECT %L::text, t.id, %L::text, 1::bigint FROM public.%I t WHERE (%s) AND t.%I <> $1 %s ORDER BY 2 LIMIT 100',
				f.name, 'mention', f.tbl, f.texts, f.key, CASE WHEN f.anchored THEN 'AND t.anchor_id IS DISTINCT FROM $1' ELSE '' END)
				USING p_id, patterns;
		END IF;
	END LOOP;
	RETURN QUERY SELECT k.name, p_id, 'history'::text, count(*) FROM history h
		JOIN (SELECT DISTINCT q.entity, q.name FROM public.kehu_personal() q) k ON k.entity = h.entity
		WHERE h.root_id = p_id GROUP BY k.name ORDER BY k.name;
	RETURN QUERY SELECT 'login_attempt'::text, 0::bigint, 'login'::text, count(*) FROM login_attempt l
		WHERE l.name = ANY (told) HAVING count(*) > 0;
END
$$;

-- Everything kept of one person, a JSON object each.
CREATE OR REPLACE FUNCTION kehu_person_rows(p_id bigint)
RETURNS TABLE (entity text, id bigint, place text, json text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	of_entity integer := public.kehu_person_kind(p_id);
	told text[] := public.kehu_person_values(of_entity, p_id);
	f record;
BEGIN
	IF of_entity IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'KH005', MESSAGE = 'NO_SUCH_RECORD';
	END IF;
	FOR f IN SELECT p.entity, p.name, p.tbl, p.key, p.parent, p.anchored,
		string_agg(format('%L, t.%I', p.col, p.col), ', ') AS cells,
		string_agg(format('t.%I = $1', p.col), ' OR ') FILTER (WHERE p.target = of_entity) AS naming
		FROM public.kehu_personal_fields() p GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1
	LOOP
		RETURN QUERY EXECUTE format('SELECT %L::text, t.id, w.place, jsonb_build_object(%s)::text FROM public.%I t, '
			'LATERAL (SELECT CASE WHEN %s THEN %L WHEN %s THEN %L WHEN %s THEN %L END AS place) w WHERE w.place IS NOT NULL ORDER BY 2',
			f.name, f.cells, f.tbl,
			CASE WHEN of_entity IN (f.entity, f.parent) THEN format('t.%I = $1', f.key) ELSE 'false' END,
			CASE WHEN f.parent = 0 THEN 'record' ELSE 'line' END,
			CASE WHEN f.anchored THEN 't.anchor_id = $1' ELSE 'false' END, 'anchored',
			coalesce(f.naming, 'false'), 'link') USING p_id;
	END LOOP;
	RETURN QUERY SELECT 'history'::text, h.id, 'history'::text, jsonb_build_object('at', h.at, 'entity', h.entity, 'record', h.record_id,
		'kind', h.kind, 'fields', h.fields, 'old', h.old, 'new', h.new)::text FROM history h WHERE h.root_id = p_id ORDER BY h.id;
	RETURN QUERY SELECT 'login_attempt'::text, l.id, 'login'::text, jsonb_build_object('at', l.at, 'name', l.name, 'peer', l.peer)::text
		FROM login_attempt l WHERE l.name = ANY (told) ORDER BY l.id;
END
$$;

-- Blanks what is personal in the rows of one table.
CREATE OR REPLACE FUNCTION kehu_person_blank(p_entity integer, p_where text, p_ids bigint[], p_values text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	f record;
	table_name text;
	cells text := '';
	changed bigint;
BEGIN
	FOR f IN SELECT p.* FROM public.kehu_personal_fields() p WHERE p.entity = p_entity AND p.blanked LOOP
		table_name := f.tbl;
		IF NOT f.filled THEN
			cells := cells || format(', %I = NULL', f.col);
		ELSIF f.is_text THEN
			cells := cells || format(', %I = public.kehu_erased_text()', f.col);
		ELSE
			CONTINUE;
		END IF;
		-- what duplicates of a name are found by
		IF f.col = 'name' AND f.tbl = 'customer' THEN
			cells := cells || ', name_alike = NULL, name_sound = NULL';
		END IF;
		IF f.side IS NOT NULL THEN
			cells := cells || format(', %I = %s', f.side, CASE WHEN f.filled THEN '''''' ELSE 'NULL' END);
		END IF;
	END LOOP;
	IF table_name IS NULL THEN
		RETURN 0;
	END IF;
	EXECUTE format('UPDATE public.%I t SET version = version + 1, updated_at = now(), '
		'updated_by = nullif(current_setting(''kehu.user'', true), '''')::bigint%s WHERE %s', table_name, cells, p_where)
		USING p_ids, p_values;
	GET DIAGNOSTICS changed = ROW_COUNT;
	RETURN changed;
END
$$;

-- Takes the values out of the texts of rows and tells which they were; history's own copies come later.
CREATE OR REPLACE FUNCTION kehu_person_scrub(p_entity integer, p_where text, p_ids bigint[], p_values text[]) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	f record;
	changed bigint[] := '{}';
	found text;
BEGIN
	-- Keys made of a text tell what stood there: they go with it.
	FOR f IN SELECT p.tbl, string_agg(format('%I = public.kehu_scrub(t.%I, $2)', p.col, p.col)
			|| (SELECT coalesce(string_agg(format(', %1$I = CASE WHEN public.kehu_scrub(t.%2$I, $2) <> t.%2$I THEN %3$s ELSE t.%1$I END',
				k.side, p.col, k.none), ''), '')
				FROM (VALUES (p.side, CASE WHEN p.filled THEN '''''' ELSE 'NULL' END),
					(CASE WHEN p.tbl = 'customer' AND p.col = 'name' THEN 'name_alike' END, 'NULL'),
					(CASE WHEN p.tbl = 'customer' AND p.col = 'name' THEN 'name_sound' END, 'NULL')) k (side, none)
				WHERE k.side IS NOT NULL), ', ') AS cells,
		string_agg(format('public.kehu_scrub(t.%I, $2) <> t.%I', p.col, p.col), ' OR ') AS hit,
		bool_or(p.searched) AS searched
		FROM public.kehu_personal_fields() p WHERE p.entity = p_entity AND p.is_text AND p.blanked GROUP BY p.tbl
	LOOP
		EXECUTE format('WITH c AS (UPDATE public.%I t SET version = version + 1, updated_at = now(), %s WHERE %s AND (%s) RETURNING t.id) '
			'SELECT coalesce(array_agg(c.id), ''{}'') FROM c', f.tbl, f.cells, p_where, f.hit)
			INTO changed USING p_ids, p_values;
		IF f.searched THEN
			EXECUTE format('WITH d AS (UPDATE public.%I t SET doc = public.kehu_scrub(t.doc, $2), tokens = '''' '
				'WHERE t.id = ANY ($1) AND public.kehu_scrub(t.doc, $2) <> t.doc RETURNING t.id) '
				'SELECT string_agg(%L || d.id, '' '') FROM d', f.tbl || '_search', f.tbl || ':') INTO found USING p_ids, p_values;
			PERFORM set_config('kehu.reworded', concat_ws(' ', nullif(current_setting('kehu.reworded', true), ''), found), true);
		END IF;
	END LOOP;
	RETURN changed;
END
$$;

-- Search rows whose texts this transaction took values out of, and which have no tokens since: kehud
-- makes them of what is left, before it commits.
CREATE OR REPLACE FUNCTION kehu_person_reworded()
RETURNS TABLE (tbl text, id bigint, doc text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	f record;
BEGIN
	FOR f IN SELECT split_part(w, ':', 1) AS tbl, array_agg(DISTINCT split_part(w, ':', 2)::bigint) AS ids
		FROM unnest(string_to_array(current_setting('kehu.reworded', true), ' ')) w
		WHERE split_part(w, ':', 1) IN (SELECT p.tbl FROM public.kehu_personal() p WHERE p.searched) GROUP BY 1
	LOOP
		RETURN QUERY EXECUTE format('SELECT %L::text, t.id, t.doc FROM public.%I t WHERE t.id = ANY ($1) AND t.tokens = ''''',
			f.tbl, f.tbl || '_search') USING f.ids;
	END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION kehu_person_tokens(p_tbl text, p_id bigint, p_tokens text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF p_tbl || ':' || p_id = ANY (string_to_array(current_setting('kehu.reworded', true), ' ')) AND p_tokens <> '' THEN
		EXECUTE format('UPDATE public.%I SET tokens = array_to_tsvector(string_to_array($2, '' '')) WHERE id = $1 AND tokens = ''''',
			p_tbl || '_search') USING p_id, p_tokens;
	END IF;
END
$$;

-- The values that history keeps: of rows that are blanked whole, and mentions elsewhere.
CREATE OR REPLACE FUNCTION kehu_person_history(p_whole bigint[], p_mentioned bigint[], p_values text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	blank text[] := (SELECT array_agg(p.entity || ':' || p.field) FROM public.kehu_personal() p WHERE p.blanked AND p.is_text);
	null_ones text[] := (SELECT coalesce(array_agg(p.entity || ':' || p.field), '{}') FROM public.kehu_personal() p
		WHERE p.blanked AND NOT p.is_text);
BEGIN
	UPDATE history h SET
		old = ARRAY(SELECT CASE WHEN v IS NULL OR h.entity || ':' || h.fields[i] = ANY (null_ones) THEN NULL
			WHEN h.entity || ':' || h.fields[i] = ANY (blank) THEN public.kehu_erased_text() ELSE v END
			FROM unnest(h.old) WITH ORDINALITY AS o (v, i) ORDER BY i),
		new = ARRAY(SELECT CASE WHEN v IS NULL OR h.entity || ':' || h.fields[i] = ANY (null_ones) THEN NULL
			WHEN h.entity || ':' || h.fields[i] = ANY (blank) THEN public.kehu_erased_text() ELSE v END
			FROM unnest(h.new) WITH ORDINALITY AS o (v, i) ORDER BY i)
		WHERE h.root_id = ANY (p_whole) AND h.fields <> '{}';
	UPDATE history h SET
		old = ARRAY(SELECT public.kehu_scrub(v, p_values) FROM unnest(h.old) WITH ORDINALITY AS o (v, i) ORDER BY i),
		new = ARRAY(SELECT public.kehu_scrub(v, p_values) FROM unnest(h.new) WITH ORDINALITY AS o (v, i) ORDER BY i)
		WHERE h.root_id = ANY (p_mentioned)
		AND public.kehu_scrub(array_to_string(h.old || h.new, E'\n'), p_values) <> array_to_string(h.old || h.new, E'\n');
END
$$;

-- What no entity describes, and addresses that nothing is sent to; ids of these.
CREATE OR REPLACE FUNCTION kehu_person_stores(p_attached bigint[], p_values text[]) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	refused bigint[] := ARRAY(SELECT o.id FROM opt_out o WHERE o.address = ANY (p_values));
BEGIN
	DELETE FROM attachment_chunk c WHERE c.attachment_id = ANY (p_attached);
	UPDATE attachment a SET deleted_at = coalesce(a.deleted_at, now()), bytes = 0 WHERE a.id = ANY (p_attached);
	DELETE FROM outgoing_file f WHERE f.outgoing_id = ANY (p_attached);
	UPDATE outgoing o SET state = 'cancelled' WHERE o.id = ANY (p_attached) AND o.state NOT IN ('sent', 'cancelled');
	-- A request that waits holds what it would write.
	UPDATE approval a SET request = '', state = CASE WHEN a.state IN ('waiting', 'returned') THEN 'withdrawn' ELSE a.state END
		WHERE a.id = ANY (p_attached);
	DELETE FROM approval_change c WHERE c.approval_id = ANY (p_attached);
	-- Files that lie ready to be fetched, and those that came in: there is no telling who is in them.
	DELETE FROM job_chunk c USING job j WHERE j.id = c.job_id AND j.kind IN ('export', 'import', 'report')
		AND j.state IN ('done', 'failed', 'cancelled');
	DELETE FROM attachment_chunk c USING attachment a WHERE a.id = c.attachment_id AND a.anchor_entity = 202;
	UPDATE attachment SET deleted_at = now(), bytes = 0 WHERE anchor_entity = 202 AND deleted_at IS NULL;
	UPDATE report_run SET state = 'expired' WHERE state = 'done';
	DELETE FROM import_chunk c USING job j WHERE j.id = c.job_id AND j.state IN ('done', 'failed', 'cancelled');
	DELETE FROM import_row r WHERE EXISTS (SELECT FROM unnest(p_values) v WHERE v = ANY (r.cells));
	DELETE FROM login_attempt l WHERE l.name = ANY (p_values);
	UPDATE opt_out o SET address = public.kehu_erased_text() || o.id, address_key = '', name = NULL,
		deleted_at = coalesce(o.deleted_at, now()), version = o.version + 1 WHERE o.id = ANY (refused);
	UPDATE export_log l SET reason = public.kehu_scrub(l.reason, p_values) WHERE public.kehu_scrub(l.reason, p_values) <> l.reason;
	RETURN refused;
END
$$;

-- Erases one person everywhere, in the caller's transaction. The record stays, empty, so that what
-- names it still stands. Returns the line of the journal.
CREATE OR REPLACE FUNCTION kehu_person_erase(p_id bigint, p_reason text, p_replay boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	me bigint := nullif(nullif(current_setting('kehu.user', true), '')::bigint, 0);
	of_entity integer := public.kehu_person_kind(p_id);
	told text[];
	linked bigint[];
	attached bigint[] := '{}';
	got bigint[];
	f record;
	journal bigint;
BEGIN
	IF of_entity IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'KH005', MESSAGE = 'NO_SUCH_RECORD';
	END IF;
	FOR f IN SELECT DISTINCT p.tbl, p.name FROM public.kehu_personal() p WHERE p.entity = of_entity LOOP
		EXECUTE format('SELECT FROM public.%I t WHERE t.id = $1 FOR UPDATE', f.tbl) USING p_id;
	END LOOP;
	told := public.kehu_person_values(of_entity, p_id);
	IF public.kehu_scrub(p_reason, told) <> p_reason THEN
		RAISE EXCEPTION USING ERRCODE = 'KH005', MESSAGE = 'PERSONAL_REASON';
	END IF;
	linked := ARRAY(SELECT DISTINCT l.id FROM public.kehu_person_linked(of_entity, p_id) l);
	-- What hangs on the record, and what was sent to the person's addresses on whatever record.
	FOR f IN SELECT p.entity, p.tbl, p.parent, string_agg(format(' OR t.%I = ANY ($2)', p.col), '') FILTER (WHERE p.tells) AS sent
		FROM public.kehu_personal_fields() p WHERE p.anchored GROUP BY 1, 2, 3 ORDER BY 1
	LOOP
		EXECUTE format('SELECT array_agg(t.id) FROM public.%I t WHERE t.anchor_id = $1%s', f.tbl, coalesce(f.sent, ''))
			INTO got USING p_id, told;
		attached := attached || got;
		PERFORM public.kehu_person_blank(f.entity, 't.id = ANY ($1)', got, told);
		PERFORM public.kehu_person_blank(l.entity, format('t.%I = ANY ($1)', l.key), got, told)
			FROM (SELECT DISTINCT p.entity, p.key FROM public.kehu_personal_fields() p WHERE p.parent = f.entity) l;
		linked := linked || public.kehu_person_scrub(f.entity, 't.anchor_id = ANY ($1)', linked, told);
	END LOOP;
	FOR f IN SELECT DISTINCT p.entity, p.key, p.tbl, p.searched, p.parent FROM public.kehu_personal_fields() p
		WHERE of_entity IN (p.entity, p.parent) ORDER BY p.entity
	LOOP
		PERFORM public.kehu_person_blank(f.entity, format('t.%I = ANY ($1)', f.key), ARRAY[p_id], told);
		IF f.searched THEN
			EXECUTE format('UPDATE public.%I SET tokens = '''', doc = '''' WHERE id = $1', f.tbl || '_search') USING p_id;
		END IF;
	END LOOP;
	-- Who is named in the texts of records beside this one, and in what people write to each other.
	FOR f IN SELECT DISTINCT p.entity, p.key FROM public.kehu_personal_fields() p
		WHERE (p.parent = 0 AND p.entity IN (SELECT l.entity FROM public.kehu_person_linked(of_entity, p_id) l))
		OR p.parent IN (SELECT l.entity FROM public.kehu_person_linked(of_entity, p_id) l) ORDER BY p.entity
	LOOP
		linked := linked || public.kehu_person_scrub(f.entity, format('t.%I = ANY ($1)', f.key), array_remove(linked, p_id), told);
	END LOOP;
	FOR f IN SELECT DISTINCT p.entity FROM public.kehu_personal() p WHERE p.name IN ('message', 'saved_view') LOOP
		linked := linked || public.kehu_person_scrub(f.entity, '$1 IS NULL', NULL, told);
	END LOOP;
	attached := attached || public.kehu_person_stores(attached, told);
	PERFORM public.kehu_person_history(attached || p_id, linked, told);
	INSERT INTO erasure (entity, record, replayed, owner_id, department_id, branch_id, created_by)
		SELECT (SELECT DISTINCT p.name FROM public.kehu_personal() p WHERE p.entity = of_entity), p_id, p_replay, me,
			(SELECT u.department_id FROM users u WHERE u.id = me), (SELECT u.branch_id FROM users u WHERE u.id = me), me
		RETURNING id INTO journal;
	INSERT INTO audit (user_id, session_id, request, action, entity, record_id, detail)
		VALUES (me, nullif(nullif(current_setting('kehu.session', true), '')::bigint, 0), 'person', 'erased', of_entity, p_id, p_reason);
	RETURN journal;
END
$$;

-- After a restore: erases again whom the journal names. Not a record made later under the same id.
CREATE OR REPLACE FUNCTION kehu_person_replay(p_names text[], p_ids bigint[], p_at timestamptz[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	j record;
	born timestamptz;
	erased bigint := 0;
BEGIN
	FOR j IN SELECT DISTINCT ON (u.id) u.name, u.id, u.at, p.tbl FROM unnest(p_names, p_ids, p_at) AS u (name, id, at)
		JOIN public.kehu_personal() p ON p.name = u.name AND p.who IS NOT NULL
		WHERE NOT EXISTS (SELECT FROM erasure e WHERE e.record = u.id AND e.created_at >= u.at) ORDER BY u.id, u.at DESC
	LOOP
		EXECUTE format('SELECT t.created_at FROM public.%I t WHERE t.id = $1', j.tbl) INTO born USING j.id;
		IF born <= j.at AND public.kehu_person_kind(j.id) IS NOT NULL THEN
			PERFORM public.kehu_person_erase(j.id, 'replay', true);
			erased := erased + 1;
		END IF;
	END LOOP;
	RETURN erased;
END
$$;

-- Persons that nothing was done with since a moment, and that were not erased yet.
CREATE OR REPLACE FUNCTION kehu_person_idle(p_name text, p_before timestamptz, p_max integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	f record;
	own record;
	lately text := '';
	ids bigint[];
BEGIN
	SELECT DISTINCT p.entity, p.tbl, p.who INTO own FROM public.kehu_personal() p WHERE p.name = p_name AND p.who IS NOT NULL;
	IF NOT FOUND THEN
		RETURN '{}';
	END IF;
	FOR f IN SELECT p.tbl, p.col FROM public.kehu_personal_fields() p WHERE p.target = own.entity LOOP
		lately := lately || format(' AND NOT EXISTS (SELECT FROM public.%I l WHERE l.%I = t.id AND l.updated_at >= $1)', f.tbl, f.col);
	END LOOP;
	FOR f IN SELECT DISTINCT p.tbl FROM public.kehu_personal_fields() p WHERE p.anchored LOOP
		lately := lately || format(' AND NOT EXISTS (SELECT FROM public.%I l WHERE l.anchor_id = t.id AND l.updated_at >= $1)', f.tbl);
	END LOOP;
	EXECUTE format('SELECT array_agg(o.id) FROM (SELECT t.id FROM public.%I t WHERE t.updated_at < $1 AND (%s) '
		'AND NOT EXISTS (SELECT FROM erasure e WHERE e.record = t.id)%s ORDER BY t.id LIMIT $2) o', own.tbl, own.who, lately)
		INTO ids USING p_before, p_max;
	RETURN coalesce(ids, '{}');
END
$$;

-- What the rules in force say is over its time: counted, or gone, at most so many of each kind at once.
CREATE OR REPLACE FUNCTION kehu_retention(p_dry boolean, p_max integer) RETURNS TABLE (what text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	r record;
	before timestamptz;
	ids bigint[];
BEGIN
	-- One server at a time; the others have nothing to do.
	IF NOT p_dry AND NOT pg_try_advisory_xact_lock(hashtext('kehu_retention')) THEN
		RETURN;
	END IF;
	FOR r IN SELECT k.what, k.days FROM retention_rule k WHERE k.active AND k.deleted_at IS NULL AND k.days >= 30 ORDER BY k.what LOOP
		before := now() - make_interval(days => r.days::integer);
		what := r.what;
		IF r.what = 'login_attempt' THEN
			ids := ARRAY(SELECT l.id FROM login_attempt l WHERE l.at < before ORDER BY l.id LIMIT p_max);
			IF NOT p_dry THEN
				DELETE FROM login_attempt l WHERE l.id = ANY (ids);
			END IF;
		ELSIF r.what = 'reading' THEN
			ids := ARRAY(SELECT d.id FROM reading d WHERE d.day < before::date ORDER BY d.id LIMIT p_max);
			IF NOT p_dry THEN
				DELETE FROM reading_figures g WHERE g.id = ANY (ids);
				DELETE FROM reading d WHERE d.id = ANY (ids);
			END IF;
		ELSIF r.what = 'history' THEN
			ids := ARRAY(SELECT h.id FROM history h WHERE h.at < before ORDER BY h.at LIMIT p_max);
			IF NOT p_dry THEN
				DELETE FROM history h WHERE h.at < before AND h.id = ANY (ids);
			END IF;
		ELSIF r.what = 'outgoing' THEN
			ids := ARRAY(SELECT o.id FROM outgoing o WHERE o.updated_at < before AND o.body <> public.kehu_erased_text()
				AND o.state NOT IN ('waiting', 'sending') ORDER BY o.id LIMIT p_max);
			IF NOT p_dry THEN
				PERFORM public.kehu_person_blank(48, 't.id = ANY ($1)', ids, NULL);
				DELETE FROM outgoing_file f WHERE f.outgoing_id = ANY (ids);
				PERFORM public.kehu_person_history(ids, '{}', '{}');
			END IF;
		ELSIF r.what = 'bin' THEN
			ids := ARRAY(SELECT b.id FROM bin b WHERE b.state = 'in_bin' AND b.at < before AND b.deleted_at IS NULL
				ORDER BY b.at LIMIT least(p_max, 200));
			IF NOT p_dry THEN
				PERFORM public.kehu_bin_expire(ids);
			END IF;
		ELSIF r.what = 'import' THEN
			ids := ARRAY(SELECT i.id FROM import i WHERE i.at < before AND i.state NOT IN ('running', 'undoing')
				ORDER BY i.at LIMIT p_max);
			IF NOT p_dry THEN
				PERFORM public.kehu_person_history(ids, '{}', '{}');
				DELETE FROM import i WHERE i.id = ANY (ids);
			END IF;
		ELSIF r.what = 'message' THEN
			-- Being read is an activity, too. created_at is what there is an index for.
			ids := ARRAY(SELECT m.id FROM message m WHERE m.created_at < before AND m.updated_at < before
				ORDER BY m.created_at LIMIT p_max);
			IF NOT p_dry THEN
				PERFORM public.kehu_person_history(ids, '{}', '{}');
				DELETE FROM message m WHERE m.id = ANY (ids);
			END IF;
		ELSE
			ids := public.kehu_person_idle(r.what, before, CASE WHEN p_dry THEN p_max ELSE least(p_max, 100) END);
			IF NOT p_dry THEN
				PERFORM public.kehu_person_erase(i, 'retention', false) FROM unnest(ids) i;
			END IF;
		END IF;
		n := coalesce(array_length(ids, 1), 0);
		IF NOT p_dry AND n > 0 THEN
			INSERT INTO audit (user_id, session_id, request, action, detail)
				VALUES (nullif(nullif(current_setting('kehu.user', true), '')::bigint, 0),
					nullif(nullif(current_setting('kehu.session', true), '')::bigint, 0), 'person', 'retention',
					format('what=%s rows=%s', r.what, n));
		END IF;
		RETURN NEXT;
	END LOOP;
END
$$;
