-- The outbox. A row is written with what causes it; server/outbox sends it.

-- Whether text is an address that nothing can be smuggled in by.
CREATE OR REPLACE FUNCTION kehu_address_ok(p_channel text, p_address text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN CASE p_channel
		WHEN 'mail' THEN length(p_address) <= 254
			AND p_address ~ '^[A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$'
			AND p_address !~ '\n'
		WHEN 'sms' THEN p_address ~ '^\+?[0-9]{5,15}$' AND p_address !~ '\n'
		ELSE false END;
END
$$;

-- Queues one; its id. p_user: the message is for one of our own people, who cannot opt out of what
-- they are told. An address that is none is refused; one that opted out gets a row that says so.
CREATE OR REPLACE FUNCTION kehu_outbox(p_channel text, p_address text, p_subject text, p_body text,
	p_entity bigint, p_id bigint, p_owner bigint, p_key text, p_user boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	bare text := btrim(p_address);
	mine users;
	made bigint;
BEGIN
	IF p_channel = 'sms' THEN
		bare := regexp_replace(bare, '[ ()-]', '', 'g');
	END IF;
	IF NOT kehu_address_ok(p_channel, coalesce(bare, '')) OR coalesce(p_body, '') = ''
		OR coalesce(p_subject, '') ~ '[[:cntrl:]]' THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	SELECT * INTO mine FROM users u WHERE u.id = p_owner;
	INSERT INTO outgoing (channel, address, subject, body, anchor_entity, anchor_id, owner_id,
			department_id, branch_id, key, message_id, created_by, state)
		VALUES (p_channel, bare, left(p_subject, 200), p_body, p_entity, p_id, mine.id,
			mine.department_id, mine.branch_id, p_key, gen_random_uuid()::text, mine.id,
			CASE WHEN NOT p_user AND EXISTS (SELECT FROM opt_out o WHERE lower(o.address) = lower(bare)
				AND o.channel = p_channel AND o.deleted_at IS NULL) THEN 'stopped' ELSE 'waiting' END)
		ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING RETURNING id INTO made;
	IF made IS NULL THEN
		SELECT o.id INTO made FROM outgoing o WHERE o.key = p_key;
	END IF;
	RETURN made;
END
$$;

CREATE OR REPLACE FUNCTION kehu_outbox_file(p_outgoing bigint, p_name text, p_type text, p_data bytea)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO outgoing_file (outgoing_id, position, name, type, data)
		SELECT p_outgoing, count(*), left(regexp_replace(p_name, '[[:cntrl:]"/\\]', '_', 'g'), 120), p_type, p_data
		FROM outgoing_file WHERE outgoing_id = p_outgoing;
	UPDATE outgoing SET files = left(concat_ws(', ', files, p_name), 400) WHERE id = p_outgoing;
END
$$;

-- Takes up to p_max that are due, for one sender, under a lease. Those whose sender was lost before
-- anything was handed over are due again; the others' outcome is not known.
CREATE OR REPLACE FUNCTION kehu_outbox_claim(p_channel text, p_worker text, p_max integer,
	p_lease_s integer)
RETURNS TABLE (id bigint, address text, subject text, body text, message_id text, attempts bigint,
	reply_to text, sender text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	UPDATE outgoing SET state = CASE WHEN handed_at IS NULL THEN 'waiting' ELSE 'unknown' END,
		answer = CASE WHEN handed_at IS NULL THEN answer ELSE 'the server of Kehu was lost while it was handed over' END,
		worker = NULL, lease_until = NULL, version = version + 1
		WHERE state = 'sending' AND lease_until < now() AND channel = p_channel;
	RETURN QUERY
	WITH due AS (SELECT o.id FROM outgoing o WHERE o.channel = p_channel AND o.state = 'waiting'
			AND o.next_at <= now() ORDER BY o.next_at LIMIT p_max FOR UPDATE SKIP LOCKED),
		taken AS (UPDATE outgoing o SET state = 'sending', worker = p_worker, attempts = o.attempts + 1,
			lease_until = now() + make_interval(secs => p_lease_s), handed_at = NULL
			FROM due WHERE o.id = due.id
			RETURNING o.id, o.address, o.subject, o.body, o.message_id, o.attempts, o.owner_id)
	SELECT t.id, t.address, t.subject, t.body, t.message_id, t.attempts, u.mail, u.label
		FROM taken t LEFT JOIN users u ON u.id = t.owner_id ORDER BY t.id;
END
$$;

CREATE OR REPLACE FUNCTION kehu_outbox_files(p_id bigint)
RETURNS TABLE (name text, type text, data bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT f.name, f.type, f.data FROM outgoing_file f WHERE f.outgoing_id = p_id
		ORDER BY f.position;
END
$$;

-- The other side begins to take it: false when this sender's lease is gone, and it must stop.
CREATE OR REPLACE FUNCTION kehu_outbox_handed(p_id bigint, p_worker text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE outgoing SET handed_at = now() WHERE id = p_id AND worker = p_worker AND state = 'sending';
	RETURN FOUND;
END
$$;

-- How a try ended: sent, unknown, failed (for good), retry (later, until the tries are used up).
CREATE OR REPLACE FUNCTION kehu_outbox_done(p_id bigint, p_worker text, p_result text, p_answer text,
	p_tries bigint, p_wait_s bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE outgoing SET worker = NULL, lease_until = NULL, answer = left(p_answer, 400),
		state = CASE WHEN p_result <> 'retry' THEN p_result
			WHEN attempts >= p_tries THEN 'failed' ELSE 'waiting' END,
		sent_at = CASE WHEN p_result = 'sent' THEN now() END,
		-- 1, 3, 9 … times the first wait, at most a day.
		next_at = now() + make_interval(secs => least(p_wait_s * 3 ^ (attempts - 1), 86400)),
		version = version + 1, updated_at = now()
		WHERE id = p_id AND worker = p_worker AND state = 'sending';
END
$$;

-- A sender ends: what it had claimed and not begun to hand over.
CREATE OR REPLACE FUNCTION kehu_outbox_release(p_worker text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE outgoing SET state = 'waiting', worker = NULL, lease_until = NULL, attempts = attempts - 1
		WHERE worker = p_worker AND state = 'sending' AND handed_at IS NULL;
END
$$;

-- A template's texts in one language, or in the other where it has only that.
CREATE OR REPLACE FUNCTION kehu_template(p_id bigint, p_channel text, p_zh boolean)
RETURNS TABLE (subject text, body text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT
		CASE WHEN p_zh THEN coalesce(nullif(t.subject_zh, ''), t.subject_en)
			ELSE coalesce(nullif(t.subject_en, ''), t.subject_zh) END,
		CASE WHEN p_zh THEN coalesce(nullif(t.body_zh, ''), t.body_en)
			ELSE coalesce(nullif(t.body_en, ''), t.body_zh) END
		FROM mail_template t WHERE t.id = p_id AND t.channel = p_channel AND t.deleted_at IS NULL;
END
$$;
