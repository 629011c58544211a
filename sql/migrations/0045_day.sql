-- The selling day: visits become activities of any kind; repeating plans, reminders, follow-up rules,
-- holidays, and what today's list reads.

-- A task or an internal meeting is about no customer.
ALTER TABLE visit ALTER COLUMN customer_id DROP NOT NULL,
	ADD COLUMN ends_at timestamptz,
	ADD COLUMN remind_min bigint,
	ADD COLUMN checked_in_at timestamptz,
	ADD COLUMN plan_id bigint,
	ADD COLUMN plan_on date;
-- One activity for each day of a plan, however many servers make them; a deleted one stays deleted.
CREATE UNIQUE INDEX visit_plan_on ON visit (plan_id, plan_on) WHERE plan_id IS NOT NULL;
-- What is still to be done, of each owner: today's list and overlaps.
CREATE INDEX visit_open ON visit (owner_id, at, id) WHERE deleted_at IS NULL AND state IN ('planned', 'started');

CREATE TABLE visit_customers (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	visit_id bigint NOT NULL REFERENCES visit,
	position integer NOT NULL DEFAULT 0,
	customer_id bigint NOT NULL REFERENCES customer,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX visit_customers_parent ON visit_customers (visit_id, position, id);
CREATE INDEX visit_customers_customer ON visit_customers (customer_id, visit_id) WHERE deleted_at IS NULL;

CREATE TABLE visit_opportunity (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	visit_id bigint NOT NULL REFERENCES visit,
	position integer NOT NULL DEFAULT 0,
	opportunity_id bigint NOT NULL REFERENCES opportunity,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX visit_opportunity_parent ON visit_opportunity (visit_id, position, id);
CREATE INDEX visit_opportunity_opportunity ON visit_opportunity (opportunity_id, visit_id) WHERE deleted_at IS NULL;

CREATE TABLE visit_plan (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	purpose text NOT NULL,
	kind text COLLATE "C" NOT NULL,
	customer_id bigint REFERENCES customer,
	starts_at timestamptz NOT NULL,
	minutes bigint,
	every bigint NOT NULL,
	unit text COLLATE "C" NOT NULL,
	weekdays text,
	until date,
	times bigint,
	holidays text COLLATE "C" NOT NULL,
	place text,
	remind_min bigint,
	state text COLLATE "C" NOT NULL,
	made_until date,
	reason text,
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
);
CREATE INDEX visit_plan_owner ON visit_plan (owner_id, starts_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX visit_plan_department ON visit_plan (department_id, starts_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX visit_plan_branch ON visit_plan (branch_id, starts_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX visit_plan_starts_at ON visit_plan (starts_at DESC, id DESC) WHERE deleted_at IS NULL;
-- What is to be made further ahead.
CREATE INDEX visit_plan_due ON visit_plan (made_until) WHERE state = 'active' AND deleted_at IS NULL;
ALTER TABLE visit ADD CONSTRAINT visit_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES visit_plan;

CREATE TABLE holiday (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	day date NOT NULL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	working boolean NOT NULL DEFAULT false,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX holiday_day ON holiday (day) WHERE deleted_at IS NULL;

CREATE TABLE follow_up_rule (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	level text COLLATE "C" NOT NULL,
	days bigint NOT NULL,
	active boolean NOT NULL DEFAULT true,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX follow_up_rule_name ON follow_up_rule (name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX follow_up_rule_level ON follow_up_rule (level) WHERE deleted_at IS NULL;
INSERT INTO follow_up_rule (name, name_key, level, days) VALUES
	('A', 'A', 'A', 30), ('B', 'B', 'B', 30);

-- waiting -> told (once: in the transaction that writes the message) -> done. Where nobody saw it
-- on a client (shown_at), it goes by mail (mailed_at).
CREATE TABLE reminder (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	text text NOT NULL,
	due_at timestamptz NOT NULL,
	visit_id bigint REFERENCES visit,
	customer_id bigint REFERENCES customer,
	opportunity_id bigint REFERENCES opportunity,
	state text COLLATE "C" NOT NULL,
	snoozed_until timestamptz,
	told_at timestamptz,
	shown_at timestamptz,
	mailed_at timestamptz,
	automatic boolean NOT NULL DEFAULT false,
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
) WITH (fillfactor = 80);
CREATE INDEX reminder_owner ON reminder (owner_id, due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX reminder_department ON reminder (department_id, due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX reminder_branch ON reminder (branch_id, due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX reminder_due_at ON reminder (due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX reminder_waiting ON reminder (due_at, id) WHERE state = 'waiting' AND deleted_at IS NULL;
CREATE INDEX reminder_unseen ON reminder (told_at) WHERE state = 'told' AND shown_at IS NULL AND mailed_at IS NULL AND deleted_at IS NULL;
CREATE INDEX reminder_told ON reminder (owner_id, due_at, id) WHERE state = 'told' AND deleted_at IS NULL;
CREATE UNIQUE INDEX reminder_automatic ON reminder (visit_id) WHERE automatic;
CREATE INDEX reminder_visit ON reminder (visit_id) WHERE visit_id IS NOT NULL;

-- Customers as their owner's day sees them: the next contact agreed (next_on), and since when
-- nobody met them (met_at; empty while something is planned). Kept by triggers; like search tables
-- it has no row policies, and what is found in it is read under the customer's.
CREATE TABLE customer_due (
	id bigint PRIMARY KEY,
	owner_id bigint NOT NULL,
	level text COLLATE "C",
	next_on date,
	met_at timestamptz
) WITH (fillfactor = 80);
INSERT INTO customer_due (id, owner_id, level, next_on, met_at)
	SELECT c.id, c.owner_id, c.level,
		CASE WHEN coalesce(f.open_visits, 0) = 0 THEN f.next_visit_on END,
		CASE WHEN coalesce(f.open_visits, 0) = 0 THEN coalesce(f.last_visit_at, c.created_at) END
	FROM customer c LEFT JOIN customer_figures f ON f.id = c.id
	WHERE c.owner_id IS NOT NULL AND c.deleted_at IS NULL AND c.stage <> 'lost';
CREATE INDEX customer_due_next ON customer_due (owner_id, next_on) WHERE next_on IS NOT NULL;
CREATE INDEX customer_due_met ON customer_due (owner_id, level, met_at) WHERE met_at IS NOT NULL;

-- Birthdays by month and day, as one number (1203), since no function may stand in an index that
-- is read under row policies. Those of the lunar calendar have no fixed day.
ALTER TABLE contact ADD COLUMN birthday_md bigint GENERATED ALWAYS AS (CASE WHEN NOT lunar THEN
	(extract(month FROM birthday) * 100 + extract(day FROM birthday))::bigint END) STORED;
CREATE INDEX contact_birthday ON contact (owner_id, birthday_md) WHERE birthday_md IS NOT NULL AND deleted_at IS NULL;

-- The code that is shown at the customer's, for checking in.
ALTER TABLE customer ADD COLUMN check_in_code text;
