-- Sealing the audit: the database keeps the key, the server computes the hashes.

-- 32 random bytes; gen_random_uuid() is strong and always there.
CREATE OR REPLACE FUNCTION kehu_random() RETURNS bytea LANGUAGE sql VOLATILE AS $$
	SELECT sha256(convert_to(gen_random_uuid()::text || gen_random_uuid() || gen_random_uuid(), 'UTF8'))
$$;

-- The first key of the chain as hexadecimal digits, once: when there was none. Null later.
CREATE OR REPLACE FUNCTION kehu_audit_key() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	made bytea := public.kehu_random();
BEGIN
	INSERT INTO audit_key (key, pseudonym) VALUES (made, public.kehu_random()) ON CONFLICT DO NOTHING;
	RETURN CASE WHEN FOUND THEN encode(made, 'hex') END;
END
$$;

-- A name as the audit may keep it: always the same, of no use without the secret.
CREATE OR REPLACE FUNCTION kehu_pseudonym(p_text text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT left(encode(sha256(k.pseudonym || convert_to(p_text, 'UTF8')), 'hex'), 16) FROM audit_key k
$$;

-- Takes the right to seal, until COMMIT: where the chain ends and how far it can go. No row:
-- another kehud is at it. below is exclusive: every transaction before it is over.
CREATE OR REPLACE FUNCTION kehu_audit_seal_begin(OUT number bigint, OUT prev bytea, OUT floor bigint,
	OUT xid_from text, OUT below text)
RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	PERFORM public.kehu_audit_key();
	RETURN QUERY
	SELECT k.number, coalesce(s.hash, '\x'::bytea), coalesce(s.ceiling, s.floor, 0),
		CASE WHEN s.ceiling IS NULL THEN coalesce(s.xid_below, '0'::xid8)::text ELSE '0' END, pg_snapshot_xmin(pg_current_snapshot())::text
	FROM audit_key k LEFT JOIN audit_segment s ON s.number = k.number - 1
	FOR UPDATE OF k SKIP LOCKED;
END
$$;

-- Adds the segment, signs it, and forgets the key it was signed with.
CREATE OR REPLACE FUNCTION kehu_audit_seal_end(p_number bigint, p_floor bigint, p_from text, p_below text,
	p_rows bigint, p_at timestamptz, p_prev bytea, p_root bytea, p_hash bytea, p_leaves bytea)
RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	k bytea;
	signed bytea;
BEGIN
	SELECT key INTO k FROM audit_key WHERE number = p_number FOR UPDATE;
	IF k IS NULL OR p_prev <> coalesce((SELECT s.hash FROM audit_segment s WHERE s.number = p_number - 1),
		decode(repeat('00', 32), 'hex')) THEN
		RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'another server sealed this segment';
	END IF;
	signed := sha256(k || '\x02'::bytea || sha256(k || '\x01'::bytea || p_hash));
	INSERT INTO audit_segment (number, floor, xid_from, xid_below, rows, at, prev, root, hash, mac, leaves)
	VALUES (p_number, p_floor, p_from::xid8, p_below::xid8, p_rows, p_at, p_prev, p_root, p_hash, signed,
		p_leaves);
	UPDATE audit_key SET number = p_number + 1, key = sha256(k || '\x03'::bytea);
	RETURN signed;
END
$$;

-- Whether the caller is the one to do this periodic work now.
CREATE OR REPLACE FUNCTION kehu_tick(p_name text, p_every_s bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO tick AS t (name, next_at) VALUES (p_name, now() + make_interval(secs => p_every_s))
	ON CONFLICT (name) DO UPDATE SET next_at = EXCLUDED.next_at WHERE t.next_at <= now();
	RETURN FOUND;
END
$$;
