-- Reports made at their time, and what came of each.
CREATE TABLE report_schedule (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	report text NOT NULL,
	parameters text,
	period text COLLATE "C",
	format text COLLATE "C" NOT NULL,
	language text COLLATE "C",
	every text COLLATE "C" NOT NULL,
	day bigint,
	time text NOT NULL,
	paused boolean,
	next_at timestamptz,
	receivers text,
	keep_days bigint NOT NULL DEFAULT 90,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
);
CREATE INDEX report_schedule_due ON report_schedule (next_at) WHERE deleted_at IS NULL;
CREATE INDEX report_schedule_owner ON report_schedule (owner_id, name_key, id) WHERE deleted_at IS NULL;

CREATE TABLE report_run (
	LIKE template.record INCLUDING ALL,
	at timestamptz NOT NULL DEFAULT now(),
	title text NOT NULL,
	schedule_id bigint REFERENCES report_schedule,
	state text COLLATE "C" NOT NULL DEFAULT 'running',
	rows bigint,
	bytes bigint,
	text text,
	job bigint,
	expires_at timestamptz,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
);
CREATE INDEX report_run_schedule ON report_run (schedule_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX report_run_owner ON report_run (owner_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX report_run_at ON report_run (at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX report_run_expires ON report_run (expires_at) WHERE state = 'done';
CREATE INDEX report_run_running ON report_run (job) WHERE state = 'running';
