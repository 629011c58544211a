-- Messages, comments and followers. Recipients' rows are written here, past the sender's policies.

-- A message to each of these users and of the members of a department and of those below it, once to
-- each; whom its text names is told as mentioned. kept: the sender's own copy of it.
CREATE OR REPLACE FUNCTION kehu_say(p_to bigint[], p_department bigint, p_mentions bigint[], p_kind text, p_text text, p_entity bigint,
	p_id bigint, p_thread bigint, p_keep boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	told bigint;
BEGIN
	IF EXISTS (SELECT FROM unnest(p_to) t (id) WHERE NOT kehu_is_active(t.id)) THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	INSERT INTO message (text, from_id, to_id, to_department_id, kind, anchor_entity, anchor_id, thread, owner_id,
			department_id, branch_id, created_by)
		WITH RECURSIVE below AS (SELECT p_department AS id
			UNION SELECT d.id FROM department d JOIN below b ON d.parent_id = b.id WHERE d.deleted_at IS NULL)
		SELECT p_text, caller, u.id, p_department, CASE WHEN u.id = ANY (p_mentions) THEN 'mention' ELSE p_kind END,
			p_entity, p_id, p_thread, u.id, u.department_id, u.branch_id, caller
		FROM users u WHERE (u.id = ANY (p_to) OR u.id = ANY (p_mentions) OR u.department_id IN (SELECT below.id FROM below))
		AND u.id <> caller AND u.deleted_at IS NULL AND NOT coalesce(u.disabled, false);
	GET DIAGNOSTICS told = ROW_COUNT;
	IF told = 0 THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	IF p_keep THEN
		INSERT INTO message (text, from_id, to_id, kind, anchor_entity, anchor_id, thread, owner_id,
				department_id, branch_id, created_by, read_at)
			SELECT p_text, caller, p_to[1], 'sent', p_entity, p_id, p_thread, u.id, u.department_id,
				u.branch_id, caller, now()
			FROM users u WHERE u.id = caller;
	END IF;
	RETURN told;
END
$$;

-- A comment on a record that the caller has open: kept beside it, told to those named, to its
-- followers and its owner.
CREATE OR REPLACE FUNCTION kehu_comment(p_entity bigint, p_id bigint, p_owner bigint, p_text text,
	p_label text, p_mentions bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	me text := (SELECT label FROM users WHERE id = caller);
	one record;
BEGIN
	INSERT INTO comment (text, author_id, anchor_entity, anchor_id, created_by)
		VALUES (p_text, caller, p_entity, p_id, caller);
	FOR one IN SELECT r.id, bool_or(r.named) AS named FROM (
			SELECT unnest(p_mentions) AS id, true AS named
			UNION ALL SELECT f.user_id, false FROM follower f WHERE f.record_id = p_id AND NOT f.muted
			UNION ALL SELECT p_owner, false WHERE p_owner <> 0 AND NOT EXISTS (SELECT FROM follower f
				WHERE f.record_id = p_id AND f.user_id = p_owner AND f.muted)) r
		WHERE r.id <> caller AND kehu_is_active(r.id) GROUP BY r.id
	LOOP
		PERFORM kehu_tell(one.id, CASE WHEN one.named THEN 'mention' ELSE 'comment' END,
			format('%s on %s: %s', me, p_label, p_text), format('%s 评论 %s：%s', me, p_label, p_text),
			p_entity, p_id);
	END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION kehu_follow(p_entity bigint, p_id bigint, p_on boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO follower (record_id, user_id, entity, muted)
		VALUES (p_id, kehu_caller(), p_entity, NOT p_on)
		ON CONFLICT (record_id, user_id) DO UPDATE SET muted = NOT p_on;
END
$$;

-- What has changed since the last call, and whom to tell of it: followers and owners who may see the
-- record, but not who changed it. One row for each record and reader, however often it changed. The
-- position moves on in the same transaction, so that nobody is told twice.
CREATE OR REPLACE FUNCTION kehu_follow_changes(p_entities text[], p_numbers bigint[])
RETURNS TABLE (entity integer, id bigint, changer bigint, reader bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	since pg_snapshot;
BEGIN
	SELECT nullif(s.position, '')::pg_snapshot INTO since FROM follow_state s FOR UPDATE;
	UPDATE follow_state SET position = pg_current_snapshot()::text;
	RETURN QUERY
	SELECT c.entity, c.id, h.user_id, r.user_id
	FROM (SELECT DISTINCT ON (f.id) f.entity, f.id, f.at, f.new_owner, f.new_department, f.new_branch,
			f.new_pool FROM change f
		WHERE f.xid >= pg_snapshot_xmin(since) AND NOT pg_visible_in_snapshot(f.xid, since)
		AND f.kind = 2 AND f.entity = ANY (p_numbers) ORDER BY f.id, f.seq DESC LIMIT 2000) c
	JOIN LATERAL (SELECT y.user_id FROM history y WHERE y.root_id = c.id AND y.at = c.at
		AND y.user_id <> 0 LIMIT 1) h ON true
	JOIN LATERAL (SELECT w.user_id FROM follower w WHERE w.record_id = c.id AND NOT w.muted
		UNION SELECT c.new_owner WHERE NOT EXISTS (SELECT FROM follower w
			WHERE w.record_id = c.id AND w.user_id = c.new_owner AND w.muted)) r
		ON r.user_id <> h.user_id
	WHERE kehu_is_active(r.user_id) AND kehu_may(r.user_id,
		p_entities[array_position(p_numbers, c.entity::bigint)], 1, c.new_owner, c.new_department,
		c.new_branch, c.new_pool);
END
$$;

-- Unread messages of the last day of users who are not signed in and want them by mail. One that was
-- looked at once, or cannot be mailed, is not looked at again. Returns how many were queued.
CREATE OR REPLACE FUNCTION kehu_message_mail(p_wait_s integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	one record;
	queued bigint := 0;
BEGIN
	FOR one IN SELECT m.id, m.text, u.mail, u.language,
			coalesce(u.mail_away, false) AND kehu_address_ok('mail', coalesce(u.mail, ''))
			AND m.created_at > now() - interval '1 day' AND m.kind <> 'reminder' -- those have a mail of their own
			AND NOT EXISTS (SELECT FROM session s WHERE s.user_id = m.owner_id AND s.viewer_id IS NULL
				AND s.ended_at IS NULL AND s.expires_at > now()) AS wanted
		FROM message m JOIN users u ON u.id = m.owner_id
		WHERE m.read_at IS NULL AND NOT m.mailed AND m.created_at < now() - make_interval(secs => p_wait_s)
		ORDER BY m.created_at LIMIT 200 FOR UPDATE OF m SKIP LOCKED
	LOOP
		IF one.wanted THEN
			PERFORM kehu_outbox('mail', one.mail,
				CASE WHEN one.language = 'en' THEN 'A message for you in Kehu' ELSE '您在 Kehu 有新消息' END,
				one.text, NULL, NULL, NULL, 'message ' || one.id, true);
			queued := queued + 1;
		END IF;
		UPDATE message SET mailed = true WHERE id = one.id;
	END LOOP;
	RETURN queued;
END
$$;
