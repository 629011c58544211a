-- Rule functions of work reports and targets.

-- What the caller did from p_from until before p_to (local days p_first to p_last), and what is planned
-- from then to p_next: a row for each thing, in the order a report tells them. code and result are codes
-- of dictionaries.
CREATE OR REPLACE FUNCTION kehu_work_items(p_owner bigint, p_from timestamptz, p_to timestamptz,
	p_next_to timestamptz, p_first date, p_last date, p_next date)
RETURNS TABLE (planned boolean, what text, at timestamptz, day date, code text, name text, note text,
	result text, minor bigint, currency text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	IF p_owner <> kehu_caller() THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	RETURN QUERY
	SELECT i.planned, i.what, i.at, i.day, i.code, i.name, i.note, i.result, i.minor, i.currency FROM (
		SELECT v.at >= p_to OR v.state = 'planned' AS planned, 1 AS place, 'visit' AS what, v.at, NULL::date AS day,
			v.kind AS code, coalesce(c.short_name, c.name) AS name, v.purpose AS note, v.outcome AS result,
			NULL::bigint AS minor, NULL::text AS currency, v.id
		FROM visit v LEFT JOIN customer c ON c.id = v.customer_id
		WHERE v.owner_id = p_owner AND v.deleted_at IS NULL AND v.at >= p_from AND v.at < p_next_to
		AND (v.at < p_to AND v.state IN ('started', 'completed') OR v.at >= p_to AND v.state = 'planned')
		UNION ALL
		SELECT true, 2, 'next', NULL, v.next_on, NULL, coalesce(c.short_name, c.name), v.next_step, NULL, NULL, NULL, v.id
		FROM visit v LEFT JOIN customer c ON c.id = v.customer_id
		WHERE v.owner_id = p_owner AND v.deleted_at IS NULL AND v.state = 'completed'
		AND v.at >= p_from - interval '200 days' AND v.at < p_to AND v.next_on > p_last AND v.next_on <= p_next
		UNION ALL
		SELECT false, 3, 'customer', c.created_at, NULL, NULL, coalesce(c.short_name, c.name), NULL, NULL, NULL, NULL, c.id
		FROM customer c WHERE c.owner_id = p_owner AND c.deleted_at IS NULL AND c.created_by = p_owner
		AND c.created_at >= p_from AND c.created_at < p_to
		UNION ALL
		SELECT false, 4, 'lead', NULL, l.received_on, l.state, l.name, l.need, NULL, NULL, NULL, l.id
		FROM lead l WHERE l.owner_id = p_owner AND l.deleted_at IS NULL
		AND l.received_on >= p_first AND l.received_on <= p_last
		UNION ALL
		SELECT false, 5, 'move', m.at, NULL, m.stage, o.name, m.reason, m.from_stage, o.amount, o.amount_currency, o.id
		FROM opportunity_move m JOIN opportunity o ON o.id = m.opportunity_id AND o.deleted_at IS NULL
		WHERE m.by_id = p_owner AND m.deleted_at IS NULL AND m.at >= p_from AND m.at < p_to
		UNION ALL
		SELECT true, 6, 'opportunity', NULL, o.next_on, NULL, o.name, o.next_step, NULL, NULL, NULL, o.id
		FROM opportunity o WHERE o.owner_id = p_owner AND o.deleted_at IS NULL AND o.state = 'open'
		AND o.next_on > p_last AND o.next_on <= p_next
		UNION ALL
		SELECT s.state = 'open', 7, 'step', NULL, CASE WHEN s.state = 'open' THEN s.due_on ELSE s.done_on END, NULL,
			coalesce(c.short_name, c.name), s.step, CASE WHEN s.state = 'done' THEN s.result END, NULL, NULL, s.id
		FROM plan_step s JOIN customer c ON c.id = s.customer_id
		WHERE s.owner_id = p_owner AND s.deleted_at IS NULL
		AND (s.state = 'open' AND s.due_on > p_last AND s.due_on <= p_next
			OR s.state = 'done' AND s.done_on >= p_first AND s.done_on <= p_last)
		UNION ALL
		SELECT false, 8, 'order', NULL, o.ordered_on, o.state, coalesce(c.short_name, c.name), o.number, NULL,
			o.total, o.total_currency, o.id
		FROM sales_order o JOIN customer c ON c.id = o.customer_id
		WHERE o.owner_id = p_owner AND o.deleted_at IS NULL AND o.state NOT IN ('draft', 'cancelled')
		AND o.ordered_on >= p_first AND o.ordered_on <= p_last
		UNION ALL
		SELECT false, 9, 'receipt', NULL, r.received_on, NULL, coalesce(c.short_name, c.name), r.number, NULL,
			r.amount, r.amount_currency, r.id
		FROM receipt r JOIN customer c ON c.id = r.customer_id
		WHERE r.owner_id = p_owner AND r.deleted_at IS NULL AND r.state = 'booked'
		AND r.received_on >= p_first AND r.received_on <= p_last) i
	ORDER BY i.planned, i.place, i.at, i.day, i.id LIMIT 400;
END
$$;

-- Tells the author's superior that a report was handed in.
CREATE OR REPLACE FUNCTION kehu_work_report_tell(p_id bigint, p_entity bigint, p_title text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	above bigint := (SELECT u.superior_id FROM users u WHERE u.id = caller);
BEGIN
	IF NOT EXISTS (SELECT FROM work_report r WHERE r.id = p_id AND r.owner_id = caller) THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	IF above IS NOT NULL AND above <> caller AND kehu_is_active(above) THEN
		PERFORM kehu_tell(above, 'follow', format('Report handed in: %s', p_title),
			format('工作报告已提交：%s', p_title), p_entity, p_id);
	END IF;
END
$$;
