-- Signing in: the only statements that run before there is a user. Password hashes are read
-- here and nowhere else; tokens are stored as SHA-256.

-- What a login needs to know. One row or none; attempts of the last 15 minutes come with it.
CREATE OR REPLACE FUNCTION session_find(p_name text, p_peer text)
RETURNS TABLE (id bigint, label text, hash text, disabled boolean, must_change boolean,
    expires_on date, branch text, failures bigint, peer_failures bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT u.id, u.label, u.password_hash, coalesce(u.disabled, false), coalesce(u.must_change, false),
	    u.expires_on, b.name,
	    (SELECT count(*) FROM login_attempt a WHERE a.name = p_name AND NOT a.good
	        AND a.at > now() - interval '15 minutes'
	        AND a.at > coalesce((SELECT max(o.at) FROM login_attempt o WHERE o.name = p_name AND o.good), '-infinity')),
	    (SELECT count(*) FROM login_attempt a WHERE a.peer = p_peer AND NOT a.good
	        AND a.at > now() - interval '15 minutes')
	FROM (SELECT 1) one
	LEFT JOIN users u ON u.name = p_name AND u.deleted_at IS NULL
	LEFT JOIN branch b ON b.id = u.branch_id
$$;

CREATE OR REPLACE FUNCTION session_attempt(p_name text, p_peer text, p_ok boolean)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO login_attempt (at, name, peer, good) VALUES (now(), left(p_name, 80), p_peer, p_ok);
	-- What was typed may be a password: the audit keeps only a pseudonym of it.
	IF NOT p_ok THEN
		INSERT INTO audit (user_id, request, action, detail)
		VALUES ((SELECT u.id FROM users u WHERE u.name = p_name AND u.deleted_at IS NULL), 'login', 'refused',
			'name=' || public.kehu_pseudonym(p_name));
	END IF;
END
$$;

-- A new session; answers its id and the user's key for drafts kept on disk (made at first login).
CREATE OR REPLACE FUNCTION session_open(p_user bigint, p_token_hash bytea, p_new_key bytea, p_peer text,
    p_client text, p_length_s bigint, OUT id bigint, OUT store_key bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO user_secret (user_id, store_key) VALUES (p_user, p_new_key) ON CONFLICT DO NOTHING;
	SELECT s.store_key INTO store_key FROM user_secret s WHERE s.user_id = p_user;
	INSERT INTO session (user_id, token_hash, peer, client, created_at, seen_at, expires_at)
	VALUES (p_user, p_token_hash, p_peer, p_client, now(), now(), now() + make_interval(secs => p_length_s))
	RETURNING session.id INTO id;
	INSERT INTO audit (at, user_id, session_id, request, action)
	VALUES (now(), p_user, id, 'login', 'login');
END
$$;

-- The live session of a token: one row or none.
CREATE OR REPLACE FUNCTION session_resume(p_token_hash bytea, p_idle_s bigint)
RETURNS TABLE (id bigint, user_id bigint, name text, label text, branch text, store_key bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	UPDATE session s SET seen_at = now()
	FROM users u LEFT JOIN branch b ON b.id = u.branch_id, user_secret k
	WHERE s.token_hash = p_token_hash AND s.ended_at IS NULL AND s.expires_at > now()
	    AND s.seen_at > now() - make_interval(secs => p_idle_s)
	    AND u.id = s.user_id AND u.deleted_at IS NULL AND NOT coalesce(u.disabled, false)
	    AND (u.expires_on IS NULL OR u.expires_on >= current_date)
	    AND k.user_id = s.user_id
	RETURNING s.id, s.user_id, u.name, u.label, b.name, k.store_key
$$;

CREATE OR REPLACE FUNCTION session_close(p_session bigint)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	UPDATE session SET ended_at = now() WHERE id = p_session AND ended_at IS NULL
$$;

-- The user's own new password. Other sessions of the user end.
CREATE OR REPLACE FUNCTION session_set_password(p_user bigint, p_hash text, p_keep_session bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM set_config('kehu.user', p_user::text, true), set_config('kehu.session', p_keep_session::text, true),
	    set_config('kehu.change', gen_random_uuid()::text, true);
	UPDATE users SET password_hash = p_hash, must_change = false, version = version + 1 WHERE id = p_user;
	UPDATE session SET ended_at = now()
	WHERE user_id = p_user AND ended_at IS NULL AND id <> p_keep_session;
	INSERT INTO audit (at, user_id, session_id, request, action)
	VALUES (now(), p_user, nullif(p_keep_session, 0), 'password', 'password');
END
$$;
