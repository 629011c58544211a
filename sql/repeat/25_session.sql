-- Signing in: the only statements that run before there is a user. Password hashes and secrets
-- of second factors are read here and nowhere else; tokens are stored as SHA-256.

DROP FUNCTION IF EXISTS session_find(text, text);
DROP FUNCTION IF EXISTS session_attempt(text, text, boolean);
DROP FUNCTION IF EXISTS session_open(bigint, bytea, bytea, text, text, bigint);
DROP FUNCTION IF EXISTS session_resume(bytea, bigint);
DO $$
BEGIN
	-- before they told who views
	IF EXISTS (SELECT FROM pg_proc WHERE proname = 'session_resume' AND NOT 'viewer_id' = ANY (proargnames)) THEN
		DROP FUNCTION session_resume(bytea, bigint, bigint, bytea);
		DROP FUNCTION session_list(bigint, bigint);
	END IF;
END
$$;

-- How many seconds a try must wait. The first three wrong ones cost nothing, then the wait
-- doubles; ten lock softly for a quarter of an hour. From the address where the user last got
-- in only wrong tries from there count, and half a minute is the most, so that nobody can lock
-- others out of their own desk.
CREATE OR REPLACE FUNCTION session_wait(p_name text, p_peer text) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	since timestamptz;
	home text;
	tries integer;
	last timestamptz;
	wait double precision := 0;
BEGIN
	SELECT a.at, a.peer INTO since, home FROM login_attempt a
		WHERE a.name = p_name AND a.good ORDER BY a.at DESC LIMIT 1;
	SELECT count(*), max(a.at) INTO tries, last FROM login_attempt a
		WHERE a.name = p_name AND a.outcome = 'wrong' AND a.at > coalesce(since, '-infinity')
		AND a.at > now() - interval '1 day' AND (home IS DISTINCT FROM p_peer OR a.peer = p_peer);
	IF tries >= 3 THEN
		wait := CASE WHEN home = p_peer THEN least(30, 2 ^ least(tries - 3, 10))
			WHEN tries >= 10 THEN 900 ELSE 2 ^ (tries - 3) END
			- extract(epoch FROM clock_timestamp() - last);
	END IF;
	IF home IS DISTINCT FROM p_peer THEN
		SELECT count(*), max(a.at) INTO tries, last FROM login_attempt a
			WHERE a.peer = p_peer AND a.outcome = 'wrong' AND a.at > now() - interval '15 minutes';
		IF tries >= 20 THEN
			wait := greatest(wait, least(900, 2 ^ least((tries - 20) / 8.0, 10))
				- extract(epoch FROM clock_timestamp() - last));
		END IF;
	END IF;
	RETURN greatest(0, ceil(wait));
END
$$;

-- A try to sign in begins: it counts as wrong until it is known to be right, and tries with the
-- same name go one after the other, so that a hundred at once get no further than one by one.
-- One row always; id is null for a user that does not exist.
CREATE OR REPLACE FUNCTION session_try(p_name text, p_peer text, OUT attempt bigint, OUT wait integer,
	OUT id bigint, OUT label text, OUT hash text, OUT open boolean, OUT must_change boolean,
	OUT branch text, OUT branch_id bigint, OUT password_days integer, OUT enrolled boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('kehu login ' || p_name, 0));
	wait := session_wait(p_name, p_peer);
	INSERT INTO login_attempt (at, name, peer, good, outcome)
		VALUES (clock_timestamp(), left(p_name, 80), p_peer, false,
			CASE WHEN wait > 0 THEN 'refused' ELSE 'wrong' END)
		RETURNING login_attempt.id INTO attempt;
	IF wait > 0 THEN
		PERFORM session_tried(attempt, 'refused');
	END IF;
	SELECT u.id, u.label, u.password_hash, NOT u.disabled AND coalesce(u.expires_on >= current_date, true),
		u.must_change, b.name, u.branch_id, extract(day FROM now() - s.password_at), s.secret IS NOT NULL
		INTO id, label, hash, open, must_change, branch, branch_id, password_days, enrolled
		FROM users u LEFT JOIN branch b ON b.id = u.branch_id LEFT JOIN user_sign s ON s.user_id = u.id
		WHERE u.name = p_name AND u.deleted_at IS NULL;
