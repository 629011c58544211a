-- What customers are promised, and each ticket's clocks with the moments at which something is due.
CREATE TABLE sla (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	active boolean,
	kind text COLLATE "C",
	priority text COLLATE "C",
	level text COLLATE "C",
	calendar_id bigint REFERENCES work_calendar,
	answer_min bigint,
	on_site_min bigint,
	solve_min bigint,
	warn_percent bigint
);
CREATE UNIQUE INDEX sla_name ON sla (name) WHERE deleted_at IS NULL;

CREATE TABLE ticket_clock (
	LIKE template.record INCLUDING ALL,
	ticket_id bigint NOT NULL REFERENCES ticket,
	position integer NOT NULL DEFAULT 0,
	kind text COLLATE "C",
	minutes bigint,
	state text COLLATE "C",
	due_at timestamptz,
	met_at timestamptz,
	left_min bigint,
	warn_at timestamptz,
	alarm_at timestamptz
);
CREATE INDEX ticket_clock_parent ON ticket_clock (ticket_id, position, id);
-- What is to be warned of or breaks next: one read from its front.
CREATE INDEX ticket_clock_alarm ON ticket_clock (alarm_at, ticket_id) WHERE alarm_at IS NOT NULL AND deleted_at IS NULL;

ALTER TABLE ticket ADD COLUMN sla_id bigint REFERENCES sla,
	ADD COLUMN due_at timestamptz,
	ADD COLUMN late boolean,
	ADD COLUMN on_site_at timestamptz;
-- What breaks next, of each reader's; tickets that are done have no moment and cost nothing here.
CREATE INDEX ticket_due ON ticket (due_at, id) WHERE due_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ticket_due_owner ON ticket (owner_id, due_at, id) WHERE due_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ticket_due_department ON ticket (department_id, due_at, id) WHERE due_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ticket_due_branch ON ticket (branch_id, due_at, id) WHERE due_at IS NOT NULL AND deleted_at IS NULL;
