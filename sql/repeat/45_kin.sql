-- The customer tree: relations "parent" and "subsidiary" read from either side.

-- Whom a customer belongs to, or who belongs to it, one relation left out: ids alone, which nobody sees
-- anything by.
CREATE OR REPLACE FUNCTION kehu_customer_kin(p_id bigint, p_above boolean, p_except bigint) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 3 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT r.other_id FROM customer_relation r WHERE r.customer_id = p_id AND r.deleted_at IS NULL
			AND r.id IS DISTINCT FROM p_except AND r.kind = CASE WHEN p_above THEN 'parent' ELSE 'subsidiary' END
		UNION SELECT r.customer_id FROM customer_relation r WHERE r.other_id = p_id AND r.deleted_at IS NULL
			AND r.id IS DISTINCT FROM p_except AND r.kind = CASE WHEN p_above THEN 'subsidiary' ELSE 'parent' END;
END
$$;

-- The way from a parent up to the customer that is to belong to it, p_except being the relation that says so;
-- null: there is none. Until the
-- transaction ends nobody else relates customers so: two who each close half a circle come one after the other.
CREATE OR REPLACE FUNCTION kehu_customer_circle(p_child bigint, p_parent bigint, p_except bigint) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	seen bigint[] := ARRAY[p_parent];
	below bigint[] := ARRAY[NULL::bigint];
	way bigint[];
	at integer := 1;
	above bigint;
BEGIN
	PERFORM pg_advisory_xact_lock(81, hashtext('customer tree'));
	-- Breadth first, each customer once, so that the shortest way is named and a wide group costs what it is.
	WHILE at <= cardinality(seen) LOOP
		IF seen[at] = p_child THEN
			WHILE at IS NOT NULL LOOP
				way := seen[at] || coalesce(way, '{}');
				at := below[at];
			END LOOP;
			RETURN way;
		END IF;
		FOR above IN SELECT k FROM kehu_customer_kin(seen[at], true, p_except) k WHERE k <> ALL (seen) ORDER BY k LOOP
			seen := seen || above;
			below := below || at::bigint;
		END LOOP;
		at := at + 1;
	END LOOP;
	RETURN NULL;
END
$$;

-- Merged, restored and undone relations too: no way round what saving refuses. One of a customer with itself
-- is passed over, which a merge deletes.
CREATE OR REPLACE FUNCTION customer_relation_on_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF kehu_customer_circle(CASE NEW.kind WHEN 'parent' THEN NEW.customer_id ELSE NEW.other_id END,
		CASE NEW.kind WHEN 'parent' THEN NEW.other_id ELSE NEW.customer_id END, NEW.id) IS NOT NULL THEN
		PERFORM kehu_refuse('CIRCLE');
	END IF;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_circle_new AFTER INSERT ON customer_relation FOR EACH ROW
	WHEN (NEW.kind IN ('parent', 'subsidiary') AND NEW.deleted_at IS NULL AND NEW.customer_id <> NEW.other_id)
	EXECUTE FUNCTION customer_relation_on_change();
CREATE OR REPLACE TRIGGER kehu_circle_changed AFTER UPDATE OF kind, customer_id, other_id, deleted_at ON customer_relation
	FOR EACH ROW WHEN (NEW.kind IN ('parent', 'subsidiary') AND NEW.deleted_at IS NULL AND NEW.customer_id <> NEW.other_id
		AND (OLD.kind, OLD.customer_id, OLD.other_id, OLD.deleted_at) IS DISTINCT FROM
			(NEW.kind, NEW.customer_id, NEW.other_id, NEW.deleted_at))
	EXECUTE FUNCTION customer_relation_on_change();
