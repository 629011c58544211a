-- How much each user reads in a day: the row budget, access statistics, what is unusual.
CREATE TABLE reading (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	day date NOT NULL,
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
CREATE UNIQUE INDEX reading_owner ON reading (owner_id, day DESC);
CREATE INDEX reading_department ON reading (department_id, day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX reading_branch ON reading (branch_id, day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX reading_day ON reading (day DESC, id DESC) WHERE deleted_at IS NULL;

-- Apart from the record, like all figures: they change every few seconds while somebody works.
-- reserved: rows that servers have taken from the budget, read or not yet.
CREATE TABLE reading_figures (
	id bigint PRIMARY KEY REFERENCES reading,
	rows bigint NOT NULL DEFAULT 0,
	listed bigint NOT NULL DEFAULT 0,
	opened bigint NOT NULL DEFAULT 0,
	searched bigint NOT NULL DEFAULT 0,
	reported bigint NOT NULL DEFAULT 0,
	exported bigint NOT NULL DEFAULT 0,
	reserved bigint NOT NULL DEFAULT 0,
	extra bigint NOT NULL DEFAULT 0,
	median bigint,
	flagged_at timestamptz,
	exceeded_at timestamptz
) WITH (fillfactor = 70);
