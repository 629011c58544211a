-- Scheduled reports: when they are due, what came of them, how long that is kept.

-- The first time after a moment, by a clock so far east of UTC.
CREATE OR REPLACE FUNCTION kehu_report_next(p_every text, p_day bigint, p_time text, p_east interval, p_after timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	here timestamp := p_after AT TIME ZONE 'UTC' + p_east;
	want bigint := coalesce(p_day, 1);
	d date;
	found timestamptz;
BEGIN
	FOR i IN 0 .. 400 LOOP
		d := here::date + i;
		found := (d + p_time::time - p_east) AT TIME ZONE 'UTC';
		CONTINUE WHEN found <= p_after;
		CONTINUE WHEN p_every = 'week' AND extract(isodow FROM d) <> want;
		CONTINUE WHEN p_every = 'month' AND extract(day FROM d)
			<> least(want, extract(day FROM date_trunc('month', d) + interval '1 month' - interval '1 day'));
		CONTINUE WHEN p_every = 'workday' AND NOT coalesce((SELECT bool_or(coalesce(h.working, false)) FROM holiday h
			WHERE h.day = d AND h.deleted_at IS NULL), extract(isodow FROM d) < 6);
		RETURN found;
	END LOOP;
	RETURN NULL;
END
$$;

-- Made or changed, it runs from now on; one that is restored says itself when.
CREATE OR REPLACE FUNCTION kehu_report_timed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	IF TG_OP = 'INSERT' AND NEW.next_at IS NOT NULL THEN
		RETURN NEW;
	END IF;
	NEW.next_at := CASE WHEN NOT coalesce(NEW.paused, false) THEN
		kehu_report_next(NEW.every, NEW.day, NEW.time, kehu_branch_offset(NEW.branch_id), clock_timestamp()) END;
	RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER kehu_timed BEFORE INSERT ON report_schedule
	FOR EACH ROW EXECUTE FUNCTION kehu_report_timed();
CREATE OR REPLACE TRIGGER kehu_retimed BEFORE UPDATE OF every, day, time, paused ON report_schedule
	FOR EACH ROW WHEN ((OLD.every, OLD.day, OLD.time, OLD.paused) IS DISTINCT FROM (NEW.every, NEW.day, NEW.time, NEW.paused))
	EXECUTE FUNCTION kehu_report_timed();

-- Queues the making of one; the archive's line of it.
CREATE OR REPLACE FUNCTION kehu_report_start(p_schedule bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	s report_schedule;
	mine users;
	made bigint;
	queued bigint;
BEGIN
	SELECT * INTO s FROM report_schedule WHERE id = p_schedule;
	SELECT * INTO mine FROM users WHERE id = s.owner_id;
	INSERT INTO report_run (title, schedule_id, owner_id, department_id, branch_id, created_by, expires_at)
		VALUES (s.name, s.id, s.owner_id, mine.department_id, mine.branch_id, s.owner_id,
			now() + make_interval(days => s.keep_days::integer))
		RETURNING id INTO made;
	INSERT INTO job (kind, arguments, created_by, change_id)
		VALUES ('report', format('run=%s lang=%s offset=%s', made, coalesce(s.language, mine.language, 'zh'),
			(extract(epoch FROM kehu_branch_offset(mine.branch_id)) / 60)::integer), s.owner_id, gen_random_uuid())
		RETURNING id INTO queued;
	UPDATE report_run SET job = queued WHERE id = made;
	RETURN made;
END
$$;

-- What is due now, at most so many; each once, whichever server asks: its next time is put forward with it. One that
-- lay while no server ran is made once. Who may not sign in any more gets none. And whose job ended without a word of it.
CREATE OR REPLACE FUNCTION kehu_reports_due(p_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	due report_schedule;
	lost record;
	done bigint := 0;
BEGIN
	FOR due IN SELECT * FROM report_schedule s WHERE s.next_at <= now() AND NOT coalesce(s.paused, false) AND s.deleted_at IS NULL
		ORDER BY s.next_at LIMIT p_most FOR NO KEY UPDATE SKIP LOCKED
	LOOP
		done := done + 1;
		UPDATE report_schedule SET next_at = kehu_report_next(every, day, time, kehu_branch_offset(branch_id),
			clock_timestamp()) WHERE id = due.id;
		IF kehu_is_active(due.owner_id) THEN
			PERFORM kehu_report_start(due.id);
		END IF;
	END LOOP;
	FOR lost IN SELECT r.id, j.text FROM report_run r JOIN job j ON j.id = r.job
		WHERE r.state = 'running' AND j.state IN ('failed', 'cancelled', 'done')
	LOOP
		PERFORM kehu_report_fail(lost.id, lost.text);
	END LOOP;
	RETURN done;
END
$$;

-- The name of what is asked for, and how.
CREATE OR REPLACE FUNCTION kehu_report_asked(p_run bigint)
RETURNS TABLE (state text, name text, report text, parameters text, period text, format text, receivers text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT r.state, s.name, s.report, s.parameters, s.period, s.format, s.receivers
		FROM report_run r JOIN report_schedule s ON s.id = r.schedule_id WHERE r.id = p_run AND r.owner_id = kehu_caller();
END
$$;

-- Keeps what was made and mails it, in one transaction, once: how many mails. Who has no address is named.
CREATE OR REPLACE FUNCTION kehu_report_keep(p_run bigint, p_name text, p_type text, p_rows bigint,
	p_subject text, p_body text, p_data bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	piece CONSTANT integer := 65536;
	run report_run;
	file bigint;
	mail bigint;
	one record;
	without text[] := '{}';
	mails bigint := 0;
BEGIN
	SELECT * INTO run FROM report_run WHERE id = p_run AND owner_id = kehu_caller() FOR NO KEY UPDATE;
	IF NOT FOUND OR run.state <> 'running' THEN
		RETURN 0;
	END IF;
	INSERT INTO attachment (name, bytes, sha256, complete, anchor_entity, anchor_id, created_by)
		VALUES (p_name, length(p_data), encode(sha256(p_data), 'hex'), true, 202, run.id, run.owner_id) RETURNING id INTO file;
	INSERT INTO attachment_chunk (attachment_id, number, data)
		SELECT file, n, substring(p_data FROM n * piece + 1 FOR piece)
		FROM generate_series(0, greatest(length(p_data) - 1, 0) / piece) n;
	FOR one IN SELECT DISTINCT ON (lower(coalesce(u.mail, w.word))) w.word,
			CASE WHEN w.word LIKE '%@%' THEN w.word WHEN kehu_is_active(u.id) THEN u.mail END AS address, u.id IS NOT NULL AS ours
		FROM report_schedule s, regexp_split_to_table(coalesce(s.receivers, ''), '[,;，；\s]+') w (word)
		LEFT JOIN users u ON u.name = w.word AND u.deleted_at IS NULL
		WHERE s.id = run.schedule_id AND w.word <> ''
	LOOP
		IF NOT kehu_address_ok('mail', coalesce(one.address, '')) THEN
			without := without || one.word;
			CONTINUE;
		END IF;
		mail := kehu_outbox('mail', one.address, p_subject, p_body, 202, run.id, run.owner_id,
			format('report %s %s', run.id, lower(one.address)), one.ours);
		PERFORM kehu_outbox_file(mail, p_name, p_type, p_data);
		mails := mails + 1;
	END LOOP;
	UPDATE report_run SET state = 'done', rows = p_rows, bytes = length(p_data), version = version + 1, updated_at = now(),
		text = CASE WHEN without <> '{}' THEN left('无邮箱 / no address: ' || array_to_string(without, ', '), 400) END
		WHERE id = run.id;
	RETURN mails;
END
$$;

-- It could not be made: its owner is told why. The next time it is tried again.
CREATE OR REPLACE FUNCTION kehu_report_fail(p_run bigint, p_why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	run report_run;
BEGIN
	UPDATE report_run SET state = 'failed', text = left(p_why, 400), version = version + 1, updated_at = now()
		WHERE id = p_run AND state = 'running' RETURNING * INTO run;
	IF FOUND THEN
		PERFORM kehu_tell(run.owner_id, 'system', left(format('Scheduled report failed: %s: %s', run.title, p_why), 400),
			left(format('定时报表未能生成：%s：%s', run.title, p_why), 400), 202, run.id);
	END IF;
END
$$;

-- What was kept long enough: the file goes, that it was made stays.
CREATE OR REPLACE FUNCTION kehu_reports_expire(p_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	gone bigint[];
	files bigint[];
BEGIN
	SELECT array_agg(r.id) INTO gone FROM (SELECT id FROM report_run WHERE state = 'done' AND expires_at <= now()
		ORDER BY expires_at LIMIT p_most FOR NO KEY UPDATE SKIP LOCKED) r;
	SELECT array_agg(a.id) INTO files FROM attachment a WHERE a.anchor_entity = 202 AND a.anchor_id = ANY (gone);
	DELETE FROM attachment_chunk c WHERE c.attachment_id = ANY (files);
	UPDATE attachment SET deleted_at = now() WHERE id = ANY (files) AND deleted_at IS NULL;
	UPDATE report_run SET state = 'expired', version = version + 1, updated_at = now() WHERE id = ANY (gone);
	RETURN coalesce(cardinality(gone), 0);
END
$$;
