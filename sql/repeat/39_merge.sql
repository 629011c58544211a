-- Merging: one of two records of the same customer, contact or ticket stays, with what is chosen of the other;
-- all that refers to the other refers to it. Which columns do is the catalogue's word (kehu_personal()).

CREATE OR REPLACE FUNCTION kehu_references(p_entity integer) RETURNS TABLE (tbl text, col text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	-- A pair of likely duplicates is about the two as they were.
	RETURN QUERY SELECT DISTINCT p.tbl, p.col FROM kehu_personal() p WHERE p.target = p_entity AND p.tbl <> 'duplicate'
		UNION SELECT DISTINCT p.tbl, p.parent_name || '_id' FROM kehu_personal() p WHERE p.parent = p_entity
		UNION SELECT c.relname::text, 'anchor_id' FROM pg_class c
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'anchor_id' AND NOT a.attisdropped
			JOIN pg_attribute b ON b.attrelid = c.oid AND b.attname = 'id' AND NOT b.attisdropped
			WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
		ORDER BY 1, 2;
END
$$;

-- What is merged, and what it takes to let one of them go: tickets are merged by who handles them.
CREATE OR REPLACE FUNCTION kehu_merge_name(p_entity integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE p_entity WHEN 10 THEN 'customer' WHEN 14 THEN 'contact' WHEN 171 THEN 'ticket' END
$$;
CREATE OR REPLACE FUNCTION kehu_merge_rights(p_name text) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE p_name WHEN 'ticket' THEN '{256}' ELSE '{8}' END::bigint[]
$$;

-- A row of a customer, a contact or a ticket, locked, that the caller may do all of p_rights with.
CREATE OR REPLACE FUNCTION kehu_merge_take(p_name text, p_id bigint, p_rights bigint[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken jsonb;
	wanted bigint;
BEGIN
	EXECUTE format('SELECT to_jsonb(t) FROM public.%I t WHERE t.id = $1 AND t.deleted_at IS NULL FOR NO KEY UPDATE', p_name)
		INTO taken USING p_id;
	FOREACH wanted IN ARRAY ARRAY[1]::bigint[] || p_rights LOOP
		IF taken IS NULL OR NOT kehu_may(kehu_caller(), p_name, wanted, (taken->>'owner_id')::bigint,
			(taken->>'department_id')::bigint, (taken->>'branch_id')::bigint, (taken->>'pool_id')::bigint) THEN
			PERFORM kehu_refuse(CASE WHEN taken IS NULL OR wanted = 1 THEN 'NO_SUCH_RECORD' ELSE 'FORBIDDEN' END);
		END IF;
	END LOOP;
	RETURN taken;
END
$$;

-- Points rows at another record; those a unique index would refuse stay with the one that goes.
CREATE OR REPLACE FUNCTION kehu_merge_move(p_tbl text, p_col text, p_from bigint, p_to bigint, p_ids bigint[])
RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	found bigint[];
	moved bigint[] := '{}';
	one bigint;
BEGIN
	EXECUTE format('SELECT array_agg(t.id ORDER BY t.id) FROM (SELECT t.id FROM public.%I t WHERE t.%I = $1 '
		'AND ($2 IS NULL OR t.id = ANY ($2)) ORDER BY t.id FOR NO KEY UPDATE) t', p_tbl, p_col)
		INTO found USING p_from, p_ids;
	IF found IS NULL THEN
		RETURN moved;
	END IF;
	BEGIN
		EXECUTE format('UPDATE public.%I t SET %I = $1 WHERE t.id = ANY ($2)', p_tbl, p_col) USING p_to, found;
		RETURN found;
	EXCEPTION WHEN unique_violation OR exclusion_violation THEN
		NULL;
	END;
	FOREACH one IN ARRAY found LOOP
		BEGIN
			EXECUTE format('UPDATE public.%I t SET %I = $1 WHERE t.id = $2', p_tbl, p_col) USING p_to, one;
			moved := moved || one;
		EXCEPTION WHEN unique_violation OR exclusion_violation THEN
			NULL;
		END;
	END LOOP;
	RETURN moved;
END
$$;

-- The columns of some fields, with those derived from them: "phone" is phone and phone_digits.
CREATE OR REPLACE FUNCTION kehu_merge_columns(p_name text, p_fields text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
		WHERE a.attrelid = ('public.' || quote_ident(p_name))::regclass AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attgenerated = '' AND a.attname IN (SELECT f || s FROM unnest(p_fields) f,
			unnest(ARRAY['', '_key', '_digits', '_currency', '_alike', '_sound']) s));
END
$$;

CREATE OR REPLACE FUNCTION kehu_merge_figures(p_entity integer, p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF p_entity = 10 THEN
		PERFORM kehu_customer_figures(p_id);
		PERFORM kehu_pool_clock(p_id);
	END IF;
END
$$;

-- Keeps p_kept, with the fields named of p_gone, and moves what refers to p_gone, which goes to the
-- recycle bin. Rows are locked in the order of their ids. Returns the record of it.
CREATE OR REPLACE FUNCTION kehu_merge(p_entity integer, p_kept bigint, p_gone bigint, p_fields text[],
	p_reason text, p_delete uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	name text := kehu_merge_name(p_entity);
	whose users := (SELECT u FROM users u WHERE u.id = caller);
	kept jsonb;
	gone jsonb;
	columns text[] := kehu_merge_columns(name, p_fields);
	list text := (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) c);
	one record;
	ids bigint[];
	number bigint := 0;
	made bigint;
	debts customer_figures;
	kept_name text;
	gone_name text;
BEGIN
	IF name IS NULL OR p_kept = p_gone THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	IF p_gone < p_kept THEN
		gone := kehu_merge_take(name, p_gone, kehu_merge_rights(name));
	END IF;
	kept := kehu_merge_take(name, p_kept, '{4}');
	gone := coalesce(gone, kehu_merge_take(name, p_gone, kehu_merge_rights(name)));
	kept_name := coalesce(kept->>'name', kept->>'number');
	gone_name := coalesce(gone->>'name', gone->>'number');
	INSERT INTO merge (kind, kept_name, gone_name, kept_id, gone_id, taken, reason, state, before, gone_delete,
			owner_id, department_id, branch_id, created_by)
		VALUES (name, kept_name, gone_name, p_kept, p_gone, array_to_string(p_fields, ' '),
			nullif(p_reason, ''), 'done', kept, p_delete, caller, whose.department_id, whose.branch_id, caller)
		RETURNING id INTO made;
	EXECUTE format('UPDATE public.%I SET deleted_at = now(), delete_id = $2, version = version + 1, '
		'updated_at = now(), updated_by = $3 WHERE id = $1', name) USING p_gone, p_delete, caller;
	EXECUTE format('UPDATE public.%I k SET version = k.version + 1, updated_at = now(), updated_by = $3%s '
		'FROM public.%I g WHERE k.id = $1 AND g.id = $2', name,
		coalesce((SELECT string_agg(format(', %1$I = g.%1$I', c), '') FROM unnest(columns) c), ''), name)
		USING p_kept, p_gone, caller;
	FOR one IN SELECT r.tbl, r.col FROM kehu_references(p_entity) r LOOP
		ids := kehu_merge_move(one.tbl, one.col, p_gone, p_kept, NULL);
		IF ids <> '{}' THEN
			INSERT INTO merge_row (merge_id, tbl, col, ids) VALUES (made, one.tbl, one.col, ids);
			number := number + cardinality(ids);
		END IF;
	END LOOP;
	-- A relation of the two is one of a customer with itself.
	IF p_entity = 10 THEN
		UPDATE customer_relation SET deleted_at = now(), delete_id = p_delete
			WHERE customer_id = p_kept AND other_id = p_kept AND deleted_at IS NULL;
		SELECT * INTO debts FROM customer_figures f WHERE f.id = p_gone;
		IF coalesce(debts.owed, 0) <> 0 OR coalesce(debts.balance, 0) <> 0 THEN
			PERFORM kehu_account_move(p_kept, coalesce(debts.owed, 0), coalesce(debts.balance, 0));
			PERFORM kehu_account_move(p_gone, -coalesce(debts.owed, 0), -coalesce(debts.balance, 0));
		END IF;
		PERFORM kehu_duplicate_merged(p_kept, p_gone, p_reason);
		-- What belongs to a customer has its owner.
		UPDATE contact t SET owner_id = c.owner_id, department_id = c.department_id, branch_id = c.branch_id,
			pool_id = c.pool_id FROM customer c WHERE c.id = p_kept AND t.customer_id = p_kept
			AND (t.owner_id, t.pool_id) IS DISTINCT FROM (c.owner_id, c.pool_id);
		UPDATE customer_relation t SET owner_id = c.owner_id, department_id = c.department_id, branch_id = c.branch_id,
			pool_id = c.pool_id FROM customer c WHERE c.id = p_kept AND t.customer_id = p_kept
			AND (t.owner_id, t.pool_id) IS DISTINCT FROM (c.owner_id, c.pool_id);
		PERFORM kehu_customer_followers(p_kept);
	END IF;
	EXECUTE format('UPDATE merge m SET moved = $2, owed = $3, balance = $4, after = to_jsonb(t) FROM public.%I t '
		'WHERE m.id = $1 AND t.id = m.kept_id', name)
		USING made, number, coalesce(debts.owed, 0), coalesce(debts.balance, 0);
	PERFORM kehu_merge_figures(p_entity, p_kept);
	PERFORM kehu_merge_figures(p_entity, p_gone);
	PERFORM kehu_tell(x.id, 'system',
		format('%s: %s is merged into %s', whose.label, gone_name, kept_name),
		format('%s：%s 已合并到 %s', whose.label, gone_name, kept_name), p_entity, p_kept)
		FROM (SELECT DISTINCT o AS id FROM unnest(ARRAY[(gone->>'owner_id')::bigint, (kept->>'owner_id')::bigint]) o
			WHERE o IS NOT NULL AND o <> caller) x;
	RETURN made;
END
$$;

-- Rows that a merge of the caller's moved, by table.
CREATE OR REPLACE FUNCTION kehu_merge_moved(p_merge bigint) RETURNS TABLE (tbl text, number bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT r.tbl, sum(cardinality(r.ids))::bigint FROM merge_row r
		JOIN merge m ON m.id = r.merge_id AND m.created_by = kehu_caller() WHERE r.merge_id = p_merge
		GROUP BY r.tbl ORDER BY r.tbl;
END
$$;

-- Takes a merge back: the other record returns with what was its own and still is where it was moved to,
-- and the one that stayed gets back what was there before, where nobody has changed it since.
CREATE OR REPLACE FUNCTION kehu_merge_undo(p_merge bigint)
RETURNS TABLE (entity integer, kept bigint, gone bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	m merge;
	number integer;
	now_there jsonb;
	back text[];
	one record;
BEGIN
	SELECT * INTO m FROM merge x WHERE x.id = p_merge AND x.deleted_at IS NULL FOR UPDATE;
	IF NOT FOUND OR NOT kehu_may(caller, 'merge', 1, m.owner_id, m.department_id, m.branch_id, NULL) THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	IF m.state <> 'done' THEN
		PERFORM kehu_refuse('WRONG_STATE');
	END IF;
	number := CASE m.kind WHEN 'customer' THEN 10 WHEN 'contact' THEN 14 ELSE 171 END;
	now_there := kehu_merge_take(m.kind, m.kept_id, '{4}'::bigint[] || kehu_merge_rights(m.kind));
	EXECUTE format('UPDATE public.%I SET deleted_at = NULL, delete_id = NULL, version = version + 1, updated_at = now(), '
		'updated_by = $3 WHERE id = $1 AND delete_id = $2', m.kind) USING m.gone_id, m.gone_delete, caller;
	SELECT array_agg(c) INTO back FROM unnest(kehu_merge_columns(m.kind, string_to_array(m.taken, ' '))) c
		WHERE now_there->c IS NOT DISTINCT FROM m.after->c;
	EXECUTE format('UPDATE public.%I k SET version = k.version + 1, updated_at = now(), updated_by = $3%s '
		'FROM jsonb_populate_record(NULL::public.%I, $2) g WHERE k.id = $1', m.kind,
		coalesce((SELECT string_agg(format(', %1$I = g.%1$I', c), '') FROM unnest(back) c), ''), m.kind)
		USING m.kept_id, m.before, caller;
	FOR one IN SELECT r.tbl, r.col, r.ids FROM merge_row r WHERE r.merge_id = p_merge ORDER BY r.tbl, r.col LOOP
		PERFORM kehu_merge_move(one.tbl, one.col, m.kept_id, m.gone_id, one.ids);
	END LOOP;
	IF number = 10 THEN
		UPDATE customer_relation SET deleted_at = NULL, delete_id = NULL WHERE delete_id = m.gone_delete;
		IF m.owed <> 0 OR m.balance <> 0 THEN
			PERFORM kehu_account_move(m.gone_id, m.owed, m.balance);
			PERFORM kehu_account_move(m.kept_id, -m.owed, -m.balance);
		END IF;
		UPDATE contact t SET owner_id = c.owner_id, department_id = c.department_id, branch_id = c.branch_id,
			pool_id = c.pool_id FROM customer c WHERE c.id = m.gone_id AND t.customer_id = c.id;
		UPDATE customer_relation t SET owner_id = c.owner_id, department_id = c.department_id, branch_id = c.branch_id,
			pool_id = c.pool_id FROM customer c WHERE c.id = m.gone_id AND t.customer_id = c.id;
		PERFORM kehu_customer_followers(m.gone_id);
	END IF;
	UPDATE duplicate SET state = 'open', decided_id = NULL, decided_at = NULL, version = version + 1, updated_at = now(),
			updated_by = caller
		WHERE number = 10 AND first_id = least(m.kept_id, m.gone_id) AND second_id = greatest(m.kept_id, m.gone_id)
		AND state = 'merged';
	UPDATE merge SET state = 'undone', undone_at = now(), version = version + 1, updated_at = now(), updated_by = caller
		WHERE id = p_merge;
	PERFORM kehu_merge_figures(number, m.kept_id);
	PERFORM kehu_merge_figures(number, m.gone_id);
	RETURN QUERY SELECT number, m.kept_id, m.gone_id;
END
$$;
