-- What kehud's access snapshot and catalogue are made of. Lines of set-up entities have no policy
-- of their own (they are reached through an opened parent), so these functions read them whole;
-- they hold no customer data.

CREATE OR REPLACE FUNCTION access_role_grants()
RETURNS TABLE (role_id bigint, entity text, scope text, rights bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT g.role_id, g.entity, g.scope, g.rights FROM role_grant g
	JOIN role r ON r.id = g.role_id AND r.deleted_at IS NULL
	WHERE g.deleted_at IS NULL
$$;

CREATE OR REPLACE FUNCTION access_user_roles()
RETURNS TABLE (user_id bigint, role_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT u.user_id, u.role_id FROM user_role u WHERE u.deleted_at IS NULL
$$;

CREATE OR REPLACE FUNCTION access_pool_members()
RETURNS TABLE (user_id bigint, member_department_id bigint, pool_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT coalesce(m.user_id, 0), coalesce(m.member_department_id, 0), m.pool_id
	FROM pool_member m JOIN pool p ON p.id = m.pool_id
	WHERE m.deleted_at IS NULL AND p.deleted_at IS NULL AND p.active
$$;

CREATE OR REPLACE FUNCTION catalog_dictionary_items()
RETURNS TABLE (name text, zh text, en text, code text, item_zh text, item_en text, color bigint, retired boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT d.name, d.zh, d.en, i.code, i.zh, i.en, coalesce(i.color, 0), coalesce(i.retired, false)
	FROM dictionary d
	LEFT JOIN dictionary_item i ON i.dictionary_id = d.id AND i.deleted_at IS NULL
	WHERE d.deleted_at IS NULL
	ORDER BY d.name, i.position, i.id
$$;

-- A change of a set-up record makes every kehud reload its snapshots.
CREATE OR REPLACE FUNCTION access_changed(catalog boolean)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	IF catalog THEN
		UPDATE state SET access_epoch = access_epoch + 1, catalog_version = catalog_version + 1;
	ELSE
		UPDATE state SET access_epoch = access_epoch + 1;
	END IF;
END
$$;

DO $$
DECLARE f text;
BEGIN
	FOREACH f IN ARRAY ARRAY['access_role_grants()', 'access_user_roles()', 'access_pool_members()',
	    'catalog_dictionary_items()', 'access_changed(boolean)'] LOOP
		EXECUTE format('ALTER FUNCTION %s OWNER TO kehu_rule', f);
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO kehu_app', f);
	END LOOP;
END
$$;
