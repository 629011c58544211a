-- What rules say of customers: contribution classes, the loyal and the shrinking, months that fell.

-- ---- monthly figures ----------------------------------------------------------------------------

-- Figures against the month before, of these rows and of those that follow them.
CREATE OR REPLACE FUNCTION kehu_months_compare(p_ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	INSERT INTO customer_month_figures AS f (id, before, change)
		SELECT m.id, b.value, CASE WHEN b.value > 0 THEN round((coalesce(m.amount, m.number) - b.value) * 100.0 / b.value)::bigint END
		FROM (SELECT DISTINCT n.id FROM customer_month t JOIN customer_month n ON n.customer_id = t.customer_id
				AND n.month IN (t.month, (t.month + interval '1 month')::date) AND n.measure = t.measure
				AND n.product_id IS NOT DISTINCT FROM t.product_id AND n.deleted_at IS NULL
			WHERE t.id = ANY (p_ids)) i
		JOIN customer_month m ON m.id = i.id
		LEFT JOIN LATERAL (SELECT coalesce(b.amount, b.number) AS value FROM customer_month b
			WHERE b.customer_id = m.customer_id AND b.month = (m.month - interval '1 month')::date
			AND b.measure = m.measure AND b.product_id IS NOT DISTINCT FROM m.product_id AND b.deleted_at IS NULL
			AND b.amount_currency IS NOT DISTINCT FROM m.amount_currency LIMIT 1) b ON true
		ON CONFLICT (id) DO UPDATE SET before = EXCLUDED.before, change = EXCLUDED.change,
			told = f.told AND f.change IS NOT DISTINCT FROM EXCLUDED.change
		WHERE (f.before, f.change) IS DISTINCT FROM (EXCLUDED.before, EXCLUDED.change);
END
$$;
CREATE OR REPLACE FUNCTION customer_month_on_new() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM kehu_months_compare((SELECT array_agg(n.id) FROM kehu_new n));
	RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION customer_month_on_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM kehu_months_compare(ARRAY[NEW.id]);
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_compare_new AFTER INSERT ON customer_month REFERENCING NEW TABLE AS kehu_new
	FOR EACH STATEMENT EXECUTE FUNCTION customer_month_on_new();
CREATE OR REPLACE TRIGGER kehu_compare_changed AFTER UPDATE OF amount, number, month, measure, product_id, customer_id, deleted_at
	ON customer_month FOR EACH ROW EXECUTE FUNCTION customer_month_on_change();

-- Tells owners of what fell by as much as a rule says, of the last three months, each once; how many there were.
CREATE OR REPLACE FUNCTION kehu_months_fell(p_max integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	least bigint := (SELECT min(r.percent) FROM class_rule r WHERE r.kind = 'falling' AND r.active AND r.deleted_at IS NULL);
	one record;
	told bigint := 0;
BEGIN
	IF least IS NULL THEN
		RETURN 0;
	END IF;
	FOR one IN WITH fell AS (
			UPDATE customer_month_figures f SET told = true FROM (SELECT f.id FROM customer_month_figures f
				WHERE f.change < 0 AND NOT f.told AND f.change <= -least ORDER BY f.change, f.id
				LIMIT p_max FOR UPDATE SKIP LOCKED) x
			WHERE f.id = x.id RETURNING f.id, f.change)
		SELECT m.owner_id, count(*) AS number, array_to_string((array_agg(c.name || ' ' || f.change || '%'
			ORDER BY f.change))[1:5], ', ') AS names
		FROM fell f JOIN customer_month m ON m.id = f.id AND m.deleted_at IS NULL JOIN customer c ON c.id = m.customer_id
		WHERE m.owner_id IS NOT NULL AND m.month >= kehu_today() - 100 GROUP BY m.owner_id
	LOOP
		told := told + one.number;
		PERFORM kehu_tell(one.owner_id, 'system', format('%s monthly figures fell: %s', one.number, one.names),
			format('%s 项月度数据下降：%s', one.number, one.names), NULL, NULL);
	END LOOP;
	RETURN told;
END
$$;

-- ---- classes ------------------------------------------------------------------------------------

-- All customers, or one, in one pass. Nothing is written of who meets no rule: they are potential, neither loyal nor
-- shrinking. Each measure that an active rule asks for is summed once a customer.
CREATE OR REPLACE FUNCTION kehu_classify(p_customer bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	today date := kehu_today();
	changed bigint;
BEGIN
	WITH rule AS MATERIALIZED (SELECT r.*, (today - make_interval(months => r.months::integer))::date AS since,
			(today - make_interval(months => 2 * r.months::integer))::date AS past
		FROM class_rule r WHERE r.active AND r.deleted_at IS NULL),
	bought AS (SELECT r.id AS rule, o.customer_id,
			sum(o.total_base - coalesce(g.dropped, 0)) FILTER (WHERE o.ordered_on > r.since) AS amount,
			sum(o.total_base - coalesce(g.dropped, 0)) FILTER (WHERE o.ordered_on <= r.since) AS past,
			count(DISTINCT date_trunc('month', o.ordered_on)) FILTER (WHERE o.ordered_on > r.since) AS months
		FROM rule r JOIN sales_order o ON o.ordered_on > r.past
			AND o.state IN ('confirmed', 'part_delivered', 'delivered', 'closed') AND o.deleted_at IS NULL
			AND (p_customer IS NULL OR o.customer_id = p_customer)
			LEFT JOIN sales_order_figures g ON g.id = o.id
		WHERE r.measure = 'orders' AND r.kind <> 'falling' GROUP BY 1, 2
		UNION ALL SELECT r.id, i.customer_id, sum(i.amount_base) FILTER (WHERE i.received_on > r.since),
			sum(i.amount_base) FILTER (WHERE i.received_on <= r.since),
			count(DISTINCT date_trunc('month', i.received_on)) FILTER (WHERE i.received_on > r.since)
		FROM rule r JOIN receipt i ON i.received_on > r.past AND i.state = 'booked' AND i.deleted_at IS NULL
			AND (p_customer IS NULL OR i.customer_id = p_customer)
		WHERE r.measure = 'receipts' AND r.kind <> 'falling' GROUP BY 1, 2
		UNION ALL SELECT r.id, m.customer_id,
			CASE WHEN r.measure = 'spending' THEN sum(m.amount) FILTER (WHERE m.month > r.since)
				ELSE sum(m.amount) FILTER (WHERE m.month = m.newest AND m.month > r.since) END,
			sum(m.amount) FILTER (WHERE m.month <= r.since), count(DISTINCT m.month) FILTER (WHERE m.month > r.since)
		FROM rule r JOIN LATERAL (SELECT x.*, max(x.month) OVER (PARTITION BY x.customer_id) AS newest FROM customer_month x
			WHERE x.measure = r.measure AND x.month > r.past AND x.deleted_at IS NULL
			AND coalesce(x.amount_currency, 'CNY') = 'CNY' AND (p_customer IS NULL OR x.customer_id = p_customer)) m ON true
		WHERE r.measure IN ('balance', 'loan', 'spending') AND r.kind <> 'falling' GROUP BY r.id, r.measure, m.customer_id),
	met AS (SELECT b.customer_id,
			min(array_position(ARRAY['premium', 'main', 'ordinary'], r.class))
				FILTER (WHERE r.kind = 'class' AND b.amount >= coalesce(r.least, 1)) AS class,
			bool_or(r.class = 'restricted' AND b.amount >= coalesce(r.least, 1)) FILTER (WHERE r.kind = 'class') AS restricted,
			bool_or(b.months >= coalesce(r.number, 1)) FILTER (WHERE r.kind = 'loyal') AS loyal,
			bool_or(b.past > 0 AND coalesce(b.amount, 0) <= b.past * (100 - coalesce(r.percent, 1)) / 100.0)
				FILTER (WHERE r.kind = 'shrinking') AS shrinking
		FROM bought b JOIN rule r ON r.id = b.rule GROUP BY b.customer_id),
	says AS (SELECT c.id, coalesce(nullif(c.class_hand, ''),
			CASE WHEN m.restricted OR (c.credit IN ('C', 'D') AND EXISTS (SELECT FROM rule r WHERE r.kind = 'class'
				AND r.measure = 'credit' AND r.class = 'restricted')) THEN 'restricted'
			ELSE (ARRAY['premium', 'main', 'ordinary'])[m.class] END) AS class,
			nullif(m.loyal, false) AS loyal, nullif(m.shrinking, false) AS shrinking
		FROM customer c LEFT JOIN met m ON m.customer_id = c.id
		WHERE c.deleted_at IS NULL AND (p_customer IS NULL OR c.id = p_customer)),
	done AS (INSERT INTO customer_figures AS f (id, class, loyal, shrinking) SELECT s.id, s.class, s.loyal, s.shrinking
		FROM says s LEFT JOIN customer_figures x ON x.id = s.id
		WHERE (x.class, x.loyal, x.shrinking) IS DISTINCT FROM (s.class, s.loyal, s.shrinking) ORDER BY s.id
		ON CONFLICT (id) DO UPDATE SET class = EXCLUDED.class, loyal = EXCLUDED.loyal, shrinking = EXCLUDED.shrinking
		RETURNING 1)
	SELECT count(*) INTO changed FROM done;
	RETURN changed;
END
$$;

-- Once a day, and after a rule has changed; by one server.
CREATE OR REPLACE FUNCTION kehu_classify_all() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	changed bigint := 0;
BEGIN
	PERFORM FROM class_state s WHERE s.stale OR s.done_on IS DISTINCT FROM kehu_today() FOR UPDATE SKIP LOCKED;
	IF FOUND THEN
		changed := kehu_classify(NULL);
		UPDATE class_state SET stale = false, done_on = kehu_today();
	END IF;
	RETURN changed;
END
$$;
CREATE OR REPLACE FUNCTION class_rule_on_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE class_state SET stale = true WHERE NOT stale;
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_stale AFTER INSERT OR UPDATE ON class_rule
	FOR EACH STATEMENT EXECUTE FUNCTION class_rule_on_change();
-- What was set by hand counts at once.
CREATE OR REPLACE FUNCTION customer_classified() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM kehu_classify(NEW.id);
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_classified AFTER UPDATE OF class_hand ON customer
	FOR EACH ROW WHEN (OLD.class_hand IS DISTINCT FROM NEW.class_hand) EXECUTE FUNCTION customer_classified();
