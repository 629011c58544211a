-- Sharing one record with one user. kehu_share_row(entity, id) is made from the catalogue
-- (server/store/ddl_share.c): the living row's access columns, locked.
DROP FUNCTION IF EXISTS kehu_customer_share(bigint, bigint, bigint);

-- p_rights: 1 view, 4 edit; 0 ends it. Who may edit the record through a role may share it; who only
-- has it by a share may not. Told to the user, kept in the history (kinds 5 and 6: user, rights).
-- p_en, p_zh: what it is, as that user may read it. Returns the record's version.
CREATE OR REPLACE FUNCTION kehu_record_share(p_entity bigint, p_id bigint, p_user bigint, p_rights bigint,
	p_en text, p_zh text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	taken record;
	me text;
	had boolean;
	before bigint;
	wanted bigint := CASE WHEN p_rights = 0 THEN 0 ELSE p_rights | 1 END;
	helpers bigint[];
BEGIN
	SELECT * INTO taken FROM kehu_share_row(p_entity, p_id);
	IF NOT FOUND OR NOT (kehu_may(caller, taken.entity, 1, taken.owner_id, taken.department_id,
			taken.branch_id, taken.pool_id)
		OR EXISTS (SELECT FROM record_share s WHERE s.user_id = caller AND s.entity = p_entity
			AND s.record_id = p_id)) THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	IF NOT kehu_may(caller, taken.entity, 4, taken.owner_id, taken.department_id, taken.branch_id,
			taken.pool_id) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF p_rights <> 0 AND NOT kehu_is_active(p_user) THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	had := EXISTS (SELECT FROM record_share WHERE user_id = p_user);
	SELECT s.rights INTO before FROM record_share s WHERE s.user_id = p_user AND s.entity = p_entity
		AND s.record_id = p_id;
	IF p_rights = 0 THEN
		DELETE FROM record_share WHERE user_id = p_user AND entity = p_entity AND record_id = p_id;
	ELSE
		INSERT INTO record_share (user_id, entity, record_id, rights, created_by)
			VALUES (p_user, p_entity, p_id, wanted, caller)
			ON CONFLICT (user_id, entity, record_id) DO UPDATE SET rights = EXCLUDED.rights;
	END IF;
	IF coalesce(before, 0) = wanted THEN
		RETURN taken.version;
	END IF;
	-- The snapshots only know whether anything at all is shared with a user.
	IF had <> EXISTS (SELECT FROM record_share WHERE user_id = p_user) THEN
		UPDATE state SET access_epoch = access_epoch + 1;
	END IF;
	IF p_entity = 10 THEN
		SELECT array_agg(s.user_id ORDER BY s.user_id) INTO helpers FROM record_share s
			WHERE s.entity = 10 AND s.record_id = p_id AND s.rights & 4 <> 0;
		UPDATE customer SET co_owners = helpers, version = version + 1, updated_at = now(),
			updated_by = caller WHERE id = p_id AND co_owners IS DISTINCT FROM helpers
			RETURNING version INTO taken.version;
		IF NOT FOUND THEN
			SELECT c.version INTO taken.version FROM customer c WHERE c.id = p_id;
		END IF;
	END IF;
	INSERT INTO history (change_id, user_id, session_id, entity, record_id, root_entity, root_id, version,
			kind, new)
		VALUES (nullif(current_setting('kehu.change', true), '')::uuid, caller,
			nullif(current_setting('kehu.session', true), '')::bigint, p_entity, p_id, p_entity, p_id,
			taken.version, CASE WHEN p_rights = 0 THEN 6 ELSE 5 END, ARRAY[p_user::text, wanted::text]);
	IF p_user <> caller THEN
		SELECT u.label INTO me FROM users u WHERE u.id = caller;
		IF p_rights = 0 THEN
			-- Which one it was is no longer theirs to read.
			PERFORM kehu_tell(p_user, 'system', format('%s no longer shares a record with you (%s).', me,
				p_en), format('%s 取消了与您的共享（%s）。', me, p_zh), NULL, NULL);
		ELSE
			PERFORM kehu_tell(p_user, 'system',
				format(CASE WHEN p_rights & 4 <> 0 THEN '%s shares with you, to read and change: %s'
					ELSE '%s shares with you, to read: %s' END, me, p_en),
				format(CASE WHEN p_rights & 4 <> 0 THEN '%s 与您共享（可修改）：%s'
					ELSE '%s 与您共享（只读）：%s' END, me, p_zh), p_entity, p_id);
		END IF;
	END IF;
	RETURN taken.version;
END
$$;

-- A view shared with a role is shared, to read, with everybody who has the role: made right for one
-- view, or for all of them when who has which role changes.
CREATE OR REPLACE FUNCTION kehu_view_shares(p_view bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	gone bigint;
	come bigint;
BEGIN
	WITH kept AS (SELECT v.id, r.user_id FROM saved_view v JOIN user_role r ON r.role_id = v.role_id
			WHERE v.deleted_at IS NULL AND r.deleted_at IS NULL AND r.user_id <> v.owner_id
				AND v.id = coalesce(p_view, v.id)),
	ended AS (DELETE FROM record_share s WHERE s.entity = 23 AND s.record_id = coalesce(p_view, s.record_id)
			AND NOT EXISTS (SELECT FROM kept k WHERE k.id = s.record_id AND k.user_id = s.user_id)
			RETURNING 1),
	begun AS (INSERT INTO record_share (user_id, entity, record_id, rights)
			SELECT DISTINCT k.user_id, 23, k.id, 1 FROM kept k
			ON CONFLICT (user_id, entity, record_id) DO NOTHING RETURNING 1)
	SELECT (SELECT count(*) FROM ended), (SELECT count(*) FROM begun) INTO gone, come;
	-- The snapshots know whether anything at all is shared with a user.
	IF gone + come > 0 THEN
		UPDATE state SET access_epoch = access_epoch + 1;
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION kehu_view_shared() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM kehu_view_shares(NEW.id);
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_view_shared AFTER UPDATE OF role_id, owner_id, deleted_at ON saved_view FOR EACH ROW
	WHEN (OLD.role_id IS NOT NULL OR NEW.role_id IS NOT NULL) EXECUTE FUNCTION kehu_view_shared();

CREATE OR REPLACE FUNCTION kehu_view_roles() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM saved_view WHERE role_id IS NOT NULL) THEN
		PERFORM kehu_view_shares(NULL);
	END IF;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_view_roles AFTER INSERT OR UPDATE OR DELETE ON user_role FOR EACH STATEMENT
	EXECUTE FUNCTION kehu_view_roles();
