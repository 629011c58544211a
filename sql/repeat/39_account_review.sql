-- Once a quarter: accounts that nobody has used for 90 days, each for an administrator to keep or disable.
-- Called every hour, it first takes down who was there. Returns how many came up.
CREATE OR REPLACE FUNCTION kehu_account_review() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	raised bigint;
BEGIN
	INSERT INTO account_use AS a (user_id, day)
		SELECT s.user_id, max(s.seen_at)::date FROM session s WHERE s.viewer_id IS NULL GROUP BY s.user_id
		ON CONFLICT (user_id) DO UPDATE SET day = EXCLUDED.day WHERE a.day < EXCLUDED.day;
	INSERT INTO account_review_run (quarter) VALUES (date_trunc('quarter', kehu_today())::date) ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	INSERT INTO account_review (name, last_used_on, state, owner_id, department_id, branch_id)
		SELECT format('%s (%s)', u.label, u.name), a.day, 'open', u.id, u.department_id, u.branch_id
		FROM users u LEFT JOIN account_use a ON a.user_id = u.id
		WHERE kehu_is_active(u.id) AND coalesce(a.day, u.created_at::date) < kehu_today() - 90
		AND NOT EXISTS (SELECT FROM account_review r WHERE r.owner_id = u.id AND r.state = 'open' AND r.deleted_at IS NULL);
	GET DIAGNOSTICS raised = ROW_COUNT;
	IF raised > 0 THEN
		PERFORM kehu_tell(u.id, 'system', format('%s accounts were not used for 90 days: keep or disable each (F9 reviews).', raised),
			format('有 %s 个账号 90 天未使用，请逐个复核（F9 zhfh）。', raised), NULL, NULL)
			FROM users u WHERE kehu_is_active(u.id) AND EXISTS (SELECT FROM user_role x JOIN role r ON r.id = x.role_id
				AND r.name = 'administrator' AND r.deleted_at IS NULL WHERE x.user_id = u.id AND x.deleted_at IS NULL);
	END IF;
	RETURN raised;
END
$$;

-- What disabling takes is the right to administer users; nobody disables themselves.
CREATE OR REPLACE FUNCTION kehu_account_review_disable(p_review bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	account bigint;
BEGIN
	SELECT r.owner_id INTO account FROM account_review r WHERE r.id = p_review AND r.deleted_at IS NULL;
	IF account = caller OR NOT kehu_may(caller, 'user', 4, 0, NULL, NULL, NULL) THEN
		PERFORM kehu_refuse(CASE WHEN account = caller THEN 'OWN_RIGHTS' ELSE 'FORBIDDEN' END);
	END IF;
	UPDATE users u SET disabled = true, version = u.version + 1, updated_at = now(), updated_by = caller
		WHERE u.id = account AND NOT u.disabled;
	UPDATE state SET access_epoch = access_epoch + 1;
END
$$;