END
$$;

-- What became of it. A refusal is audited; what was typed as a name may be a password, so the
-- audit keeps only a pseudonym of it.
CREATE OR REPLACE FUNCTION session_tried(p_attempt bigint, p_outcome text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	typed text;
BEGIN
	UPDATE login_attempt SET outcome = p_outcome, good = p_outcome = 'good' WHERE id = p_attempt
		RETURNING name INTO typed;
	IF p_outcome IN ('wrong', 'refused') THEN
		INSERT INTO audit (user_id, request, action, detail)
		VALUES ((SELECT u.id FROM users u WHERE u.name = typed AND u.deleted_at IS NULL), 'login', 'refused',
			'name=' || public.kehu_pseudonym(typed));
	END IF;
END
$$;

-- A new session; answers its id and the user's key for drafts kept on disk (made at first login).
CREATE OR REPLACE FUNCTION session_open(p_user bigint, p_attempt bigint, p_token_hash bytea,
    p_new_key bytea, p_peer text, p_client text, p_length_s bigint, p_key_hash bytea,
    p_certificate text, p_how text, OUT id bigint, OUT store_key bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF p_certificate IS NOT NULL AND NOT EXISTS (SELECT FROM certificate c
		WHERE c.name = p_certificate AND c.revoked_at IS NULL AND c.deleted_at IS NULL) THEN
		RAISE EXCEPTION USING ERRCODE = 'KH003', MESSAGE = 'the certificate was revoked';
	END IF;
	PERFORM session_tried(p_attempt, 'good');
	INSERT INTO user_secret (user_id, store_key) VALUES (p_user, p_new_key) ON CONFLICT DO NOTHING;
	SELECT s.store_key INTO store_key FROM user_secret s WHERE s.user_id = p_user;
	INSERT INTO session (user_id, token_hash, peer, client, created_at, seen_at, expires_at,
		key_hash, certificate)
	VALUES (p_user, p_token_hash, p_peer, p_client, now(), now(), now() + make_interval(secs => p_length_s),
		p_key_hash, p_certificate)
	RETURNING session.id INTO id;
	INSERT INTO audit (at, user_id, session_id, request, action, detail)
	VALUES (now(), p_user, id, 'login', 'login', p_how);
END
$$;

-- The live session of a token: one row or none. The key of the client's certificate must be the
-- one it was opened with. locked: it was locked, or nobody used it for so long.
CREATE OR REPLACE FUNCTION session_resume(p_token_hash bytea, p_idle_s bigint, p_lock_s bigint,
    p_key_hash bytea)
RETURNS TABLE (id bigint, user_id bigint, name text, label text, branch text, store_key bytea,
    locked boolean, viewer_id bigint, viewer text, until_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	UPDATE session s SET locked_at = coalesce(s.locked_at, now())
		WHERE s.token_hash = p_token_hash AND p_lock_s > 0
		AND s.seen_at < now() - make_interval(secs => p_lock_s);
	RETURN QUERY UPDATE session s SET seen_at = now()
	FROM users u LEFT JOIN branch b ON b.id = u.branch_id, user_secret k
	WHERE s.token_hash = p_token_hash AND s.ended_at IS NULL AND s.expires_at > now()
	    AND s.seen_at > now() - make_interval(secs => p_idle_s)
	    AND s.key_hash IS NOT DISTINCT FROM p_key_hash
	    AND u.id = s.user_id AND u.deleted_at IS NULL AND NOT coalesce(u.disabled, false)
	    AND (u.expires_on IS NULL OR u.expires_on >= current_date)
	    AND k.user_id = s.user_id
	RETURNING s.id, s.user_id, u.name, u.label, b.name,
		CASE WHEN s.viewer_id IS NULL THEN k.store_key ELSE ''::bytea END, s.locked_at IS NOT NULL,
		coalesce(s.viewer_id, 0), (SELECT v.label FROM users v WHERE v.id = s.viewer_id),
		CASE WHEN s.viewer_id IS NOT NULL THEN s.expires_at END;
END
$$;

-- Somebody uses it: once a minute at most.
CREATE OR REPLACE FUNCTION session_seen(p_session bigint)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	UPDATE session SET seen_at = now() WHERE id = p_session AND ended_at IS NULL
$$;

-- False: it has ended.
CREATE OR REPLACE FUNCTION session_lock(p_session bigint, p_lock boolean)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE session SET locked_at = CASE WHEN p_lock THEN now() END, seen_at = now()
	WHERE id = p_session AND ended_at IS NULL AND expires_at > now();
	RETURN FOUND;
END
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
	INSERT INTO audit (at, user_id, session_id, request, action)
	VALUES (now(), p_user, nullif(p_keep_session, 0), 'password', 'password');
END
$$;

-- The same password under other parameters: nobody else is told.
CREATE OR REPLACE FUNCTION session_rehash(p_user bigint, p_old text, p_hash text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM set_config('kehu.user', p_user::text, true), set_config('kehu.rehash', 't', true);
	UPDATE users SET password_hash = p_hash WHERE id = p_user AND password_hash = p_old;
	PERFORM set_config('kehu.rehash', '', true);
END
$$;

-- The hashes of the passwords a user had last, the present one first.
CREATE OR REPLACE FUNCTION session_passwords(p_user bigint, p_count bigint)
RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT u.password_hash FROM users u WHERE u.id = p_user AND u.password_hash IS NOT NULL
	UNION ALL
	(SELECT h.hash FROM password_history h WHERE h.user_id = p_user ORDER BY h.at DESC LIMIT p_count)
$$;

-- ---- the second factor ---------------------------------------------------------------------

CREATE OR REPLACE FUNCTION session_ticket(p_attempt bigint, p_hash bytea, p_user bigint, p_peer text,
	p_key_hash bytea, p_new_password text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM session_tried(p_attempt, 'half');
	DELETE FROM login_ticket WHERE expires_at < now();
	INSERT INTO login_ticket (hash, user_id, peer, key_hash, new_password, expires_at)
		VALUES (p_hash, p_user, p_peer, p_key_hash, p_new_password, now() + interval '5 minutes');
END
$$;

-- The login a ticket stands for, locked; each call is a try. No row: unknown, old, or used up.
CREATE OR REPLACE FUNCTION session_ticket_take(p_hash bytea, p_key_hash bytea)
RETURNS TABLE (user_id bigint, name text, label text, branch text, new_password text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	UPDATE login_ticket t SET tries = tries + 1 FROM users u LEFT JOIN branch b ON b.id = u.branch_id
	WHERE t.hash = p_hash AND t.expires_at > now() AND t.tries < 10
		AND t.key_hash IS NOT DISTINCT FROM p_key_hash AND u.id = t.user_id AND u.deleted_at IS NULL
	RETURNING t.user_id, u.name, u.label, b.name, t.new_password
$$;

CREATE OR REPLACE FUNCTION session_ticket_done(p_hash bytea)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	DELETE FROM login_ticket WHERE hash = p_hash
$$;

-- One row, locked until the transaction ends: two codes at once are looked at in turn.
CREATE OR REPLACE FUNCTION session_factor(p_user bigint)
RETURNS TABLE (secret bytea, pending bytea, step bigint, recovery bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	INSERT INTO user_sign (user_id) VALUES (p_user) ON CONFLICT DO NOTHING;
	RETURN QUERY SELECT s.secret, s.pending, s.step,
			(SELECT count(*) FROM user_recovery r WHERE r.user_id = p_user)
		FROM user_sign s WHERE s.user_id = p_user FOR UPDATE;
END
$$;

-- Which key seals the secrets of second factors; the first who asks says it.
CREATE OR REPLACE FUNCTION session_factor_key(p_first text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE state SET factor_key = p_first WHERE factor_key IS NULL AND p_first IS NOT NULL;
	RETURN (SELECT s.factor_key FROM state s);
END
$$;

-- The keys that sealed what is kept: bytes two to five of it; plain ones have twenty bytes.
CREATE OR REPLACE FUNCTION session_factor_keys()
RETURNS TABLE (key text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT DISTINCT encode(substr(k.held, 2, 4), 'hex') FROM user_sign s, LATERAL (VALUES (s.secret), (s.pending)) k (held)
	WHERE length(k.held) > 33
$$;

-- A secret kept plain, or under an old key, is kept sealed from its next use on.
CREATE OR REPLACE FUNCTION session_factor_seal(p_user bigint, p_secret bytea)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	UPDATE user_sign SET secret = p_secret WHERE user_id = p_user
$$;

-- Takes a code's step; false: this one or a later one was taken before.
CREATE OR REPLACE FUNCTION session_factor_use(p_user bigint, p_step bigint)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE user_sign SET step = p_step WHERE user_id = p_user AND coalesce(step, 0) < p_step;
	RETURN FOUND;
END
$$;

CREATE OR REPLACE FUNCTION session_recovery_use(p_user bigint, p_hash bytea)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	DELETE FROM user_recovery WHERE user_id = p_user AND hash = p_hash;
	RETURN FOUND;
END
$$;

CREATE OR REPLACE FUNCTION session_factor_begin(p_user bigint, p_secret bytea)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	UPDATE user_sign SET pending = p_secret WHERE user_id = p_user
$$;

-- The secret shown comes into force (p_step not null), or only the recovery codes are new.
CREATE OR REPLACE FUNCTION session_factor_confirm(p_user bigint, p_session bigint, p_step bigint,
	p_recovery text[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF p_step IS NOT NULL THEN
		UPDATE user_sign SET secret = pending, pending = NULL, step = p_step WHERE user_id = p_user;
		PERFORM set_config('kehu.user', p_user::text, true),
			set_config('kehu.session', p_session::text, true),
			set_config('kehu.change', gen_random_uuid()::text, true);
		UPDATE users SET factor_at = now(), version = version + 1 WHERE id = p_user;
	END IF;
	DELETE FROM user_recovery WHERE user_id = p_user;
	INSERT INTO user_recovery (user_id, hash) SELECT p_user, decode(unnest(p_recovery), 'hex');
	INSERT INTO audit (at, user_id, session_id, request, action)
	VALUES (now(), p_user, nullif(p_session, 0), 'factor',
		CASE WHEN p_step IS NULL THEN 'recovery' ELSE 'enrol' END);
END
$$;

-- ---- sessions: lists and ends ----------------------------------------------------------------

-- Live sessions of a user (0: of everybody), those used last first.
CREATE OR REPLACE FUNCTION session_list(p_user bigint, p_max bigint)
RETURNS TABLE (id bigint, user_id bigint, name text, label text, peer text, client text,
	created_at timestamptz, seen_at timestamptz, expires_at timestamptz, locked boolean, certificate text,
	viewer text, viewer_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT s.id, s.user_id, u.name, u.label, s.peer, s.client, s.created_at, s.seen_at, s.expires_at,
		s.locked_at IS NOT NULL, s.certificate,
		(SELECT v.name || ' ' || v.label FROM users v WHERE v.id = s.viewer_id), coalesce(s.viewer_id, 0)
	FROM session s JOIN users u ON u.id = s.user_id
	WHERE s.ended_at IS NULL AND s.expires_at > now() AND (p_user = 0 OR p_user IN (s.user_id, s.viewer_id))
	ORDER BY s.seen_at DESC, s.id DESC LIMIT p_max
$$;

-- Ends a session, of p_user alone unless that is 0; false: there is none such.
CREATE OR REPLACE FUNCTION session_end(p_session bigint, p_user bigint, p_by bigint, p_by_session bigint)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	whose bigint;
BEGIN
	UPDATE session SET ended_at = now()
		WHERE id = p_session AND ended_at IS NULL AND (p_user = 0 OR user_id = p_user)
		RETURNING user_id INTO whose;
	IF whose IS NULL THEN
		RETURN false;
	END IF;
	INSERT INTO audit (at, user_id, session_id, request, action, record_id, detail)
	VALUES (now(), p_by, p_by_session, 'sessions', 'end', whose, 'session=' || p_session);
	RETURN true;
END
$$;

-- The caller views as another user from now on: a session of that user that is marked as the caller's,
-- told to that user, and in the audit before anything is seen. Who may is asked here again.
CREATE OR REPLACE FUNCTION session_view_as(p_user bigint, p_reason text, p_minutes bigint, p_token_hash bytea,
	p_new_key bytea, p_peer text, p_client text, p_key_hash bytea, p_certificate text, p_reference bigint,
	OUT until_at timestamptz, OUT name text, OUT label text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := public.kehu_caller();
	mine bigint := current_setting('kehu.session');
	me text := (SELECT u.label FROM users u WHERE u.id = caller);
	as_user users;
	made bigint;
	viewed bigint;
	clock text;
BEGIN
	SELECT u.* INTO as_user FROM users u WHERE u.id = p_user AND u.deleted_at IS NULL AND NOT coalesce(u.disabled, false);
	IF as_user.id IS NULL OR p_user = caller OR p_minutes NOT BETWEEN 1 AND 480
		OR NOT public.kehu_may(caller, 'viewing', 256, p_user, as_user.department_id, as_user.branch_id, NULL) THEN
		PERFORM public.kehu_refuse('FORBIDDEN');
	END IF;
	until_at := now() + make_interval(mins => p_minutes::integer);
	name := as_user.name;
	label := as_user.label;
	INSERT INTO user_secret (user_id, store_key) VALUES (p_user, p_new_key) ON CONFLICT DO NOTHING;
	INSERT INTO session (user_id, viewer_id, token_hash, peer, client, created_at, seen_at, expires_at,
			key_hash, certificate)
		VALUES (p_user, caller, p_token_hash, p_peer, p_client, now(), now(), until_at, p_key_hash, p_certificate)
		RETURNING session.id INTO made;
	INSERT INTO viewing (viewer_id, reason, until_at, session_id, owner_id, department_id, branch_id,
			created_by, updated_by)
		VALUES (caller, p_reason, until_at, made, p_user, as_user.department_id, as_user.branch_id,
			caller, caller) RETURNING viewing.id INTO viewed;
	INSERT INTO audit (at, user_id, session_id, reference, request, action, entity, record_id, detail)
		VALUES (now(), caller, mine, p_reference, 'view_as', 'begin', 3, p_user,
			'viewing=' || viewed || ' session=' || made || ' minutes=' || p_minutes);
	clock := to_char(until_at AT TIME ZONE 'UTC' + make_interval(mins => coalesce((SELECT b.offset_min FROM branch b
		WHERE b.id = as_user.branch_id), 480)::integer), 'HH24:MI');
	PERFORM public.kehu_tell(p_user, 'system',
		format('%s views Kehu as you until %s: %s', me, clock, p_reason),
		format('%s 正在以您的身份查看 Kehu，至 %s 止：%s', me, clock, p_reason), 27, viewed);
END
$$;

-- ---- certificates ----------------------------------------------------------------------------

-- What is known of a client's certificate: one row or none.
CREATE OR REPLACE FUNCTION session_certificate(p_serial text)
RETURNS TABLE (branch_id bigint, revoked boolean, days_left integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT c.branch_id, c.revoked_at IS NOT NULL, floor(extract(epoch FROM c.ends_at - now()) / 86400)::integer
	FROM certificate c WHERE c.name = p_serial AND c.deleted_at IS NULL
$$;

-- ---- what follows by itself ------------------------------------------------------------------

-- An ended session is told to every kehud through the change feed, as entity 31.
CREATE OR REPLACE FUNCTION session_on_end() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO change (entity, id, version, kind) VALUES (31, NEW.id, 1, 3);
	IF NEW.viewer_id IS NOT NULL THEN
		-- Whoever ends it, history tells of the viewer where nobody has said otherwise.
		IF coalesce(current_setting('kehu.user', true), '') = '' THEN
			PERFORM set_config('kehu.user', NEW.viewer_id::text, true),
				set_config('kehu.session', NEW.id::text, true),
				set_config('kehu.change', gen_random_uuid()::text, true);
		END IF;
		UPDATE viewing SET ended_at = now(), version = version + 1
			WHERE session_id = NEW.id AND ended_at IS NULL;
	END IF;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER session_on_end AFTER UPDATE OF ended_at ON session FOR EACH ROW
	WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION session_on_end();

-- The other way round: a viewing that is ended takes its session with it.
CREATE OR REPLACE FUNCTION session_on_viewing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE session SET ended_at = now() WHERE id = NEW.session_id AND ended_at IS NULL;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER session_on_viewing AFTER UPDATE OF ended_at ON viewing FOR EACH ROW
	WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION session_on_viewing();

-- Another password, or an account that is no longer open: its sessions end, all but the one that
-- did it. The old hash is kept for the rule against using passwords again.
CREATE OR REPLACE FUNCTION session_on_user() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	mine bigint := coalesce(nullif(current_setting('kehu.session', true), '')::bigint, 0);
BEGIN
	IF NEW.password_hash IS DISTINCT FROM OLD.password_hash
		AND coalesce(current_setting('kehu.rehash', true), '') <> 't' THEN
		INSERT INTO user_sign (user_id) VALUES (NEW.id)
			ON CONFLICT (user_id) DO UPDATE SET password_at = now();
		IF OLD.password_hash IS NOT NULL THEN
			INSERT INTO password_history (user_id, hash) VALUES (NEW.id, OLD.password_hash);
			DELETE FROM password_history h WHERE h.user_id = NEW.id AND h.ctid NOT IN (
				SELECT k.ctid FROM password_history k WHERE k.user_id = NEW.id
				ORDER BY k.at DESC LIMIT 24);
		END IF;
		UPDATE session SET ended_at = now() WHERE user_id = NEW.id AND ended_at IS NULL AND id <> mine;
		DELETE FROM login_ticket WHERE user_id = NEW.id;
	ELSIF (NEW.disabled AND NOT OLD.disabled) OR NEW.deleted_at IS NOT NULL THEN
		UPDATE session SET ended_at = now() WHERE NEW.id IN (user_id, viewer_id) AND ended_at IS NULL;
		DELETE FROM login_ticket WHERE user_id = NEW.id;
	END IF;
	-- An administrator took the second factor away.
	IF NEW.factor_at IS NULL AND OLD.factor_at IS NOT NULL THEN
		UPDATE user_sign SET secret = NULL, pending = NULL, step = NULL WHERE user_id = NEW.id;
		DELETE FROM user_recovery WHERE user_id = NEW.id;
		UPDATE session SET ended_at = now() WHERE user_id = NEW.id AND ended_at IS NULL AND id <> mine;
	END IF;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER session_on_user AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION session_on_user();

CREATE OR REPLACE FUNCTION session_on_certificate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE session SET ended_at = now() WHERE certificate = NEW.name AND ended_at IS NULL;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER session_on_certificate AFTER UPDATE OF revoked_at, deleted_at ON certificate
	FOR EACH ROW WHEN (NEW.revoked_at IS NOT NULL OR NEW.deleted_at IS NOT NULL)
	EXECUTE FUNCTION session_on_certificate();
