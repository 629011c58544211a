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

-- The ticket's row, locked, for a rule that moves it: there, within reach, of this version.
CREATE OR REPLACE FUNCTION kehu_ticket_lock(p_id bigint, p_version bigint, p_right bigint) RETURNS ticket
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	taken ticket;
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
	RETURN taken;
END
$$;

-- A step of a ticket's history, by whoever does it.
CREATE OR REPLACE FUNCTION kehu_ticket_step(p_id bigint, p_from text, p_to text, p_note text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := nullif(current_setting('kehu.user')::bigint, 0);
BEGIN
	INSERT INTO ticket_move (ticket_id, position, at, from_state, state, by_id, note, created_by)
		SELECT p_id, coalesce(max(m.position) + 1, 0), now(), p_from, p_to, caller, left(p_note, 400), caller
		FROM ticket_move m WHERE m.ticket_id = p_id;
END
$$;

-- Hands a ticket, whose row is locked, to an owner, or (owner null) into a queue; p_team: of that team from now
-- on. Who takes one that is new begins it. Who had it, who has it from now on, and the members of the queue
-- are told. Returns the new version.
CREATE OR REPLACE FUNCTION kehu_ticket_hand(taken ticket, p_owner bigint, p_pool bigint, p_team bigint, p_note text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	target users;
	begun text;
	place text;
BEGIN
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
	UPDATE ticket SET owner_id = target.id, team_id = coalesce(p_team, team_id),
		department_id = CASE WHEN p_owner IS NULL THEN taken.department_id ELSE target.department_id END,
		branch_id = CASE WHEN p_owner IS NULL THEN taken.branch_id ELSE target.branch_id END,
		pool_id = CASE WHEN p_owner IS NULL THEN p_pool END, state = begun,
		version = version + 1, updated_at = now(), updated_by = caller WHERE id = taken.id;
	PERFORM kehu_ticket_step(taken.id, taken.state, begun, concat_ws(' ', '-> ' || place, p_note));
	PERFORM kehu_tell(x.id, 'system', format('Ticket %s is with %s: %s', taken.number, place, taken.subject),
			format('工单 %s 由 %s 处理：%s', taken.number, place, taken.subject), 171, taken.id)
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

-- By hand: to somebody, or into a queue; p_right is what it takes.
CREATE OR REPLACE FUNCTION kehu_ticket_give(p_id bigint, p_version bigint, p_owner bigint, p_pool bigint,
	p_right bigint, p_note text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN kehu_ticket_hand(kehu_ticket_lock(p_id, p_version, p_right), p_owner, p_pool, NULL, p_note);
END
$$;

-- ---- by rule ---------------------------------------------------------------------------------------

-- A region with those above it, itself first.
CREATE OR REPLACE FUNCTION kehu_region_above(p_region bigint) RETURNS TABLE (id bigint, far integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY WITH RECURSIVE up AS (SELECT p_region AS id, 0 AS far
		UNION ALL SELECT r.parent_id, u.far + 1 FROM up u JOIN region r ON r.id = u.id
			WHERE r.parent_id IS NOT NULL AND u.far < 8)
		SELECT up.id, up.far FROM up WHERE up.id IS NOT NULL;
END
$$;

-- The team that a ticket of this kind in this region is for: the nearest region first, then who takes just that kind.
CREATE OR REPLACE FUNCTION kehu_ticket_team(p_kind text, p_region bigint) RETURNS service_team
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	found_team service_team;
BEGIN
	SELECT t.* INTO found_team FROM service_team t LEFT JOIN kehu_region_above(p_region) a ON a.id = t.region_id
		WHERE t.active AND t.deleted_at IS NULL AND (t.kind IS NULL OR t.kind = p_kind)
		AND (t.region_id IS NULL OR a.id IS NOT NULL)
		ORDER BY a.far NULLS LAST, t.kind NULLS LAST, t.id LIMIT 1;
	RETURN found_team;
END
$$;

-- Who of a team fits now: there, of the area, with the skill. Who had the customer last comes first, then
-- who has the skill by name, then who has the least open.
CREATE OR REPLACE FUNCTION kehu_ticket_fit(p_team bigint, p_customer bigint, p_skill text, p_region bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	last bigint[] := ARRAY(SELECT t.owner_id FROM ticket t WHERE t.customer_id = p_customer AND t.solved_at IS NOT NULL
		AND t.deleted_at IS NULL ORDER BY t.solved_at DESC LIMIT 10);
BEGIN
	RETURN (SELECT c.user_id FROM (
		SELECT t.user_id, t.id, array_position(last, t.user_id) AS had,
			EXISTS (SELECT FROM technician_skill s WHERE s.technician_id = t.id AND s.skill = p_skill AND s.deleted_at IS NULL) AS named,
			EXISTS (SELECT FROM technician_skill s WHERE s.technician_id = t.id AND s.deleted_at IS NULL) AS some
		FROM technician t WHERE t.team_id = p_team AND t.active AND t.deleted_at IS NULL AND kehu_is_active(t.user_id)
		AND (t.region_id IS NULL OR p_region IS NULL OR t.region_id IN (SELECT a.id FROM kehu_region_above(p_region) a))
		AND NOT EXISTS (SELECT FROM technician_leave l WHERE l.technician_id = t.id AND l.deleted_at IS NULL
			AND now() BETWEEN l.from_at AND l.until_at)) c
		WHERE c.named OR NOT c.some OR p_skill IS NULL
		ORDER BY c.had NULLS LAST, c.named DESC,
			(SELECT count(*) FROM ticket o WHERE o.owner_id = c.user_id AND o.state IN ('new', 'open') AND o.deleted_at IS NULL), c.id
		LIMIT 1);
END
$$;

-- Gives a ticket by the rule. p_new: one that came in just now, with its maker: only where its team is given by
-- rule, and not away from one of that team. Returns the version it has now.
CREATE OR REPLACE FUNCTION kehu_ticket_route(p_id bigint, p_version bigint, p_new boolean) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	taken ticket;
	place bigint;
	team service_team;
	who bigint;
BEGIN
	IF p_new AND NOT EXISTS (SELECT FROM service_team t WHERE t.automatic AND t.active AND t.deleted_at IS NULL) THEN
		RETURN p_version;
	END IF;
	IF p_new THEN
		SELECT * INTO taken FROM ticket WHERE id = p_id AND created_by = kehu_caller() AND version = p_version FOR NO KEY UPDATE;
	ELSE
		taken := kehu_ticket_lock(p_id, p_version, 256);
	END IF;
	place := coalesce(taken.region_id, (SELECT c.region_id FROM customer c WHERE c.id = taken.customer_id));
	team := kehu_ticket_team(taken.kind, place);
	IF p_new AND (taken.id IS NULL OR team.id IS NULL OR NOT coalesce(team.automatic, false) OR EXISTS (SELECT FROM technician t
		WHERE t.team_id = team.id AND t.user_id = taken.owner_id AND t.active AND t.deleted_at IS NULL)) THEN
		RETURN p_version;
	END IF;
	IF team.id IS NULL THEN
		PERFORM kehu_refuse('NO_TEAM');
	END IF;
	who := kehu_ticket_fit(team.id, taken.customer_id, (SELECT p.category FROM product p WHERE p.id = taken.product_id), place);
	IF who IS NULL AND team.pool_id IS NULL THEN
		IF p_new THEN
			RETURN p_version;
		END IF;
		PERFORM kehu_refuse('NO_TECHNICIAN');
	END IF;
	IF who = taken.owner_id THEN
		RETURN p_version;
	END IF;
	RETURN kehu_ticket_hand(taken, who, CASE WHEN who IS NULL THEN team.pool_id END, team.id, '(' || team.name || ')');
END
$$;

-- Escalates a locked ticket: a step more urgent, and its team's leader, or who is above its handler, hears of it; the
-- second time who is above that leader, too. Returns the new version.
CREATE OR REPLACE FUNCTION kehu_ticket_raise(taken ticket, p_en text, p_zh text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := nullif(current_setting('kehu.user')::bigint, 0);
	leader bigint := coalesce((SELECT t.leader_id FROM service_team t WHERE t.id = taken.team_id), kehu_superior(taken.owner_id));
BEGIN
	UPDATE ticket SET escalated = coalesce(escalated, 0) + 1, escalated_at = now(),
		priority = CASE priority WHEN 'p4' THEN 'p3' WHEN 'p3' THEN 'p2' WHEN 'p2' THEN 'p1' ELSE priority END,
		version = version + 1, updated_at = now(), updated_by = caller WHERE id = taken.id;
	PERFORM kehu_ticket_step(taken.id, taken.state, taken.state, '↑ ' || p_zh);
	PERFORM kehu_tell(x.id, 'system', format('Escalated: ticket %s, %s: %s', taken.number, taken.subject, p_en),
			format('已升级：工单 %s %s：%s', taken.number, taken.subject, p_zh), 171, taken.id)
		FROM (SELECT leader AS id UNION SELECT taken.owner_id
			UNION SELECT kehu_superior(leader) WHERE coalesce(taken.escalated, 0) > 0) x
		WHERE x.id IS NOT NULL AND x.id <> coalesce(caller, 0);
	RETURN taken.version + 1;
END
$$;

CREATE OR REPLACE FUNCTION kehu_ticket_escalate(p_id bigint, p_version bigint, p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN kehu_ticket_raise(kehu_ticket_lock(p_id, p_version, 256), p_reason, p_reason);
END
$$;

-- ---- clocks ----------------------------------------------------------------------------------------

-- Where a zone's clock is put forward or back between two moments: "µs:minutes east" each, the first for what is
-- before. Months that begin and end alike are not looked into.
CREATE OR REPLACE FUNCTION kehu_zone_offsets(p_zone text, p_from timestamptz, p_days integer) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	at timestamptz := p_from;
	next timestamptz;
	low timestamptz;
	high timestamptz;
	east bigint := extract(epoch FROM (p_from AT TIME ZONE p_zone) - (p_from AT TIME ZONE 'UTC'))::bigint / 60;
	then_east bigint;
	said text := '0:' || east;
BEGIN
	WHILE at < p_from + make_interval(days => p_days) LOOP
		next := at + interval '28 days';
		then_east := extract(epoch FROM (next AT TIME ZONE p_zone) - (next AT TIME ZONE 'UTC'))::bigint / 60;
		IF then_east <> east THEN
			low := at;
			high := next;
			WHILE high - low > interval '1 minute' LOOP
				at := date_trunc('minute', low + (high - low) / 2);
				IF extract(epoch FROM (at AT TIME ZONE p_zone) - (at AT TIME ZONE 'UTC'))::bigint / 60 = east THEN
					low := at;
				ELSE
					high := at;
				END IF;
			END LOOP;
			said := said || format(' %s:%s', (extract(epoch FROM high) * 1000000)::bigint, then_east);
			east := then_east;
		END IF;
		at := next;
	END LOOP;
	RETURN said;
END
$$;

-- A calendar as server/service/hours.c reads it: its hours, the days that are not as others ("day:worked"), its
-- clock. Of none: the company's; without that every minute counts.
CREATE OR REPLACE FUNCTION kehu_hours(p_calendar bigint, p_from timestamptz)
RETURNS TABLE (hours text, days text, offsets text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	c work_calendar;
BEGIN
	SELECT * INTO c FROM work_calendar w WHERE w.id = p_calendar AND w.deleted_at IS NULL;
	IF c.id IS NULL THEN
		SELECT * INTO c FROM work_calendar w WHERE w.branch_id IS NULL AND w.deleted_at IS NULL ORDER BY w.id LIMIT 1;
	END IF;
	RETURN QUERY SELECT coalesce(c.hours, '1-7 00:00-24:00'),
		CASE WHEN c.id IS NULL THEN '' ELSE coalesce((SELECT string_agg(format('%s:%s', d.day - '1970-01-01'::date, d.worked), ' ' ORDER BY d.day)
			FROM (SELECT h.day, bool_or(coalesce(h.working, false))::integer AS worked FROM holiday h WHERE h.deleted_at IS NULL
				AND h.day BETWEEN p_from::date - 2 AND p_from::date + 400 GROUP BY h.day) d), '') END,
		kehu_zone_offsets(coalesce(c.zone, 'UTC'), p_from - interval '2 days', 400);
END
$$;

-- What is promised for a ticket; p_sla: that one. No row: nothing.
CREATE OR REPLACE FUNCTION kehu_sla(p_sla bigint, p_kind text, p_priority text, p_customer bigint, p_from timestamptz)
RETURNS TABLE (id bigint, answer_min bigint, on_site_min bigint, solve_min bigint, warn_percent bigint,
	hours text, days text, offsets text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT s.id, s.answer_min, s.on_site_min, s.solve_min, coalesce(s.warn_percent, 80), h.hours, h.days, h.offsets
	FROM (SELECT l.* FROM sla l WHERE CASE WHEN p_sla IS NOT NULL THEN l.id = p_sla ELSE l.active AND l.deleted_at IS NULL
			AND (l.kind IS NULL OR l.kind = p_kind) AND (l.priority IS NULL OR l.priority = p_priority)
			AND (l.level IS NULL OR l.level = (SELECT c.level FROM customer c WHERE c.id = p_customer)) END
		ORDER BY (l.level IS NOT NULL)::integer + (l.priority IS NOT NULL)::integer + (l.kind IS NOT NULL)::integer DESC,
			l.level NULLS LAST, l.priority NULLS LAST, l.id LIMIT 1) s,
	LATERAL kehu_hours(s.calendar_id, p_from) h;
END
$$;

-- What is due now, at most so many clocks: who handles the ticket is warned, and of one that broke it is escalated.
-- What another server has in hand is passed over. Returns how many it did. Costs what is due, whatever is open.
CREATE OR REPLACE FUNCTION kehu_sla_pass(p_most bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	due record;
	clock ticket_clock;
	taken ticket;
	en text;
	zh text;
	done bigint := 0;
BEGIN
	FOR due IN SELECT c.id, c.ticket_id FROM ticket_clock c WHERE c.alarm_at <= now() AND c.deleted_at IS NULL
		ORDER BY c.alarm_at, c.ticket_id LIMIT p_most
	LOOP
		SELECT * INTO taken FROM ticket WHERE id = due.ticket_id FOR NO KEY UPDATE SKIP LOCKED;
		CONTINUE WHEN NOT FOUND;
		SELECT * INTO clock FROM ticket_clock WHERE id = due.id AND alarm_at <= now() FOR NO KEY UPDATE;
		CONTINUE WHEN NOT FOUND;
		done := done + 1;
		IF taken.deleted_at IS NOT NULL OR taken.state NOT IN ('new', 'open') OR clock.state <> 'running' THEN
			UPDATE ticket_clock SET alarm_at = NULL WHERE id = clock.id;
			CONTINUE;
		END IF;
		en := CASE clock.kind WHEN 'answer' THEN 'first answer' WHEN 'on_site' THEN 'on site' ELSE 'solution' END;
		zh := CASE clock.kind WHEN 'answer' THEN '首次答复' WHEN 'on_site' THEN '到场' ELSE '解决' END;
		IF now() < clock.due_at THEN
			UPDATE ticket_clock SET alarm_at = due_at WHERE id = clock.id;
			PERFORM kehu_tell(coalesce(taken.owner_id, (SELECT t.leader_id FROM service_team t WHERE t.id = taken.team_id)), 'system',
				format('Due soon (%s): ticket %s, %s', en, taken.number, taken.subject),
				format('即将超时（%s）：工单 %s %s', zh, taken.number, taken.subject), 171, taken.id);
		ELSE
			UPDATE ticket_clock SET state = 'breached', alarm_at = NULL WHERE id = clock.id;
			UPDATE ticket SET late = true WHERE id = taken.id;
			PERFORM kehu_ticket_raise(taken, 'too late: ' || en, zh || '超时');
		END IF;
	END LOOP;
	RETURN done;
END
$$;
