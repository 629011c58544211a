-- Handing over all work of one user to another: at most p_room records at a time, each time a transaction,
-- all under one change id. What is moved is made from the catalogue (kehu_hand_over_rows,
-- server/store/ddl_give.c); shares and approvals are here and go last. p_dry: only counted, all of it. One row
-- for each kind of record; entity 0 is what was shared, -1 says that there may be more: call again.
DROP FUNCTION IF EXISTS kehu_hand_over(bigint, bigint, boolean);
CREATE OR REPLACE FUNCTION kehu_hand_over(p_from bigint, p_to bigint, p_dry boolean, p_room bigint)
RETURNS TABLE (entity bigint, moved bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	caller bigint := kehu_caller();
	leaver users;
	heir users;
	told bigint[];
	one record;
	seat record;
	said text := '';
	more boolean := false;
BEGIN
	IF NOT kehu_may(caller, 'user', 4, 0, NULL, NULL, NULL) OR p_to = caller THEN
		PERFORM kehu_refuse(CASE WHEN p_to = caller THEN 'OWN_RIGHTS' ELSE 'FORBIDDEN' END);
	END IF;
	-- Two at once, or one with somebody being disabled: the lower id first.
	PERFORM FROM users u WHERE u.id IN (p_from, p_to) ORDER BY u.id FOR NO KEY UPDATE;
	SELECT * INTO leaver FROM users u WHERE u.id = p_from AND u.deleted_at IS NULL;
	SELECT * INTO heir FROM users u WHERE u.id = p_to AND u.deleted_at IS NULL;
	IF leaver.id IS NULL OR heir.id IS NULL OR p_from = p_to OR NOT kehu_is_active(p_to) THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	SELECT array_agg(u.id) INTO told FROM users u WHERE u.superior_id IN (p_from, p_to)
		AND u.id NOT IN (p_from, p_to) AND kehu_is_active(u.id);
	-- Who was below the leaver comes to stand where the leaver stood: no circle.
	IF NOT p_dry AND EXISTS (WITH RECURSIVE above AS (SELECT heir.superior_id AS id
			UNION SELECT u.superior_id FROM users u JOIN above a ON u.id = a.id)
		SELECT FROM above a WHERE a.id = p_from) THEN
		UPDATE users u SET superior_id = leaver.superior_id, version = u.version + 1, updated_at = now(),
			updated_by = caller WHERE u.id = p_to;
	END IF;
	FOR one IN SELECT r.entity, sum(r.moved)::bigint AS moved
		FROM kehu_hand_over_rows(p_from, p_to, heir.department_id, heir.branch_id, p_dry, p_room) r
		GROUP BY r.entity ORDER BY r.entity
	LOOP
		IF one.entity = -1 THEN
			more := NOT p_dry;
			CONTINUE;
		END IF;
		entity := one.entity;
		moved := one.moved;
		said := said || format(' %s=%s', entity, moved);
		RETURN NEXT;
	END LOOP;
	IF more THEN
		entity := -1;
		moved := 0;
		RETURN NEXT;
		-- Superiors and pools are in the servers' snapshots.
		UPDATE state SET access_epoch = access_epoch + 1;
		PERFORM kehu_audit(caller, current_setting('kehu.session')::bigint, 0, 'act', 'hand_over_part', 3, p_from,
			left(format('to=%s%s', p_to, said), 1000));
		RETURN;
	END IF;
	-- Approvals that wait for the leaver, now or in a later step.
	moved := 0;
	FOR seat IN SELECT s.id, s.step, s.agree, s.state, a AS approval, a.owner_id AS sender FROM approval_step s
		JOIN approval a ON a.id = s.approval_id AND a.deleted_at IS NULL AND a.state IN ('waiting', 'returned')
		WHERE s.user_id = p_from AND s.state IN ('waiting', 'pending') AND s.deleted_at IS NULL
		ORDER BY a.id, s.id
	LOOP
		moved := moved + 1;
		CONTINUE WHEN p_dry;
		SELECT * INTO one FROM kehu_approver(p_to, seat.sender);
		CONTINUE WHEN one.user_id IS NULL OR one.user_id = p_from;
		UPDATE approval_step s SET state = 'skipped', decided_at = now(), version = s.version + 1
			WHERE s.id = seat.id;
		PERFORM kehu_approval_seat(seat.approval, seat.step, seat.agree, one.user_id, p_from, 'passed', seat.state);
		UPDATE approval a SET version = a.version + 1, updated_at = now(),
			waiting_for = (SELECT string_agg(u.label, ', ' ORDER BY s.id) FROM approval_step s
				JOIN users u ON u.id = s.user_id WHERE s.approval_id = a.id AND s.state = 'waiting'
				AND s.deleted_at IS NULL) WHERE a.id = (seat.approval).id;
	END LOOP;
	IF moved > 0 THEN
		entity := 45;
		said := said || format(' 45=%s', moved);
		RETURN NEXT;
	END IF;
	SELECT count(*) INTO moved FROM record_share r WHERE r.user_id = p_from AND r.entity <> 45;
	IF moved > 0 THEN
		entity := 0;
		said := said || format(' shares=%s', moved);
		RETURN NEXT;
	END IF;
	IF p_dry THEN
		RETURN;
	END IF;
	INSERT INTO record_share AS h (user_id, entity, record_id, rights, created_by)
		SELECT p_to, r.entity, r.record_id, r.rights, caller FROM record_share r
		WHERE r.user_id = p_from AND r.entity <> 45
		ON CONFLICT (user_id, entity, record_id) DO UPDATE SET rights = h.rights | EXCLUDED.rights;
	DELETE FROM record_share r WHERE r.user_id = p_from AND r.entity <> 45;
	-- Pools, superiors and what is shared at all are in the servers' snapshots.
	UPDATE state SET access_epoch = access_epoch + 1;
	PERFORM kehu_audit(caller, current_setting('kehu.session')::bigint, 0, 'act', 'hand_over', 3, p_from,
		left(format('to=%s%s', p_to, said), 1000));
	PERFORM kehu_tell(p_to, 'system', format('The work of %s is yours from now on.', leaver.label),
		format('%s 的全部工作已移交给您。', leaver.label), 3, p_from);
	PERFORM kehu_tell(p_from, 'system', format('Your work has been handed over to %s.', heir.label),
		format('您的全部工作已移交给 %s。', heir.label), 3, p_from) WHERE p_from <> caller AND kehu_is_active(p_from);
	PERFORM kehu_tell(x, 'system', format('The work of %s has been handed over to %s.', leaver.label, heir.label),
		format('%s 的全部工作已移交给 %s。', leaver.label, heir.label), 3, p_from)
		FROM unnest(told || leaver.superior_id) x WHERE x NOT IN (p_from, p_to, caller);
END
$$;

-- A hand-over of many records goes on as a job; a second one of the same user would race with it.
CREATE OR REPLACE FUNCTION kehu_hand_over_job(p_from bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
	SELECT min(j.id) FROM job j WHERE j.kind = 'hand_over' AND j.state IN ('waiting', 'running')
		AND j.arguments LIKE format('from=%s %%', p_from)
$$;

-- Whatever ended the job before all was done (somebody, a fault, an heir who was disabled): those concerned are
-- told that both have a part, and the audit says so. Handing over again goes on from there.
CREATE OR REPLACE FUNCTION kehu_hand_over_ended() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	leaver users;
	heir users;
BEGIN
	SELECT * INTO leaver FROM users u WHERE u.id = substring(NEW.arguments FROM 'from=(\d+)')::bigint;
	SELECT * INTO heir FROM users u WHERE u.id = substring(NEW.arguments FROM 'to=(\d+)')::bigint;
	PERFORM kehu_audit(NEW.created_by, NEW.session_id, 0, 'act', 'hand_over_stopped', 3, leaver.id,
		format('to=%s job=%s', heir.id, NEW.id));
	PERFORM kehu_tell(x, 'system',
		format('Handing the work of %s over to %s was stopped: each has a part of it. Handing over again goes on.',
			leaver.label, heir.label),
		format('%s 的工作移交给 %s 已中止：双方各有一部分；再次移交即可继续。', leaver.label, heir.label), 3, leaver.id)
		FROM unnest(ARRAY[leaver.id, heir.id, NEW.created_by]) x WHERE kehu_is_active(x);
	RETURN NULL;
END
$$;
DROP TRIGGER IF EXISTS job_hand_over_ended ON job;
CREATE TRIGGER job_hand_over_ended AFTER UPDATE OF state ON job FOR EACH ROW
	WHEN (NEW.kind = 'hand_over' AND NEW.state IN ('failed', 'cancelled') AND OLD.state IS DISTINCT FROM NEW.state)
	EXECUTE FUNCTION kehu_hand_over_ended();
