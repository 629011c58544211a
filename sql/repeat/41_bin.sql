-- The recycle bin: entries of what was deleted, and emptying, which takes the rows for good.

-- After a record was deleted by a request of the caller: its entry. The owner is the record's; a
-- set-up record has none, and is the deleter's.
CREATE OR REPLACE FUNCTION kehu_bin_put(p_name text, p_tbl text, p_id bigint, p_title text, p_owned boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	gone jsonb;
BEGIN
	EXECUTE format('SELECT to_jsonb(t) FROM public.%I t WHERE t.id = $1 AND t.deleted_at IS NOT NULL', p_tbl)
		INTO gone USING p_id;
	IF gone IS NULL THEN
		RETURN;
	END IF;
	INSERT INTO bin (entity, title, record, by_id, owner_id, department_id, branch_id, created_by)
		SELECT p_name, left(p_title, 200), p_id, caller,
			CASE WHEN p_owned THEN (gone->>'owner_id')::bigint ELSE u.id END,
			CASE WHEN p_owned THEN (gone->>'department_id')::bigint ELSE u.department_id END,
			CASE WHEN p_owned THEN (gone->>'branch_id')::bigint ELSE u.branch_id END, caller
		FROM users u WHERE u.id = caller
		ON CONFLICT (record) WHERE state = 'in_bin' AND deleted_at IS NULL DO NOTHING;
END
$$;

-- After it came back.
CREATE OR REPLACE FUNCTION kehu_bin_back(p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
BEGIN
	UPDATE bin SET state = 'restored', ended_at = now(), ended_by = caller, version = version + 1,
		updated_at = now(), updated_by = caller
		WHERE record = p_id AND state = 'in_bin' AND deleted_at IS NULL;
END
$$;

-- Rows of a table, and all that refers to them: lines, children, figures, search rows. What is not in
-- the bin itself holds them there.
CREATE OR REPLACE FUNCTION kehu_bin_collect(p_tbl text, p_ids bigint[])
RETURNS TABLE (step integer, tbl text, col text, ids bigint[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	todo_tbl text[] := ARRAY[p_tbl];
	todo_ids text[] := ARRAY[p_ids::text];
	seen bigint[] := p_ids;
	at integer := 1;
	f record;
	found bigint[];
	held boolean;
BEGIN
	WHILE at <= cardinality(todo_tbl) LOOP
		step := at;
		tbl := todo_tbl[at];
		col := 'id';
		ids := todo_ids[at]::bigint[];
		RETURN NEXT;
		FOR f IN SELECT c.relname::text AS child, a.attname::text AS by_col,
				EXISTS (SELECT FROM pg_attribute d WHERE d.attrelid = c.oid AND d.attname = 'delete_id' AND NOT d.attisdropped) AS binned
			FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
			WHERE k.contype = 'f' AND k.confrelid = ('public.' || quote_ident(todo_tbl[at]))::regclass
			AND cardinality(k.conkey) = 1 ORDER BY 1, 2
		LOOP
			IF NOT f.binned THEN
				tbl := f.child;
				col := f.by_col;
				ids := todo_ids[at]::bigint[];
				RETURN NEXT;
				CONTINUE;
			END IF;
			EXECUTE format('SELECT array_agg(t.id) FILTER (WHERE t.deleted_at IS NOT NULL), bool_or(t.deleted_at IS NULL) '
				'FROM public.%I t WHERE t.%I = ANY ($1) AND t.id <> ALL ($2)', f.child, f.by_col)
				INTO found, held USING todo_ids[at]::bigint[], seen;
			IF held THEN
				PERFORM kehu_refuse('BIN_HELD');
			END IF;
			IF found IS NOT NULL THEN
				todo_tbl := todo_tbl || f.child;
				todo_ids := todo_ids || found::text;
				seen := seen || found;
			END IF;
		END LOOP;
		at := at + 1;
	END LOOP;
END
$$;

-- Takes what an entry names for good, with files, comments and history; the entry stays, without the name.
CREATE OR REPLACE FUNCTION kehu_bin_wipe(p_bin bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	b bin;
	me bigint := nullif(nullif(current_setting('kehu.user', true), '')::bigint, 0);
	f record;
	g record;
	of_tbl text;
	parts jsonb;
	all_ids bigint[];
	n bigint;
	wiped bigint := 0;
BEGIN
	SELECT * INTO b FROM bin x WHERE x.id = p_bin AND x.deleted_at IS NULL FOR UPDATE;
	IF NOT FOUND OR b.state <> 'in_bin' THEN
		PERFORM kehu_refuse('WRONG_STATE');
	END IF;
	SELECT t.tbl INTO of_tbl FROM kehu_bin_tables() t WHERE t.name = b.entity;
	IF of_tbl IS NULL THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	SELECT jsonb_agg(to_jsonb(c)) INTO parts FROM kehu_bin_collect(of_tbl, ARRAY[b.record]) c;
	SELECT array_agg(DISTINCT i) INTO all_ids
		FROM jsonb_to_recordset(parts) AS w (col text, ids bigint[]), unnest(w.ids) i WHERE w.col = 'id';
	DELETE FROM attachment_chunk WHERE attachment_id IN (SELECT a.id FROM attachment a WHERE a.anchor_id = ANY (all_ids));
	FOR f IN SELECT t.tbl FROM kehu_bin_tables() t WHERE t.anchored LOOP
		EXECUTE format('DELETE FROM public.%I WHERE anchor_id = ANY ($1)', f.tbl) USING all_ids;
		GET DIAGNOSTICS n = ROW_COUNT;
		wiped := wiped + n;
	END LOOP;
	DELETE FROM record_share WHERE record_id = ANY (all_ids);
	DELETE FROM follower WHERE record_id = ANY (all_ids);
	-- Children first; what a table refers to goes after it.
	FOR f IN SELECT w.tbl, w.col, w.ids FROM jsonb_to_recordset(parts) AS w (step integer, tbl text, col text, ids bigint[])
		ORDER BY w.step DESC, w.col = 'id'
	LOOP
		IF f.col = 'id' THEN
			FOR g IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
				AND c.relname IN (f.tbl || '_search', f.tbl || '_figures') LOOP
				EXECUTE format('DELETE FROM public.%I WHERE id = ANY ($1)', g.relname) USING f.ids;
			END LOOP;
		END IF;
		EXECUTE format('DELETE FROM public.%I WHERE %I = ANY ($1)', f.tbl, f.col) USING f.ids;
		GET DIAGNOSTICS n = ROW_COUNT;
		wiped := wiped + n;
	END LOOP;
	DELETE FROM history WHERE root_id = ANY (all_ids);
	UPDATE bin SET state = 'emptied', ended_at = now(), ended_by = me, rows = wiped, title = NULL, version = version + 1,
		updated_at = now(), updated_by = me WHERE id = p_bin OR (record = ANY (all_ids) AND state = 'in_bin');
	INSERT INTO audit (user_id, session_id, request, action, record_id, detail)
		VALUES (me, nullif(nullif(current_setting('kehu.session', true), '')::bigint, 0), 'bin', 'emptied', b.record,
			format('entity=%s rows=%s', b.entity, wiped) || coalesce(' reason=' || p_reason, ''));
	RETURN wiped;
EXCEPTION WHEN foreign_key_violation THEN
	PERFORM kehu_refuse('BIN_HELD');
	RETURN 0;
END
$$;

-- For whoever may empty: the right to approve on the bin, for the entry's rows.
CREATE OR REPLACE FUNCTION kehu_bin_empty(p_bin bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	b bin;
BEGIN
	SELECT * INTO b FROM bin x WHERE x.id = p_bin AND x.deleted_at IS NULL FOR UPDATE;
	IF NOT FOUND OR NOT kehu_may(kehu_caller(), 'bin', 64, b.owner_id, b.department_id, b.branch_id, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	RETURN kehu_bin_wipe(p_bin, p_reason);
END
$$;

-- What has lain there since before a moment; what something living holds stays.
CREATE OR REPLACE FUNCTION kehu_bin_expire(p_ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	one bigint;
BEGIN
	FOREACH one IN ARRAY p_ids LOOP
		BEGIN
			PERFORM kehu_bin_wipe(one, 'retention');
		EXCEPTION WHEN sqlstate 'KH005' THEN
			NULL;
		END;
	END LOOP;
END
$$;
