-- Daily and weekly reports, targets by month, and what they are filled and measured from.

CREATE TABLE work_report (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	title text,
	kind text COLLATE "C" NOT NULL,
	day date NOT NULL,
	until date,
	done text,
	plan text,
	problems text,
	state text COLLATE "C" NOT NULL,
	due_on date,
	handed_in_at timestamptz,
	late boolean,
	read_at timestamptz,
	reader_id bigint REFERENCES users,
	owner_id bigint NOT NULL REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX work_report_once ON work_report (owner_id, kind, day) WHERE deleted_at IS NULL;
CREATE INDEX work_report_owner ON work_report (owner_id, day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX work_report_department ON work_report (department_id, day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX work_report_branch ON work_report (branch_id, day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX work_report_day ON work_report (day DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE target (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	title text,
	month date NOT NULL,
	level text COLLATE "C" NOT NULL,
	person_id bigint REFERENCES users,
	of_department_id bigint REFERENCES department,
	of_branch_id bigint REFERENCES branch,
	measure text COLLATE "C" NOT NULL,
	number bigint,
	amount bigint,
	amount_currency text COLLATE "C",
	note text,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX target_once ON target (month, measure, level, coalesce(person_id, 0), coalesce(of_department_id, 0),
	coalesce(of_branch_id, 0)) WHERE deleted_at IS NULL;
CREATE INDEX target_person ON target (person_id, month) WHERE deleted_at IS NULL AND person_id IS NOT NULL;
CREATE INDEX target_owner ON target (owner_id, month DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX target_department ON target (department_id, month DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX target_branch ON target (branch_id, month DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX target_month ON target (month DESC, id DESC) WHERE deleted_at IS NULL;

-- What somebody did in a day, and who is new this month.
CREATE INDEX customer_owner_created ON customer (owner_id, created_at) WHERE deleted_at IS NULL;
CREATE INDEX customer_created ON customer (created_at) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_move_by ON opportunity_move (by_id, at) WHERE deleted_at IS NULL;
