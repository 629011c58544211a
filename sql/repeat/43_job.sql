-- Jobs on site: who fits, who is held when, and the steps that reach past the job itself.

CREATE OR REPLACE FUNCTION kehu_job_holds(p_state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT p_state IN ('planned', 'told', 'accepted', 'on_way', 'arrived') $$;

-- A job holds its technician and helpers from start to end while it is open. Their rows are locked first, in order,
-- so that two who want the same person wait for one another instead of each for both.
CREATE OR REPLACE FUNCTION kehu_job_book(p_job bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	wanted bigint[] := ARRAY(SELECT t.id FROM job_visit j, LATERAL (SELECT j.technician_id AS id
			UNION SELECT h.technician_id FROM job_visit_helper h WHERE h.job_visit_id = j.id AND h.deleted_at IS NULL) t
		WHERE j.id = p_job AND j.deleted_at IS NULL AND kehu_job_holds(j.state) AND j.start_at < j.end_at
		AND t.id IS NOT NULL ORDER BY t.id);
BEGIN
	PERFORM FROM technician t WHERE t.id = ANY (wanted) ORDER BY t.id FOR NO KEY UPDATE;
	DELETE FROM job_booking WHERE job_visit_id = p_job;
	INSERT INTO job_booking (job_visit_id, technician_id, span)
		SELECT j.id, t.id, tstzrange(j.start_at, j.end_at) FROM job_visit j, unnest(wanted) t (id) WHERE j.id = p_job;
EXCEPTION WHEN exclusion_violation THEN
	PERFORM kehu_refuse('NOT_FREE');
END
$$;

CREATE OR REPLACE FUNCTION kehu_job_booked() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	PERFORM kehu_job_book(NEW.id);
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_books_new AFTER INSERT ON job_visit FOR EACH ROW
	WHEN (NEW.start_at IS NOT NULL AND kehu_job_holds(NEW.state)) EXECUTE FUNCTION kehu_job_booked();
CREATE OR REPLACE TRIGGER kehu_books AFTER UPDATE OF state, technician_id, start_at, end_at, deleted_at ON job_visit FOR EACH ROW
	WHEN ((OLD.technician_id, OLD.start_at, OLD.end_at, OLD.deleted_at, kehu_job_holds(OLD.state)) IS DISTINCT FROM
		(NEW.technician_id, NEW.start_at, NEW.end_at, NEW.deleted_at, kehu_job_holds(NEW.state)))
	EXECUTE FUNCTION kehu_job_booked();

-- Who helps sees the job as if it were shared with them.
CREATE OR REPLACE FUNCTION kehu_job_helped() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	had boolean;
	who bigint;
BEGIN
	IF TG_OP = 'UPDATE' AND (OLD.technician_id <> NEW.technician_id OR NEW.deleted_at IS NOT NULL) THEN
		DELETE FROM record_share s USING technician t WHERE t.id = OLD.technician_id AND s.user_id = t.user_id
			AND s.entity = 179 AND s.record_id = NEW.job_visit_id;
	END IF;
	SELECT t.user_id INTO who FROM technician t WHERE t.id = NEW.technician_id AND NEW.deleted_at IS NULL;
	IF who IS NOT NULL THEN
		had := EXISTS (SELECT FROM record_share s WHERE s.user_id = who);
		INSERT INTO record_share (user_id, entity, record_id, rights, created_by)
			VALUES (who, 179, NEW.job_visit_id, 1, nullif(current_setting('kehu.user', true), '')::bigint) ON CONFLICT DO NOTHING;
		IF NOT had THEN
			UPDATE state SET access_epoch = access_epoch + 1;
		END IF;
	END IF;
	PERFORM kehu_job_book(NEW.job_visit_id);
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_books AFTER INSERT OR UPDATE ON job_visit_helper FOR EACH ROW EXECUTE FUNCTION kehu_job_helped();

-- Why somebody cannot have a job then (error's name, null: they can; and what stands in the way), with their
-- working hours for what remains to be asked.
CREATE OR REPLACE FUNCTION kehu_job_fit(p_job bigint, p_besides bigint, p_technician bigint, p_start timestamptz, p_end timestamptz,
	p_skill text, p_region bigint) RETURNS TABLE (refusal text, detail text, hours text, days text, offsets text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	t technician;
	why text;
	what text;
BEGIN
	SELECT * INTO t FROM technician x WHERE x.id = p_technician AND x.deleted_at IS NULL;
	IF t.id IS NULL OR NOT coalesce(t.active, false) THEN
		why := 'NO_TECHNICIAN';
		what := t.name;
	END IF;
	IF why IS NULL AND p_skill IS NOT NULL AND EXISTS (SELECT FROM technician_skill s WHERE s.technician_id = t.id AND s.deleted_at IS NULL)
		AND NOT EXISTS (SELECT FROM technician_skill s WHERE s.technician_id = t.id AND s.skill = p_skill AND s.deleted_at IS NULL) THEN
		why := 'NO_SKILL';
		what := t.name;
	END IF;
	IF why IS NULL AND t.region_id IS NOT NULL AND p_region IS NOT NULL
		AND t.region_id NOT IN (SELECT a.id FROM kehu_region_above(p_region) a) THEN
		why := 'OUT_OF_AREA';
		what := t.name;
	END IF;
	IF why IS NULL THEN
		SELECT 'ON_LEAVE', t.name INTO why, what FROM technician_leave l WHERE l.technician_id = t.id AND l.deleted_at IS NULL
			AND l.from_at < p_end AND l.until_at > p_start LIMIT 1;
	END IF;
	IF why IS NULL THEN
		SELECT 'NOT_FREE', j.number || ' ' || j.subject INTO why, what FROM job_booking b JOIN job_visit j ON j.id = b.job_visit_id
			WHERE b.technician_id = t.id AND b.span && tstzrange(p_start, p_end) AND b.job_visit_id NOT IN (p_job, p_besides)
			ORDER BY b.span LIMIT 1;
	END IF;
	RETURN QUERY SELECT why, what, h.hours, h.days, h.offsets FROM kehu_hours(t.calendar_id, p_start) h;
END
$$;

-- A job whose place is to be changed: there, within reach, of this version; locked.
CREATE OR REPLACE FUNCTION kehu_job_lock(p_id bigint, p_version bigint) RETURNS job_visit
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	job job_visit;
BEGIN
	SELECT * INTO job FROM job_visit WHERE id = p_id AND deleted_at IS NULL FOR NO KEY UPDATE SKIP LOCKED;
	IF NOT FOUND AND EXISTS (SELECT FROM job_visit WHERE id = p_id AND deleted_at IS NULL) THEN
		PERFORM kehu_refuse('CONFLICT'); -- somebody moves it just now
	END IF;
	IF job.id IS NULL OR NOT kehu_may(caller, 'job_visit', 1, job.owner_id, job.department_id, job.branch_id, NULL) THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	IF NOT kehu_may(caller, 'job_visit', 128, job.owner_id, job.department_id, job.branch_id, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF job.version <> p_version THEN
		PERFORM kehu_refuse('CONFLICT');
	END IF;
	RETURN job;
END
$$;

-- Puts a locked job on somebody's day. Who had been told of it and loses it is told. Where it was is kept, to be undone.
CREATE OR REPLACE FUNCTION kehu_job_put(job job_visit, p_technician bigint, p_start timestamptz, p_minutes bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	who technician;
	holder users;
BEGIN
	SELECT * INTO who FROM technician t WHERE t.id = p_technician;
	-- A subcontractor's are looked after by who places them.
	SELECT * INTO holder FROM users u WHERE u.id = coalesce(who.user_id, caller);
	UPDATE job_visit SET technician_id = p_technician, start_at = p_start, minutes = p_minutes,
		end_at = p_start + make_interval(mins => p_minutes::integer), state = 'planned', reason = NULL,
		before_technician_id = job.technician_id, before_start_at = job.start_at, before_minutes = job.minutes,
		owner_id = holder.id, department_id = holder.department_id, branch_id = holder.branch_id,
		version = version + 1, updated_at = now(), updated_by = caller WHERE id = job.id;
	PERFORM kehu_tell(t.user_id, 'system', format('Job %s (%s) was moved', job.number, job.subject),
			format('派工单 %s（%s）已调整', job.number, job.subject), 179, job.id)
		FROM technician t WHERE t.id = job.technician_id AND job.state IN ('told', 'accepted') AND t.user_id IS NOT NULL
		AND t.user_id <> caller;
	RETURN job.version + 1;
END
$$;

CREATE OR REPLACE FUNCTION kehu_job_place(p_id bigint, p_version bigint, p_technician bigint, p_start timestamptz, p_minutes bigint)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN kehu_job_put(kehu_job_lock(p_id, p_version), p_technician, p_start, p_minutes);
END
$$;

-- Two jobs change places: the first is free where the second was only when both have moved.
CREATE OR REPLACE FUNCTION kehu_job_swap(p_id bigint, p_version bigint, p_other bigint, p_other_version bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	one job_visit := kehu_job_lock(p_id, p_version);
	other job_visit := kehu_job_lock(p_other, p_other_version);
	version integer;
BEGIN
	IF other.state NOT IN ('planned', 'told', 'accepted') THEN
		PERFORM kehu_refuse('WRONG_STATE');
	END IF;
	PERFORM FROM technician t WHERE t.id IN (one.technician_id, other.technician_id)
		OR t.id IN (SELECT h.technician_id FROM job_visit_helper h WHERE h.job_visit_id IN (one.id, other.id) AND h.deleted_at IS NULL)
		ORDER BY t.id FOR NO KEY UPDATE;
	SET CONSTRAINTS job_booking_free DEFERRED;
	version := kehu_job_put(one, other.technician_id, other.start_at, one.minutes);
	PERFORM kehu_job_put(other, one.technician_id, one.start_at, other.minutes);
	SET CONSTRAINTS job_booking_free IMMEDIATE;
	RETURN version;
EXCEPTION WHEN exclusion_violation THEN
	PERFORM kehu_refuse('NOT_FREE');
END
$$;

-- Who could have a job: everybody active with its skill and of its area, with hours, what they have and leave
-- ("µs:µs:code of the region" each) and how many minutes of work they have in the days looked at.
CREATE OR REPLACE FUNCTION kehu_job_candidates(p_job bigint, p_from timestamptz, p_days integer, p_skill text, p_region bigint)
RETURNS TABLE (id bigint, name text, load_min bigint, home text, busy text, hours text, days text, offsets text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	until timestamptz := p_from + make_interval(days => p_days);
BEGIN
	RETURN QUERY
	WITH able AS (SELECT t.* FROM technician t WHERE t.active AND t.deleted_at IS NULL
			AND (t.region_id IS NULL OR p_region IS NULL OR t.region_id IN (SELECT a.id FROM kehu_region_above(p_region) a))
			AND (p_skill IS NULL OR NOT EXISTS (SELECT FROM technician_skill s WHERE s.technician_id = t.id AND s.deleted_at IS NULL)
				OR EXISTS (SELECT FROM technician_skill s WHERE s.technician_id = t.id AND s.skill = p_skill AND s.deleted_at IS NULL))
			ORDER BY t.id LIMIT 100),
		clock AS MATERIALIZED (SELECT c.calendar_id, h.* FROM (SELECT DISTINCT a.calendar_id FROM able a) c,
			LATERAL kehu_hours(c.calendar_id, p_from) h)
	SELECT a.id, a.name, coalesce((SELECT sum(extract(epoch FROM upper(b.span) - lower(b.span)) / 60)::bigint FROM job_booking b
			WHERE b.technician_id = a.id AND b.span && tstzrange(p_from, until)), 0),
		coalesce((SELECT r.code FROM region r WHERE r.id = a.region_id), ''),
		coalesce((SELECT string_agg(format('%s:%s:%s', (extract(epoch FROM x.s) * 1000000)::bigint, (extract(epoch FROM x.e) * 1000000)::bigint, x.code),
				' ' ORDER BY x.s, x.e) FROM (
			SELECT lower(b.span) AS s, upper(b.span) AS e, coalesce(r.code, '0') AS code FROM job_booking b
				JOIN job_visit j ON j.id = b.job_visit_id LEFT JOIN region r ON r.id = j.region_id
				WHERE b.technician_id = a.id AND b.span && tstzrange(p_from - interval '1 day', until) AND b.job_visit_id <> p_job
			UNION ALL SELECT l.from_at, l.until_at, '0' FROM technician_leave l WHERE l.technician_id = a.id
				AND l.deleted_at IS NULL AND l.until_at > p_from AND l.from_at < until) x), ''),
		c.hours, c.days, c.offsets
	FROM able a JOIN clock c ON c.calendar_id IS NOT DISTINCT FROM a.calendar_id ORDER BY a.id;
END
$$;

-- What a job's people hear, and its ticket: that they are expected, that somebody is there, that it is done.
CREATE OR REPLACE FUNCTION kehu_job_step(p_id bigint, p_step text, p_note text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	job job_visit;
	served ticket;
	en text := CASE p_step WHEN 'tell' THEN 'Job for you' WHEN 'accept' THEN 'Accepted' WHEN 'refuse' THEN 'Refused' WHEN 'set_out' THEN 'On the way'
		WHEN 'arrive' THEN 'Arrived' WHEN 'finish' THEN 'Done' WHEN 'cancel' THEN 'Cancelled' ELSE 'Off the board' END;
	zh text := CASE p_step WHEN 'tell' THEN '派工' WHEN 'accept' THEN '已接受' WHEN 'refuse' THEN '已拒绝' WHEN 'set_out' THEN '已出发' WHEN 'arrive' THEN '已到达'
		WHEN 'finish' THEN '已完工' WHEN 'cancel' THEN '已取消' ELSE '已取消安排' END;
BEGIN
	SELECT * INTO job FROM job_visit WHERE id = p_id;
	PERFORM kehu_tell(x.id, 'system', concat_ws(' ', en || ':', job.number, job.subject, p_note),
			concat_ws(' ', zh || '：', job.number, job.subject, p_note), 179, p_id)
		FROM (SELECT t.user_id AS id FROM technician t WHERE p_step IN ('tell', 'cancel', 'unplace') AND (t.id = job.technician_id
				OR t.id IN (SELECT h.technician_id FROM job_visit_helper h WHERE h.job_visit_id = p_id AND h.deleted_at IS NULL))
			UNION SELECT job.created_by WHERE p_step NOT IN ('tell', 'unplace')
			UNION SELECT k.owner_id FROM ticket k WHERE k.id = job.ticket_id AND p_step NOT IN ('tell', 'unplace')) x
		WHERE x.id IS NOT NULL AND x.id <> caller;
	IF job.ticket_id IS NULL OR p_step NOT IN ('set_out', 'arrive', 'finish') THEN
		RETURN;
	END IF;
	SELECT * INTO served FROM ticket WHERE id = job.ticket_id AND deleted_at IS NULL FOR NO KEY UPDATE;
	IF NOT FOUND OR served.state NOT IN ('new', 'open', 'waiting') THEN
		RETURN;
	END IF;
	IF p_step = 'arrive' AND served.on_site_at IS NULL THEN
		UPDATE ticket_clock SET state = CASE WHEN state <> 'paused' AND now() > due_at THEN 'missed' ELSE 'met' END, met_at = now(),
			alarm_at = NULL, left_min = NULL
			WHERE ticket_id = served.id AND kind = 'on_site' AND state IN ('running', 'breached', 'paused') AND deleted_at IS NULL;
		UPDATE ticket SET on_site_at = now(), state = 'open', late = late OR EXISTS (SELECT FROM ticket_clock c WHERE c.ticket_id = served.id
				AND c.state IN ('missed', 'breached')),
			due_at = (SELECT min(c.due_at) FROM ticket_clock c WHERE c.ticket_id = served.id AND c.state IN ('running', 'breached')
				AND c.deleted_at IS NULL) WHERE id = served.id;
	END IF;
	UPDATE ticket SET version = version + 1, updated_at = now(), updated_by = caller WHERE id = served.id;
	PERFORM kehu_ticket_step(served.id, served.state, CASE p_step WHEN 'arrive' THEN 'open' ELSE served.state END,
		concat_ws(' ', job.number, zh, p_note));
END
$$;

-- What a job costs: the hours of all who were there, and the parts. Null where they are not of one currency.
CREATE OR REPLACE FUNCTION kehu_job_cost(p_id bigint, p_minutes bigint) RETURNS TABLE (cost bigint, currency text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT CASE WHEN count(DISTINCT x.currency) = 1 THEN sum(x.cost)::bigint END,
			CASE WHEN count(DISTINCT x.currency) = 1 THEN min(x.currency) END
		FROM (SELECT (t.hour_cost * p_minutes + 30) / 60 AS cost, t.hour_cost_currency AS currency FROM technician t
				WHERE t.hour_cost IS NOT NULL AND (t.id = (SELECT j.technician_id FROM job_visit j WHERE j.id = p_id)
				OR t.id IN (SELECT h.technician_id FROM job_visit_helper h WHERE h.job_visit_id = p_id AND h.deleted_at IS NULL))
			UNION ALL SELECT p.cost, p.cost_currency FROM job_visit_part p WHERE p.job_visit_id = p_id AND p.cost IS NOT NULL
				AND p.deleted_at IS NULL) x;
END
$$;

-- What a new job takes from its ticket, as far as that is its maker's to see: see server/rules/job_visit.c.
CREATE OR REPLACE FUNCTION kehu_job_skill(p_product bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN (SELECT p.category FROM product p WHERE p.id = p_product);
END
$$;

-- ---- the dispatch board ----------------------------------------------------------------------------

-- What a ticket promises holds for its jobs.
CREATE OR REPLACE FUNCTION kehu_job_urgency() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	UPDATE job_visit SET due_at = NEW.due_at, priority = NEW.priority WHERE ticket_id = NEW.id AND state NOT IN ('done', 'cancelled')
		AND (due_at, priority) IS DISTINCT FROM (NEW.due_at, NEW.priority);
	RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER kehu_urgency AFTER UPDATE OF due_at, priority ON ticket FOR EACH ROW
	WHEN ((OLD.due_at, OLD.priority) IS DISTINCT FROM (NEW.due_at, NEW.priority)) EXECUTE FUNCTION kehu_job_urgency();

-- Everybody who can be placed, with hours, and what else takes them: leave (job 0) and jobs they help with,
-- "µs:µs:job" each. Hours are the same text for all of one calendar.
CREATE OR REPLACE FUNCTION kehu_dispatch_people(p_from timestamptz, p_until timestamptz)
RETURNS TABLE (id bigint, calendar bigint, away text, hours text, days text, offsets text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH clock AS MATERIALIZED (SELECT c.calendar_id, h.* FROM (SELECT DISTINCT t.calendar_id FROM technician t
			WHERE t.active AND t.deleted_at IS NULL) c, LATERAL kehu_hours(c.calendar_id, p_from) h)
	SELECT t.id, coalesce(t.calendar_id, 0),
		coalesce((SELECT string_agg(format('%s:%s:%s', (extract(epoch FROM x.s) * 1000000)::bigint, (extract(epoch FROM x.e) * 1000000)::bigint, x.job),
				' ' ORDER BY x.s, x.e) FROM (
			SELECT l.from_at AS s, l.until_at AS e, 0 AS job FROM technician_leave l WHERE l.technician_id = t.id
				AND l.deleted_at IS NULL AND l.until_at > p_from AND l.from_at < p_until
			UNION ALL SELECT lower(b.span), upper(b.span), b.job_visit_id FROM job_booking b JOIN job_visit j ON j.id = b.job_visit_id
				WHERE b.technician_id = t.id AND b.span && tstzrange(p_from, p_until) AND j.technician_id <> t.id) x), ''),
		c.hours, c.days, c.offsets
	FROM technician t JOIN clock c ON c.calendar_id IS NOT DISTINCT FROM t.calendar_id
	WHERE t.active AND t.deleted_at IS NULL ORDER BY t.id LIMIT 500;
END
$$;

-- The skills of those who have any by name.
CREATE OR REPLACE FUNCTION kehu_job_skills() RETURNS TABLE (id bigint, skills text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT s.technician_id, ' ' || string_agg(s.skill, ' ') || ' ' FROM technician_skill s
		WHERE s.deleted_at IS NULL GROUP BY s.technician_id;
END
$$;
