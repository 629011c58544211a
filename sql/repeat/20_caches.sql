-- What kehud's snapshots of access rights and catalogue are read from, and the counters that
-- tell it when they are stale. The readers see lines without opening each parent, so they are
-- functions of kehu_rule; they give ids, codes and labels of set-up records only.

DROP FUNCTION IF EXISTS access_role_grants();
CREATE FUNCTION access_role_grants()
RETURNS TABLE (role_id bigint, entity text, scope text, rights bigint, states text, actions text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT g.role_id, g.entity, g.scope, g.rights, g.states, g.actions
		FROM role_grant g JOIN role r ON r.id = g.role_id
		WHERE g.deleted_at IS NULL AND r.deleted_at IS NULL;
END
$$;

CREATE OR REPLACE FUNCTION access_role_fields()
RETURNS TABLE (role_id bigint, entity text, field text, show text, reveal boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT f.role_id, f.entity, f.field, f.show, coalesce(f.reveal, false)
		FROM role_field f JOIN role r ON r.id = f.role_id
		WHERE f.deleted_at IS NULL AND r.deleted_at IS NULL;
END
$$;

CREATE OR REPLACE FUNCTION access_user_roles()
RETURNS TABLE (user_id bigint, role_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT u.user_id, u.role_id FROM user_role u WHERE u.deleted_at IS NULL;
END
$$;

CREATE OR REPLACE FUNCTION access_pool_members()
RETURNS TABLE (user_id bigint, member_department_id bigint, pool_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT coalesce(m.user_id, 0), coalesce(m.member_department_id, 0), m.pool_id
		FROM pool_member m JOIN pool p ON p.id = m.pool_id
		WHERE m.deleted_at IS NULL AND p.deleted_at IS NULL AND p.active;
END
$$;

-- Every list with its choices, in the order people see them; a list without choices gives one
-- row with a null code.
-- The colour as a number is for servers of before.
DROP FUNCTION IF EXISTS catalog_dictionary_items();
CREATE FUNCTION catalog_dictionary_items()
RETURNS TABLE (name text, zh text, en text, code text, item_zh text, item_en text, color bigint,
	retired boolean, tone text, instead text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT d.name, d.zh, d.en, i.code, i.zh, i.en, coalesce(i.color, 0),
			coalesce(i.retired, false), i.tone, i.instead
		FROM dictionary d
		LEFT JOIN dictionary_item i ON i.dictionary_id = d.id AND i.deleted_at IS NULL
		WHERE d.deleted_at IS NULL
		ORDER BY d.name, i.position, i.id;
END
$$;

-- The custom fields that have their columns (CUSTOM_COLUMNS of server/entity/custom.h), as forms have them.
DROP FUNCTION IF EXISTS catalog_fields();
CREATE FUNCTION catalog_fields()
RETURNS TABLE (name text, number bigint, kind text, zh text, en text, retired boolean, required boolean,
	listed boolean, searched boolean, indexed boolean, sensitive boolean, max_chars bigint, decimals bigint,
	dictionary text, target text, lowest text, highest text, initial text, aliases text, section_zh text,
	section_en text, help_zh text, help_en text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT f.name, f.number, f.kind, f.zh, f.en, f.retired, f.required, f.listed, f.searched,
			f.indexed, f.sensitive, f.max_chars, f.decimals, d.name, f.target, f.lowest, f.highest,
			f.initial, f.aliases, f.section_zh, f.section_en, f.help_zh, f.help_en
		FROM field f LEFT JOIN dictionary d ON d.id = f.dictionary_id
		WHERE f.ready AND f.deleted_at IS NULL
		ORDER BY split_part(f.name, '.', 1), coalesce(f.place, f.number), f.number;
END
$$;

-- The texts of reports that are in use.
CREATE OR REPLACE FUNCTION catalog_reports()
RETURNS TABLE (name text, source text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT r.name, r.source FROM report r
		WHERE r.deleted_at IS NULL AND NOT r.disabled ORDER BY r.name;
END
$$;

-- Is there such a custom field, with its column or waiting for it?
CREATE OR REPLACE FUNCTION catalog_field_defined(p_name text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN EXISTS (SELECT FROM field f WHERE f.name = p_name AND f.deleted_at IS NULL);
END
$$;

-- Statement triggers on the set-up tables (server/store/ddl.c says which columns count).
CREATE OR REPLACE FUNCTION kehu_bump_access() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE state SET access_epoch = access_epoch + 1;
	RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION kehu_bump_catalog() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE state SET catalog_version = catalog_version + 1;
	RETURN NULL;
END
$$;

-- The records of an entity shared with a user, for the last arm of row policies. ROWS is small
-- on purpose: see ddl_put_shares in server/store/ddl.c.
CREATE OR REPLACE FUNCTION kehu_shared(p_user bigint, p_entity integer, p_right integer)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE ROWS 10 AS $$
BEGIN
	IF p_user <> 0 THEN
		RETURN QUERY SELECT s.record_id FROM record_share s
			WHERE s.user_id = p_user AND s.entity = p_entity AND s.rights & p_right <> 0;
	END IF;
END
$$;

-- What it was before the scopes team and company; policies that still name it are made anew after this.
DO $$
BEGIN
	DROP FUNCTION IF EXISTS kehu_writes(text, integer, bigint, bigint, bigint, bigint, bigint);
EXCEPTION WHEN dependent_objects_still_exist THEN
	NULL;
END
$$;

-- Whether the arms of a writing setting reach a row; p_id is null for a row that is being added,
-- which nothing can be shared of yet. A missing setting is an error.
CREATE OR REPLACE FUNCTION kehu_writes(p_setting text, p_entity integer, p_id bigint,
	p_owner bigint, p_department bigint, p_branch bigint, p_pool bigint, p_customer bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE COST 10 AS $$
DECLARE
	arms text := current_setting(p_setting);
BEGIN
	IF split_part(arms, '|', 5) = 't' OR p_owner = split_part(arms, '|', 1)::bigint
		OR p_department = ANY (split_part(arms, '|', 2)::bigint[])
		OR p_branch = ANY (split_part(arms, '|', 3)::bigint[])
		OR p_pool = ANY (split_part(arms, '|', 4)::bigint[])
		OR p_owner = ANY (nullif(split_part(arms, '|', 7), '')::bigint[])
		OR p_customer = ANY (nullif(split_part(arms, '|', 8), '')::bigint[]) THEN
		RETURN true;
	END IF;
	RETURN p_id IS NOT NULL AND EXISTS (SELECT FROM record_share s
		WHERE s.user_id = split_part(arms, '|', 6)::bigint AND s.entity = p_entity
		AND s.record_id = p_id AND s.rights & 4 <> 0);
END
$$;

CREATE OR REPLACE FUNCTION kehu_settings()
RETURNS TABLE (name text, value text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT s.name, s.value FROM setting s WHERE s.deleted_at IS NULL AND s.value <> '';
END
$$;

-- The next number of a kind of document, by its rule; p_pattern where there is none. Each prefix that
-- date and branch make of the pattern counts for itself, unless the rule says that it runs on. Without
-- gaps: the row stays locked until COMMIT, so take it last (see kehu_number).
CREATE OR REPLACE FUNCTION kehu_numbers_of(p_entity text, p_pattern text, p_day date, p_branch bigint, p_count bigint)
RETURNS text[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	pattern text := p_pattern;
	digits bigint := 6;
	runs_on boolean := false;
	prefix text;
	series text;
	taken bigint;
BEGIN
	SELECT n.pattern, n.digits, n.continuous INTO pattern, digits, runs_on FROM numbering n
		WHERE n.name = p_entity AND n.deleted_at IS NULL;
	IF NOT FOUND THEN
		pattern := p_pattern;
		digits := 6;
		runs_on := false;
	END IF;
	prefix := replace(replace(replace(replace(pattern, '%Y', to_char(p_day, 'YYYY')),
		'%y', to_char(p_day, 'YY')), '%m', to_char(p_day, 'MM')), '%d', to_char(p_day, 'DD'));
	IF prefix LIKE '%\%b%' THEN
		prefix := replace(prefix, '%b', coalesce((SELECT b.code FROM branch b WHERE b.id = p_branch), ''));
	END IF;
	series := CASE WHEN runs_on THEN pattern ELSE prefix END;
	UPDATE number_series n SET last = n.last + p_count WHERE n.prefix = series AND n.period = ''
		RETURNING n.last INTO taken;
	IF NOT FOUND THEN
		-- One that runs on from now on goes on behind what its prefixes have reached.
		INSERT INTO number_series AS n (prefix, period, last) VALUES (series, '', p_count + CASE WHEN runs_on THEN
			coalesce((SELECT max(o.last) FROM number_series o WHERE o.period = '' AND o.prefix LIKE
				replace(replace(replace(replace(replace(replace(pattern, '_', '\_'), '%Y', '____'),
				'%y', '__'), '%m', '__'), '%d', '__'), '%b', '%')), 0) ELSE 0 END)
			ON CONFLICT ON CONSTRAINT number_series_pkey DO UPDATE SET last = n.last + p_count
			RETURNING n.last INTO taken;
	END IF;
	IF runs_on AND series <> prefix THEN
		INSERT INTO number_series AS n (prefix, period, last) VALUES (prefix, '', taken)
			ON CONFLICT ON CONSTRAINT number_series_pkey DO UPDATE SET last = greatest(n.last, excluded.last);
	END IF;
	IF p_count = 1 THEN
		RETURN ARRAY[prefix || lpad(taken::text, greatest(digits, length(taken::text))::integer, '0')];
	END IF;
	RETURN ARRAY(SELECT prefix || lpad(i::text, greatest(digits, length(i::text))::integer, '0')
		FROM generate_series(taken - p_count + 1, taken) i);
END
$$;

-- One of them, also left in kehu.number. In SQL and with no rights of its own, it is unfolded in the statement
-- that calls it: a save enters one guarded function, not two.
CREATE OR REPLACE FUNCTION kehu_number_of(p_entity text, p_pattern text, p_day date, p_branch bigint)
RETURNS text LANGUAGE sql AS $$
	SELECT pg_catalog.set_config('kehu.number',
		(public.kehu_numbers_of(p_entity, p_pattern, p_day, p_branch, 1))[1], true)
$$;
