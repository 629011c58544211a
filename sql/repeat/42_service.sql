-- Rule functions of tickets: who calls, and who has a ticket.

-- The customers, and their people, of a phone, as far as the caller may see them; p_customer not 0: of that one.
CREATE OR REPLACE FUNCTION kehu_ticket_caller(p_digits text, p_customer bigint)
RETURNS TABLE (customer bigint, contact bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
BEGIN
	RETURN QUERY
	WITH people AS (SELECT t.id, t.customer_id FROM contact t
			WHERE t.mobile_digits = p_digits AND t.mobile_digits <> '' AND t.deleted_at IS NULL
			AND kehu_may(caller, 'contact', 1, t.owner_id, t.department_id, t.branch_id, t.pool_id) LIMIT 20),
		found AS (SELECT p.customer_id AS id, p.id AS who FROM people p
			UNION ALL SELECT c.id, NULL FROM customer c WHERE c.phone_digits = p_digits AND c.phone_digits <> ''
				AND c.deleted_at IS NULL
			UNION ALL SELECT l.customer_id, NULL FROM customer_phone l WHERE l.number_digits = p_digits
				AND l.number_digits <> '' AND l.deleted_at IS NULL)
	SELECT c.id, max(f.who) FROM (SELECT * FROM found LIMIT 20) f JOIN customer c ON c.id = f.id AND c.deleted_at IS NULL
		WHERE p_customer IN (0, c.id)
		AND kehu_may(caller, 'customer', 1, c.owner_id, c.department_id, c.branch_id, c.pool_id)
		GROUP BY c.id HAVING count(DISTINCT f.who) <= 1 OR p_customer = 0 ORDER BY c.id;
END
$$;

-- Gives a ticket to an owner, or (owner null) into a queue; p_right is what it takes. Who takes one that
-- is new begins it. Who had it, who has it from now on, and the members of the queue are told. Returns
-- the new version.
CREATE OR REPLACE FUNCTION kehu_ticket_give(p_id bigint, p_version bigint, p_owner bigint, p_pool bigint,
	p_right bigint, p_note text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	target users;
	taken ticket;
	begun text;
	place text;
BEGIN
	SELECT * INTO taken FROM ticket WHERE id = p_id AND deleted_at IS NULL FOR NO KEY UPDATE;
	IF NOT FOUND OR NOT (kehu_may(caller, 'ticket', 1, taken.owner_id, taken.department_id, taken.branch_id, taken.pool_id)
		OR EXISTS (SELECT FROM record_share s WHERE s.user_id = caller AND s.entity = 171 AND s.record_id = p_id)) THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	IF NOT kehu_may(caller, 'ticket', p_right, taken.owner_id, taken.department_id, taken.branch_id, taken.pool_id) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF taken.version <> p_version THEN
		PERFORM kehu_refuse('CONFLICT');
	END IF;
	IF p_owner IS NOT NULL THEN
		target := kehu_new_owner(p_owner);
		place := target.label;
	ELSE
		SELECT p.name INTO place FROM pool p WHERE p.id = p_pool AND p.active AND p.deleted_at IS NULL;
		IF place IS NULL THEN
			PERFORM kehu_refuse('INVALID');
		END IF;
	END IF;
	begun := CASE WHEN taken.state = 'new' AND p_owner = caller THEN 'open' ELSE taken.state END;
	-- In a queue it stays with the department and branch that it came from.
	UPDATE ticket SET owner_id = target.id,
		department_id = CASE WHEN p_owner IS NULL THEN taken.department_id ELSE target.department_id END,
		branch_id = CASE WHEN p_owner IS NULL THEN taken.branch_id ELSE target.branch_id END,
		pool_id = CASE WHEN p_owner IS NULL THEN p_pool END, state = begun,
		version = version + 1, updated_at = now(), updated_by = caller WHERE id = p_id;
	INSERT INTO ticket_move (ticket_id, position, at, from_state, state, by_id, note, created_by)
		SELECT p_id, coalesce(max(m.position) + 1, 0), now(), taken.state, begun, caller,
			left(concat_ws(' ', '-> ' || place, p_note), 400), caller
		FROM ticket_move m WHERE m.ticket_id = p_id;
	PERFORM kehu_tell(x.id, 'system', format('Ticket %s is with %s: %s', taken.number, place, taken.subject),
			format('工单 %s 由 %s 处理：%s', taken.number, place, taken.subject), 171, p_id)
		FROM (SELECT o AS id FROM unnest(ARRAY[taken.owner_id, p_owner]) o WHERE o IS NOT NULL
			UNION SELECT m.user_id FROM pool_member m WHERE p_owner IS NULL AND m.pool_id = p_pool
				AND m.user_id IS NOT NULL AND m.deleted_at IS NULL
			UNION SELECT u.id FROM pool_member m JOIN users u ON u.department_id = m.member_department_id
				AND NOT coalesce(u.disabled, false) AND u.deleted_at IS NULL
				WHERE p_owner IS NULL AND m.pool_id = p_pool AND m.deleted_at IS NULL) x
		WHERE x.id <> caller;
	RETURN taken.version + 1;
END
$$;
