-- Who serves: teams with what they take, and their people with skills, area and leave.
CREATE TABLE service_team (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	active boolean,
	kind text COLLATE "C",
	region_id bigint REFERENCES region,
	pool_id bigint REFERENCES pool,
	leader_id bigint REFERENCES users,
	automatic boolean
);
CREATE UNIQUE INDEX service_team_name ON service_team (name) WHERE deleted_at IS NULL;

CREATE TABLE technician (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	user_id bigint REFERENCES users,
	team_id bigint REFERENCES service_team,
	active boolean,
	calendar_id bigint REFERENCES work_calendar,
	region_id bigint REFERENCES region,
	company text,
	phone text,
	phone_digits text COLLATE "C",
	hour_cost bigint,
	hour_cost_currency text COLLATE "C"
);
CREATE UNIQUE INDEX technician_user_id ON technician (user_id) WHERE deleted_at IS NULL;
CREATE INDEX technician_team ON technician (team_id) WHERE deleted_at IS NULL;

CREATE TABLE technician_skill (
	LIKE template.record INCLUDING ALL,
	technician_id bigint NOT NULL REFERENCES technician,
	position integer NOT NULL DEFAULT 0,
	skill text COLLATE "C"
);
CREATE INDEX technician_skill_parent ON technician_skill (technician_id, position, id);

CREATE TABLE technician_leave (
	LIKE template.record INCLUDING ALL,
	technician_id bigint NOT NULL REFERENCES technician,
	position integer NOT NULL DEFAULT 0,
	kind text COLLATE "C",
	from_at timestamptz,
	until_at timestamptz,
	note text
);
CREATE INDEX technician_leave_parent ON technician_leave (technician_id, position, id);

ALTER TABLE ticket ADD COLUMN team_id bigint REFERENCES service_team,
	ADD COLUMN escalated bigint,
	ADD COLUMN escalated_at timestamptz;
CREATE INDEX ticket_team ON ticket (team_id, opened_at DESC, id DESC) WHERE team_id IS NOT NULL;
-- Who had the customer last.
CREATE INDEX ticket_served ON ticket (customer_id, solved_at DESC) WHERE solved_at IS NOT NULL AND deleted_at IS NULL;
