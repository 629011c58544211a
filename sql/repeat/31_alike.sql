-- Duplicates of customers: what looks like one that is to be saved or is asked for. Keys come from
-- common/name.h by way of the server; nothing is compared in any other way.

DROP FUNCTION IF EXISTS kehu_customer_duplicates(bigint, text, text, text);

-- Customers whose name, sound, phones or tax number are among these, but not p_self. p_hold: until
-- the transaction ends nobody else gets an answer about the same keys, so that of two who save one
-- customer at once the second finds the first one's.
-- Of what the caller may not see it is only said that it is there (id null): with whom (somebody, a
-- pool, nobody), and in which month it was last met. same: it is taken for the same customer.
CREATE OR REPLACE FUNCTION kehu_customer_alike(p_self bigint, p_hold boolean, p_person boolean,
	p_alike text, p_sound text, p_digits text[], p_tax text, p_contacts boolean)
RETURNS TABLE (id bigint, same boolean, matched text, place text, pool text, met date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	caller bigint := kehu_caller();
	word text;
BEGIN
	IF p_hold THEN
		-- Whoever saves many at once holds all keys: see kehu_customers_alike().
		PERFORM pg_advisory_xact_lock_shared(81, 0);
		FOR word IN SELECT DISTINCT w FROM unnest(p_digits || ARRAY['=' || p_alike, '#' || p_tax]) w
			WHERE length(w) > 1 ORDER BY w
		LOOP
			PERFORM pg_advisory_xact_lock(80, hashtext(word));
		END LOOP;
	END IF;
	RETURN QUERY
	SELECT CASE WHEN m.seen THEN m.id END,
		'tax_number' = ANY (m.words) OR 'name' = ANY (m.words)
			AND (NOT p_person AND m.type <> 'person' OR 'phone' = ANY (m.words)),
		array_to_string(m.words, ' '),
		CASE WHEN m.owner_id IS NOT NULL THEN 'colleague' WHEN m.pool_id IS NOT NULL THEN 'pool' ELSE 'nobody' END,
		CASE WHEN m.owner_id IS NULL THEN (SELECT o.name FROM pool o WHERE o.id = m.pool_id) END,
		(SELECT date_trunc('month', f.last_visit_at AT TIME ZONE 'UTC' + kehu_branch_offset(NULL))::date
			FROM customer_figures f WHERE f.id = m.id)
	FROM (SELECT c.id, c.type, c.owner_id, c.pool_id,
			kehu_may(caller, 'customer', 1, c.owner_id, c.department_id, c.branch_id, c.pool_id)
				OR EXISTS (SELECT FROM record_share s WHERE s.user_id = caller AND s.entity = 10
					AND s.record_id = c.id) AS seen, k.words
		FROM (SELECT f.id, array_agg(DISTINCT f.word ORDER BY f.word) AS words FROM (
				(SELECT c.id, 'tax_number' AS word FROM customer c WHERE c.tax_number_alike = p_tax
					AND c.tax_number_alike <> '' AND c.deleted_at IS NULL LIMIT 5)
				UNION ALL
				(SELECT c.id, 'name' FROM customer c WHERE c.name_alike = p_alike
					AND c.name_alike <> '' AND c.deleted_at IS NULL LIMIT 5)
				UNION ALL
				(SELECT c.id, 'sound' FROM customer c WHERE c.name_sound = p_sound AND c.name_sound <> ''
					AND c.name_alike <> p_alike AND NOT p_person AND c.deleted_at IS NULL LIMIT 5)
				UNION ALL
				(SELECT c.id, 'phone' FROM customer c WHERE c.phone_digits = ANY (p_digits)
					AND c.phone_digits <> '' AND c.deleted_at IS NULL LIMIT 5)
				UNION ALL
				(SELECT p.customer_id, 'phone' FROM customer_phone p WHERE p.number_digits = ANY (p_digits)
					AND p.number_digits <> '' AND p.deleted_at IS NULL LIMIT 5)
				UNION ALL
				(SELECT t.customer_id, 'contact' FROM contact t WHERE p_contacts
					AND t.mobile_digits = ANY (p_digits) AND t.mobile_digits <> ''
					AND t.deleted_at IS NULL LIMIT 5)
			) f WHERE f.id <> coalesce(p_self, 0) GROUP BY f.id) k
		JOIN customer c ON c.id = k.id AND c.deleted_at IS NULL) m
	ORDER BY 2 DESC, m.seen DESC, m.id LIMIT 10;
END
$$;

-- Of many new customers those that are like one there is, by their places in the arrays, with one of those
-- they are like and the words of what is the same. Phones stand apart, each with its customer's place.
-- Until the transaction ends nobody else's save gets an answer at all.
CREATE OR REPLACE FUNCTION kehu_customers_alike(p_n bigint[], p_alike text[], p_sound text[], p_tax text[],
	p_person boolean[], p_phone_n bigint[], p_phone text[])
RETURNS TABLE (n bigint, id bigint, matched text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
	PERFORM pg_advisory_xact_lock(81, 0);
	RETURN QUERY
	-- OFFSET 0: each key asks its index, whatever the planner believes of a table that just grew.
	SELECT f.n, (array_agg(f.id ORDER BY f.rank, f.id))[1], string_agg(DISTINCT f.word, ' ') FROM (
		SELECT k.n, c.id, 'name' AS word, 1 AS rank FROM unnest(p_n, p_alike) k (n, key)
			CROSS JOIN LATERAL (SELECT c.id FROM customer c WHERE c.name_alike = k.key
				AND c.name_alike <> '' AND c.deleted_at IS NULL OFFSET 0) c
		UNION ALL
		SELECT k.n, c.id, 'tax_number', 0 FROM unnest(p_n, p_tax) k (n, key)
			CROSS JOIN LATERAL (SELECT c.id FROM customer c WHERE c.tax_number_alike = k.key
				AND c.tax_number_alike <> '' AND c.deleted_at IS NULL OFFSET 0) c
		UNION ALL
		SELECT k.n, c.id, 'sound', 3 FROM unnest(p_n, p_sound, p_alike, p_person) k (n, key, alike, person)
			CROSS JOIN LATERAL (SELECT c.id FROM customer c WHERE c.name_sound = k.key
				AND c.name_sound <> '' AND c.name_alike <> k.alike AND c.deleted_at IS NULL OFFSET 0) c
			WHERE NOT k.person
		UNION ALL
		SELECT k.n, c.id, 'phone', 2 FROM unnest(p_phone_n, p_phone) k (n, key)
			CROSS JOIN LATERAL (SELECT c.id FROM customer c WHERE c.phone_digits = k.key
				AND c.phone_digits <> '' AND c.deleted_at IS NULL OFFSET 0) c
		UNION ALL
		SELECT k.n, p.customer_id, 'phone', 2 FROM unnest(p_phone_n, p_phone) k (n, key)
			CROSS JOIN LATERAL (SELECT p.customer_id FROM customer_phone p WHERE p.number_digits = k.key
				AND p.number_digits <> '' AND p.deleted_at IS NULL AND EXISTS (SELECT FROM customer x
					WHERE x.id = p.customer_id AND x.deleted_at IS NULL) OFFSET 0) p
		) f GROUP BY f.n;
END
$$;
