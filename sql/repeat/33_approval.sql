-- Approvals: who is asked for what, and what becomes of it. server/record/approval*.c asks and
-- runs what was granted; these functions own the rows, since those who decide may not see the
-- sender's records, nor the sender theirs. The approval's row is locked first in all of them, so
-- that of two signers at once the second finds what the first has done.

CREATE OR REPLACE FUNCTION kehu_is_active(p_user bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN EXISTS (SELECT FROM users u WHERE u.id = p_user AND u.deleted_at IS NULL
		AND NOT coalesce(u.disabled, false)
		AND (u.expires_on IS NULL OR u.expires_on >= current_date));
END
$$;

-- The superior: the one named, else whoever manages the department or the next one above.
CREATE OR REPLACE FUNCTION kehu_superior(p_user bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	found bigint;
	at bigint;
BEGIN
	SELECT u.superior_id, u.department_id INTO found, at FROM users u WHERE u.id = p_user;
	FOR i IN 1 .. 20 LOOP
		EXIT WHEN found IS NOT NULL OR at IS NULL;
		SELECT nullif(d.manager_id, p_user), d.parent_id INTO found, at FROM department d
			WHERE d.id = at;
	END LOOP;
	RETURN nullif(found, p_user);
END
$$;

-- Who decides in a user's place: themselves, the delegate of one on leave, the superior of one who
-- is disabled or asks for their own consent. why is null for themselves; no one: user_id is null.
CREATE OR REPLACE FUNCTION kehu_approver(p_user bigint, p_sender bigint, OUT user_id bigint,
	OUT why text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	delegate bigint;
BEGIN
	user_id := p_user;
	FOR i IN 1 .. 10 LOOP
		IF user_id IS NULL THEN
			RETURN;
		END IF;
		delegate := kehu_stand_in(user_id);
		IF user_id <> p_sender AND delegate IS NOT NULL AND delegate <> p_sender
			AND kehu_is_active(delegate) THEN
			user_id := delegate;
			why := coalesce(why, 'leave');
			RETURN;
		END IF;
		IF user_id = p_sender THEN
			why := coalesce(why, 'self');
		ELSIF kehu_is_active(user_id) THEN
			RETURN;
		ELSE
			why := coalesce(why, 'disabled');
		END IF;
		user_id := kehu_superior(user_id);
	END LOOP;
	user_id := NULL;
END
$$;

-- Tells a user something, in their language: a row of their messages, which their open client
-- hears of at once.
CREATE OR REPLACE FUNCTION kehu_tell(p_user bigint, p_kind text, p_en text, p_zh text,
	p_entity bigint, p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := nullif(current_setting('kehu.user', true), '')::bigint;
BEGIN
	INSERT INTO message (text, from_id, kind, anchor_entity, anchor_id, owner_id, department_id,
			branch_id, created_by)
		SELECT left(CASE WHEN u.language = 'en' THEN p_en ELSE p_zh END, 4000),
			nullif(caller, 0), p_kind, p_entity, p_id, u.id, u.department_id, u.branch_id, caller
		FROM users u WHERE u.id = p_user AND u.deleted_at IS NULL;
END
$$;

-- One place in a step. A person has one place in each; what they see of the approval beyond their
-- roles is shared with them.
CREATE OR REPLACE FUNCTION kehu_approval_seat(p_approval approval, p_step bigint, p_agree text,
	p_user bigint, p_stands_for bigint, p_why text, p_state text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	had boolean;
BEGIN
	IF p_user IS NULL OR EXISTS (SELECT FROM approval_step s WHERE s.approval_id = p_approval.id
		AND s.step = p_step AND s.user_id = p_user AND s.deleted_at IS NULL) THEN
		RETURN;
	END IF;
	INSERT INTO approval_step (approval_id, position, step, user_id, agree, state, stands_for_id, why,
			created_by)
		VALUES (p_approval.id, p_step, p_step, p_user, p_agree, p_state,
			nullif(p_stands_for, p_user), p_why, current_setting('kehu.user')::bigint);
	IF kehu_may(p_user, 'approval', 1, p_approval.owner_id, p_approval.department_id,
			p_approval.branch_id, NULL)
		AND kehu_may(p_user, 'approval', 256, p_approval.owner_id, p_approval.department_id,
			p_approval.branch_id, NULL) THEN
		RETURN;
	END IF;
	had := EXISTS (SELECT FROM record_share WHERE user_id = p_user);
	INSERT INTO record_share (user_id, entity, record_id, rights, created_by)
		VALUES (p_user, 45, p_approval.id, 5, current_setting('kehu.user')::bigint)
		ON CONFLICT (user_id, entity, record_id) DO UPDATE SET rights = 5;
	-- The snapshots only know whether anything at all is shared with a user.
	IF NOT had THEN
		UPDATE state SET access_epoch = access_epoch + 1;
	END IF;
END
$$;

-- The seats of one line of a rule. Returns how many steps it made (all superiors: one each).
CREATE OR REPLACE FUNCTION kehu_approval_seats(p_approval approval, p_line approval_rule_step,
	p_step bigint, p_chosen bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	sender bigint := p_approval.owner_id;
	at bigint;
	made bigint := 0;
	one record;
	asked bigint[] := '{}';
BEGIN
	IF p_line.kind = 'superiors' THEN
		at := sender;
		FOR i IN 1 .. least(coalesce(p_line.level, 1), 10) LOOP
			at := kehu_superior(at);
			EXIT WHEN at IS NULL OR at = ANY (asked) OR at = sender;
			asked := asked || at;
			SELECT * INTO one FROM kehu_approver(at, sender);
			CONTINUE WHEN one.user_id IS NULL;
			PERFORM kehu_approval_seat(p_approval, p_step + made, p_line.agree, one.user_id, at,
				one.why, 'pending');
			made := made + 1;
		END LOOP;
		RETURN made;
	END IF;
	IF p_line.kind = 'person' THEN
		asked := ARRAY[p_line.user_id];
	ELSIF p_line.kind = 'superior' THEN
		at := sender;
		FOR i IN 1 .. least(coalesce(p_line.level, 1), 10) LOOP
			-- Who has nobody that far up asks the highest there is.
			EXIT WHEN kehu_superior(at) IS NULL OR kehu_superior(at) = sender;
			at := kehu_superior(at);
		END LOOP;
		asked := ARRAY[nullif(at, sender)];
	ELSIF p_line.kind = 'chosen' THEN
		IF coalesce(array_length(p_chosen, 1), 0) = 0 THEN
			PERFORM kehu_refuse('APPROVER_NEEDED');
		END IF;
		asked := p_chosen;
	ELSIF p_line.kind = 'role' THEN
		at := p_approval.department_id;
		FOR i IN 1 .. 20 LOOP
			SELECT array_agg(DISTINCT u.id) INTO asked FROM users u
				JOIN user_role r ON r.user_id = u.id AND r.deleted_at IS NULL
				WHERE r.role_id = p_line.role_id AND u.id <> sender AND kehu_is_active(u.id)
				AND CASE coalesce(p_line.within, 'department')
					WHEN 'department' THEN u.department_id = at
					WHEN 'branch' THEN u.branch_id = p_approval.branch_id
					ELSE true END;
			EXIT WHEN asked IS NOT NULL OR at IS NULL
				OR coalesce(p_line.within, 'department') <> 'department';
			SELECT d.parent_id INTO at FROM department d WHERE d.id = at;
		END LOOP;
	END IF;
	FOREACH at IN ARRAY coalesce(asked, '{}') LOOP
		SELECT * INTO one FROM kehu_approver(at, sender);
		CONTINUE WHEN one.user_id IS NULL;
		PERFORM kehu_approval_seat(p_approval, p_step, p_line.agree, one.user_id, at, one.why, 'pending');
		made := 1;
	END LOOP;
	RETURN made;
END
$$;

-- Moves on past every step that is agreed. True: none is left, the request may be done now.
CREATE OR REPLACE FUNCTION kehu_approval_advance(p_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	a approval;
	seat record;
	sender text;
BEGIN
	SELECT * INTO a FROM approval WHERE id = p_id;
	SELECT label INTO sender FROM users WHERE id = a.owner_id;
	LOOP
		-- Of those of whom any is enough one, and each of the others.
		IF a.step > 0 AND (EXISTS (SELECT FROM approval_step s WHERE s.approval_id = p_id
				AND s.step = a.step AND s.agree = 'all' AND s.state = 'waiting' AND s.deleted_at IS NULL)
			OR (EXISTS (SELECT FROM approval_step s WHERE s.approval_id = p_id
				AND s.step = a.step AND s.agree = 'any' AND s.deleted_at IS NULL)
			AND NOT EXISTS (SELECT FROM approval_step s WHERE s.approval_id = p_id
				AND s.step = a.step AND s.agree = 'any' AND s.state = 'granted'
				AND s.deleted_at IS NULL))) THEN
			EXIT;
		END IF;
		UPDATE approval_step SET state = 'skipped', version = version + 1 WHERE approval_id = p_id
			AND step = a.step AND state = 'waiting' AND deleted_at IS NULL;
		IF NOT EXISTS (SELECT FROM approval_step s WHERE s.approval_id = p_id AND s.step > a.step
			AND s.deleted_at IS NULL) THEN
			RETURN true;
		END IF;
		a.step := a.step + 1;
		FOR seat IN SELECT s.id, s.user_id, s.stands_for_id, EXISTS (SELECT FROM approval_step e
				WHERE e.approval_id = p_id AND e.user_id = s.user_id AND e.step < a.step
				AND e.state = 'granted' AND e.deleted_at IS NULL) AS agreed
			FROM approval_step s WHERE s.approval_id = p_id AND s.step = a.step
			AND s.state = 'pending' AND s.deleted_at IS NULL ORDER BY s.id
		LOOP
			IF seat.agreed THEN
				UPDATE approval_step SET state = 'granted', why = 'agreed', decided_at = now(),
					version = version + 1 WHERE id = seat.id;
			ELSE
				UPDATE approval_step SET state = 'waiting', version = version + 1 WHERE id = seat.id;
				PERFORM kehu_tell(seat.user_id, 'approval',
					format('%s asks for your approval: %s', sender, a.title),
					format('%s 请您审批：%s', sender, a.title), 45, p_id);
			END IF;
		END LOOP;
	END LOOP;
	UPDATE approval SET step = a.step, state = 'waiting',
		waiting_for = (SELECT string_agg(u.label, ', ' ORDER BY s.id) FROM approval_step s
			JOIN users u ON u.id = s.user_id WHERE s.approval_id = p_id AND s.state = 'waiting'
			AND s.deleted_at IS NULL),
		due_at = now() + make_interval(hours => a.remind_hours::integer),
		version = version + 1, updated_at = now()
		WHERE id = p_id;
	RETURN false;
END
$$;

-- A request that waits from now on. p_chosen: whom the sender asks where a step leaves it to them.
-- What the same sender asked for before of the same record and is still open gives way to it.
CREATE OR REPLACE FUNCTION kehu_approval_open(p_number text, p_entity bigint, p_record bigint,
	p_action text, p_title text, p_reason text, p_rules bigint[], p_chosen bigint[],
	p_request bytea, p_language text, p_offset integer, p_intention uuid,
	OUT id bigint, OUT version integer, OUT waiting_for text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	me users;
	a approval;
	line approval_rule_step;
	steps bigint := 0;
	made bigint;
BEGIN
	SELECT * INTO me FROM users u WHERE u.id = kehu_caller();
	UPDATE approval SET state = 'withdrawn', decided_at = now(), waiting_for = NULL,
		outcome = p_number, version = version + 1, updated_at = now()
		WHERE owner_id = me.id AND anchor_entity = p_entity AND anchor_id = p_record
		AND action = p_action AND state IN ('waiting', 'returned') AND deleted_at IS NULL;
	UPDATE approval_step s SET state = 'skipped', version = s.version + 1 FROM approval o
		WHERE s.approval_id = o.id AND o.owner_id = me.id AND o.anchor_entity = p_entity
		AND o.anchor_id = p_record AND o.state = 'withdrawn' AND s.state = 'waiting';
	INSERT INTO approval (number, title, action, reason, anchor_entity, anchor_id, owner_id,
			department_id, branch_id, request, language, offset_min, intention, created_by, because,
			remind_hours)
		SELECT p_number, left(p_title, 400), p_action, nullif(p_reason, ''), p_entity, nullif(p_record, 0),
			me.id, me.department_id, me.branch_id, p_request, p_language, p_offset, p_intention, me.id,
			left(string_agg(r.name, ', ' ORDER BY r.rank, r.id), 400),
			coalesce(min(nullif(r.remind_hours, 0)), 24)
		FROM approval_rule r WHERE r.id = ANY (p_rules)
		RETURNING * INTO a;
	FOR line IN SELECT s.* FROM approval_rule r JOIN approval_rule_step s ON s.approval_rule_id = r.id
		WHERE r.id = ANY (p_rules) AND s.deleted_at IS NULL ORDER BY r.rank, r.id, s.position, s.id
	LOOP
		made := kehu_approval_seats(a, line, steps + 1, p_chosen);
		IF made = 0 THEN
			PERFORM kehu_refuse('NO_APPROVER');
		END IF;
		steps := steps + made;
	END LOOP;
	IF steps = 0 OR kehu_approval_advance(a.id) THEN
		PERFORM kehu_refuse('NO_APPROVER');
	END IF;
	SELECT a2.id, a2.version, a2.waiting_for INTO id, version, waiting_for FROM approval a2
		WHERE a2.id = a.id;
END
$$;

-- Ends an approval, with a word to its sender and to those who had decided.
CREATE OR REPLACE FUNCTION kehu_approval_end(p_id bigint, p_state text, p_outcome text, p_record bigint)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	a approval;
	caller bigint := kehu_caller();
	en text := CASE p_state WHEN 'granted' THEN 'Granted: ' WHEN 'refused' THEN 'Refused: '
		WHEN 'failed' THEN 'Granted, but not done: ' ELSE 'Withdrawn: ' END;
	zh text := CASE p_state WHEN 'granted' THEN '已同意：' WHEN 'refused' THEN '已拒绝：'
		WHEN 'failed' THEN '已同意但未能执行：' ELSE '已撤回：' END;
	why text := CASE WHEN coalesce(p_outcome, '') = '' THEN '' ELSE ' – ' || p_outcome END;
	one bigint;
BEGIN
	-- What is granted was granted by somebody just now, and nobody is left to ask.
	IF p_state IN ('granted', 'failed') AND NOT EXISTS (SELECT FROM approval o WHERE o.id = p_id
		AND o.state = 'waiting' AND EXISTS (SELECT FROM approval_step s WHERE s.approval_id = p_id
			AND s.user_id = caller AND s.state = 'granted' AND s.deleted_at IS NULL)
		AND NOT EXISTS (SELECT FROM approval_step s WHERE s.approval_id = p_id
			AND s.state IN ('waiting', 'pending', 'refused') AND s.deleted_at IS NULL)) THEN
		PERFORM kehu_refuse('WRONG_STATE');
	END IF;
	UPDATE approval_step SET state = 'skipped', version = version + 1
		WHERE approval_id = p_id AND state IN ('waiting', 'pending') AND deleted_at IS NULL;
	UPDATE approval SET state = p_state, outcome = nullif(p_outcome, ''), waiting_for = NULL, due_at = NULL,
		decided_at = now(),
		-- What came of it: the record it is about, or the job that makes a file.
		anchor_id = CASE WHEN action = 'export' THEN anchor_id ELSE coalesce(anchor_id, nullif(p_record, 0)) END,
		job_id = CASE WHEN action = 'export' THEN nullif(p_record, 0) END,
		version = version + 1, updated_at = now(), updated_by = caller
		WHERE id = p_id RETURNING * INTO a;
	IF a.owner_id <> caller THEN
		PERFORM kehu_tell(a.owner_id, 'approval', en || a.title || why, zh || a.title || why, 45, p_id);
	END IF;
	-- Whoever agreed learns that it could not be done, or was not wanted after all.
	IF p_state IN ('failed', 'withdrawn') THEN
		FOR one IN SELECT DISTINCT s.user_id FROM approval_step s WHERE s.approval_id = p_id
			AND (s.state = 'granted' OR p_state = 'withdrawn' AND s.state = 'skipped' AND s.step <= a.step)
			AND s.user_id <> a.owner_id AND s.user_id <> caller AND s.deleted_at IS NULL
		LOOP
			PERFORM kehu_tell(one, 'approval', en || a.title || why, zh || a.title || why, 45, p_id);
		END LOOP;
	END IF;
	RETURN a.version;
END
$$;

-- The caller's seat in the step under way: their own, or that of one they stand in for now.
CREATE OR REPLACE FUNCTION kehu_approval_my_seat(p_id bigint, p_step bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	found bigint;
BEGIN
	SELECT s.id INTO found FROM approval_step s WHERE s.approval_id = p_id AND s.step = p_step
		AND s.state = 'waiting' AND s.deleted_at IS NULL
		AND (s.user_id = caller OR kehu_stand_in(s.user_id) = caller)
		ORDER BY (s.user_id = caller) DESC, s.id LIMIT 1;
	RETURN found;
END
$$;

-- What one of the people concerned does. ready: the last step agrees, and the request is to be done
-- in this transaction; its parts come with the answer. The row is locked until then.
CREATE OR REPLACE FUNCTION kehu_approval_decide(p_id bigint, p_action text, p_comment text,
	p_user bigint, p_step bigint, OUT version integer, OUT ready boolean, OUT request bytea,
	OUT sender bigint, OUT language text, OUT offset_min integer, OUT intention uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	caller bigint := kehu_caller();
	a approval;
	seat approval_step;
	target record;
	name text;
BEGIN
	ready := false;
	SELECT * INTO a FROM approval WHERE id = p_id AND deleted_at IS NULL FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	SELECT label INTO name FROM users WHERE id = caller;
	IF p_action IN ('withdraw', 'resubmit', 'remind') THEN
		IF a.owner_id <> caller THEN
			PERFORM kehu_refuse('FORBIDDEN');
		END IF;
		IF a.state <> 'waiting' AND (p_action = 'remind' OR a.state <> 'returned') THEN
			PERFORM kehu_refuse('WRONG_STATE');
		END IF;
	ELSE
		IF a.state <> 'waiting' THEN
			PERFORM kehu_refuse('WRONG_STATE');
		END IF;
		SELECT * INTO seat FROM approval_step WHERE id = kehu_approval_my_seat(p_id, a.step);
		IF seat.id IS NULL OR caller = a.owner_id THEN
			PERFORM kehu_refuse('FORBIDDEN');
		END IF;
		IF seat.user_id <> caller THEN
			UPDATE approval_step SET stands_for_id = user_id, user_id = caller, why = 'leave'
				WHERE id = seat.id;
		END IF;
	END IF;
	CASE p_action
	WHEN 'approve' THEN
		UPDATE approval_step SET state = 'granted', comment = nullif(p_comment, ''), decided_at = now(),
			version = version + 1 WHERE id = seat.id;
		ready := kehu_approval_advance(p_id);
	WHEN 'refuse' THEN
		UPDATE approval_step SET state = 'refused', comment = p_comment, decided_at = now(),
			version = version + 1 WHERE id = seat.id;
		PERFORM kehu_approval_end(p_id, 'refused', name || ': ' || p_comment, 0);
	WHEN 'send_back' THEN
		IF coalesce(p_step, 0) < 0 OR coalesce(p_step, 0) >= a.step THEN
			PERFORM kehu_refuse('INVALID');
		END IF;
		UPDATE approval_step SET state = 'returned', comment = p_comment, decided_at = now(),
			version = version + 1 WHERE id = seat.id;
		-- What follows is asked again; the one who sent it back keeps their word in the list.
		INSERT INTO approval_step (approval_id, position, step, user_id, agree, state, stands_for_id, why,
				created_by)
			SELECT s.approval_id, s.position, s.step, s.user_id, s.agree, 'pending', s.stands_for_id,
				nullif(s.why, 'agreed'), caller
			FROM approval_step s WHERE s.approval_id = p_id AND s.step BETWEEN greatest(p_step, 1) AND a.step
			AND s.state IN ('granted', 'waiting', 'returned', 'skipped') AND s.deleted_at IS NULL ORDER BY s.id;
		UPDATE approval_step SET deleted_at = now(), version = version + 1 WHERE approval_id = p_id
			AND step BETWEEN greatest(p_step, 1) AND a.step AND deleted_at IS NULL
			AND state IN ('granted', 'waiting', 'skipped');
		UPDATE approval_step SET step = -step, version = version + 1 WHERE approval_id = p_id
			AND state = 'returned' AND step > 0;
		IF coalesce(p_step, 0) = 0 THEN
			UPDATE approval SET state = 'returned', step = 0, waiting_for = NULL, due_at = NULL,
				outcome = name || ': ' || p_comment, version = version + 1, updated_at = now()
				WHERE id = p_id;
			PERFORM kehu_tell(a.owner_id, 'approval',
				format('Sent back by %s: %s – %s', name, a.title, p_comment),
				format('%s 退回：%s – %s', name, a.title, p_comment), 45, p_id);
		ELSE
			UPDATE approval SET step = p_step - 1 WHERE id = p_id;
			PERFORM kehu_approval_advance(p_id);
		END IF;
	WHEN 'resubmit' THEN
		UPDATE approval SET reason = coalesce(nullif(p_comment, ''), reason), outcome = NULL, step = 0
			WHERE id = p_id;
		PERFORM kehu_approval_advance(p_id);
	WHEN 'add_signer', 'pass_on' THEN
		SELECT * INTO target FROM kehu_approver(p_user, a.owner_id);
		IF NOT kehu_is_active(p_user) OR p_user IN (a.owner_id, caller) OR target.user_id IS NULL
			OR EXISTS (SELECT FROM approval_step s WHERE s.approval_id = p_id AND s.step = a.step
				AND s.user_id = target.user_id AND s.deleted_at IS NULL) THEN
			PERFORM kehu_refuse('INVALID');
		END IF;
		IF p_action = 'pass_on' THEN
			UPDATE approval_step SET state = 'skipped', comment = nullif(p_comment, ''), decided_at = now(),
				version = version + 1 WHERE id = seat.id;
			PERFORM kehu_approval_seat(a, a.step, seat.agree, target.user_id, caller, 'passed', 'waiting');
		ELSE
			PERFORM kehu_approval_seat(a, a.step, 'all', target.user_id, target.user_id, 'added', 'waiting');
		END IF;
		PERFORM kehu_tell(target.user_id, 'approval',
			format('%s asks for your signature: %s%s', name, a.title, coalesce(' – ' || p_comment, '')),
			format('%s 请您会签：%s%s', name, a.title, coalesce(' – ' || p_comment, '')), 45, p_id);
		UPDATE approval SET version = version + 1, updated_at = now(),
			waiting_for = (SELECT string_agg(u.label, ', ' ORDER BY s.id) FROM approval_step s
				JOIN users u ON u.id = s.user_id WHERE s.approval_id = p_id AND s.state = 'waiting'
				AND s.deleted_at IS NULL) WHERE id = p_id;
	WHEN 'remind' THEN
		PERFORM kehu_tell(s.user_id, 'approval', format('%s reminds you: %s', name, a.title),
			format('%s 催办：%s', name, a.title), 45, p_id)
			FROM approval_step s WHERE s.approval_id = p_id AND s.state = 'waiting' AND s.deleted_at IS NULL;
	WHEN 'withdraw' THEN
		PERFORM kehu_approval_end(p_id, 'withdrawn', coalesce(p_comment, ''), 0);
	ELSE
		PERFORM kehu_refuse('INVALID');
	END CASE;
	SELECT o.version, o.owner_id INTO version, sender FROM approval o WHERE o.id = p_id;
	IF ready THEN
		request := a.request;
		language := a.language;
		offset_min := a.offset_min;
		intention := a.intention;
	END IF;
END
$$;

-- Those that nobody has looked at for too long: their signers are told again. Returns how many.
CREATE OR REPLACE FUNCTION kehu_approval_remind(p_max integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	a record;
	told bigint := 0;
BEGIN
	FOR a IN SELECT o.id, o.title, o.remind_hours FROM approval o WHERE o.state = 'waiting'
		AND o.due_at < now() AND o.deleted_at IS NULL ORDER BY o.due_at LIMIT p_max
		FOR UPDATE SKIP LOCKED
	LOOP
		PERFORM kehu_tell(s.user_id, 'approval', 'Still waits for your approval: ' || a.title,
			'仍待您审批：' || a.title, 45, a.id)
			FROM approval_step s WHERE s.approval_id = a.id AND s.state = 'waiting' AND s.deleted_at IS NULL;
		UPDATE approval SET due_at = now() + make_interval(hours => a.remind_hours::integer)
			WHERE id = a.id;
		told := told + 1;
	END LOOP;
	RETURN told;
END
$$;

-- Approvals that wait for one of these users: ids only, for filters (approver:me).
CREATE OR REPLACE FUNCTION kehu_approval_step_of(p_users bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT DISTINCT s.approval_id FROM approval_step s
		WHERE (s.user_id = ANY (p_users) OR s.user_id IN (SELECT d.away_id FROM access_delegations() d
			WHERE d.user_id = ANY (p_users)))
		AND s.state = 'waiting' AND s.deleted_at IS NULL;
END
$$;

-- The rules of the server's snapshot, those in force.
CREATE OR REPLACE FUNCTION access_approval_rules()
RETURNS TABLE (id bigint, entity text, action text, fields text, condition text, rows_over bigint,
	role_id bigint, department_id bigint, needs_reason boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT r.id, r.entity, r.action, coalesce(r.fields, ''), coalesce(r.condition, ''),
		coalesce(r.rows_over, 0), coalesce(r.role_id, 0), coalesce(r.department_id, 0),
		coalesce(r.needs_reason, false)
		FROM approval_rule r WHERE r.active AND r.deleted_at IS NULL ORDER BY r.rank, r.id;
END
$$;
