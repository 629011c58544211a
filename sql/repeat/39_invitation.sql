-- People of customers: the account that an invitation comes with, what registering makes of it, and its end.
-- kehu_invite: who looks after the customer makes the account (or a new one-time password for it). It has the
-- role external_user and no company, so it sees the invitation and nothing of any customer.
CREATE OR REPLACE FUNCTION kehu_invite(p_invitation bigint, p_hash text, p_label_key text, p_name_key text,
	p_until date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	inv invitation;
	company customer;
	inviter users;
	account bigint;
BEGIN
	SELECT * INTO inv FROM invitation i WHERE i.id = p_invitation AND i.deleted_at IS NULL FOR NO KEY UPDATE;
	SELECT * INTO company FROM customer c WHERE c.id = inv.customer_id AND c.deleted_at IS NULL;
	SELECT * INTO inviter FROM users u WHERE u.id = inv.owner_id;
	IF NOT kehu_may(caller, 'invitation', 256, inv.owner_id, inv.department_id, inv.branch_id, NULL)
		OR NOT kehu_may(caller, 'customer', 4, company.owner_id, company.department_id, company.branch_id, NULL)
		OR inv.user_id = caller THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF inv.state NOT IN ('open', 'issued') THEN
		PERFORM kehu_refuse('WRONG_STATE');
	END IF;
	account := inv.user_id;
	IF account IS NULL THEN
		INSERT INTO users (name, name_key, label, label_key, branch_id, superior_id, mail, phone, phone_digits, language,
				expires_on, must_change, password_hash, created_by, updated_by)
			VALUES ('inv' || p_invitation, p_name_key, inv.name, p_label_key, inviter.branch_id, inv.owner_id, inv.mail,
				inv.mobile, inv.mobile_digits, inv.language, p_until, true, p_hash, caller, caller)
			RETURNING id INTO account;
		INSERT INTO user_role (user_id, role_id, created_by) SELECT account, r.id, caller FROM role r
			WHERE r.name = 'external_user' AND r.deleted_at IS NULL;
		IF NOT FOUND THEN
			PERFORM kehu_refuse('NO_SUCH_RECORD');
		END IF;
		INSERT INTO record_share (user_id, entity, record_id, rights, created_by)
			VALUES (account, 37, p_invitation, 5, caller) ON CONFLICT DO NOTHING;
		PERFORM kehu_tell(account, 'system', 'Welcome. Open this invitation and register (F8); once that is approved you see your company''s orders.',
			'欢迎使用。请打开此邀请并登记注册（F8）；审批通过后即可查看本公司的订单。', 37, p_invitation);
	ELSE
		UPDATE users u SET password_hash = p_hash, must_change = true, expires_on = p_until, version = u.version + 1,
			updated_at = now(), updated_by = caller WHERE u.id = account;
		UPDATE session s SET ended_at = now() WHERE s.user_id = account AND s.ended_at IS NULL;
	END IF;
	UPDATE state SET access_epoch = access_epoch + 1;
	PERFORM kehu_audit(caller, current_setting('kehu.session')::bigint, 0, 'act', 'invite', 37, p_invitation,
		format('user=%s', account));
	RETURN account;
END
$$;

-- The invited user says who they are; the gate has had somebody's consent by then, where the rule asks for it.
-- False: the login name is taken.
CREATE OR REPLACE FUNCTION kehu_register(p_invitation bigint, p_login text, p_name_key text, p_label text,
	p_label_key text, p_mobile text, p_digits text, p_mail text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	inv invitation;
BEGIN
	SELECT * INTO inv FROM invitation i WHERE i.id = p_invitation AND i.deleted_at IS NULL FOR NO KEY UPDATE;
	IF inv.user_id IS DISTINCT FROM caller THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF inv.state <> 'issued' THEN
		PERFORM kehu_refuse('WRONG_STATE');
	END IF;
	IF EXISTS (SELECT FROM users u WHERE u.name = p_login AND u.deleted_at IS NULL AND u.id <> caller) THEN
		RETURN false;
	END IF;
	UPDATE users u SET name = p_login, name_key = p_name_key, label = p_label, label_key = p_label_key,
		phone = coalesce(p_mobile, u.phone), phone_digits = CASE WHEN p_mobile IS NULL THEN u.phone_digits ELSE p_digits END,
		mail = coalesce(p_mail, u.mail), company_id = inv.customer_id, expires_on = NULL, version = u.version + 1,
		updated_at = now(), updated_by = caller WHERE u.id = caller;
	UPDATE state SET access_epoch = access_epoch + 1;
	PERFORM kehu_audit(caller, current_setting('kehu.session')::bigint, 0, 'act', 'admit', 37, p_invitation,
		format('user=%s company=%s', caller, inv.customer_id));
	PERFORM kehu_tell(inv.owner_id, 'system', format('%s has registered and sees the company from now on.', p_label),
		format('%s 已登记，从现在起可查看其公司。', p_label), 37, p_invitation);
	RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION kehu_invite_end(p_invitation bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	inv invitation;
BEGIN
	SELECT * INTO inv FROM invitation i WHERE i.id = p_invitation AND i.deleted_at IS NULL FOR NO KEY UPDATE;
	IF NOT kehu_may(caller, 'invitation', 256, inv.owner_id, inv.department_id, inv.branch_id, NULL)
		OR inv.user_id = caller THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	UPDATE users u SET disabled = true, version = u.version + 1, updated_at = now(), updated_by = caller
		WHERE u.id = inv.user_id AND NOT u.disabled;
	UPDATE state SET access_epoch = access_epoch + 1;
	PERFORM kehu_audit(caller, current_setting('kehu.session')::bigint, 0, 'act', 'invite_end', 37, p_invitation,
		format('user=%s', coalesce(inv.user_id, 0)));
END
$$;
