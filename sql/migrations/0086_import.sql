-- One import of a file, and which records it made or changed, so that it can be undone as a whole. What those it
-- changed were before is in the history, under the same change_id.

CREATE TABLE import (
	LIKE template.record INCLUDING ALL,
	at timestamptz NOT NULL DEFAULT now(),
	file text NOT NULL DEFAULT '',
	entity text COLLATE "C" NOT NULL,
	rows_read bigint NOT NULL DEFAULT 0,
	rows_created bigint NOT NULL DEFAULT 0,
	rows_updated bigint NOT NULL DEFAULT 0,
	rows_refused bigint NOT NULL DEFAULT 0,
	state text COLLATE "C" NOT NULL DEFAULT 'running',
	job bigint NOT NULL,
	undone_at timestamptz,
	kept bigint,
	kept_names text,
	change_id uuid NOT NULL,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
);
CREATE UNIQUE INDEX import_job ON import (job);
CREATE INDEX import_owner ON import (owner_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX import_department ON import (department_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX import_branch ON import (branch_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX import_at ON import (at DESC, id DESC) WHERE deleted_at IS NULL;

-- What one batch did: undoing goes from the last to the first, what it referred to after the rows themselves.
CREATE TABLE import_part (
	import_id bigint NOT NULL REFERENCES import ON DELETE CASCADE,
	number bigint NOT NULL,
	step smallint NOT NULL, -- of the batch: 1 made for a reference, 2 made, 3 changed
	entity text COLLATE "C" NOT NULL,
	ids bigint[] NOT NULL,
	undone boolean NOT NULL DEFAULT false,
	PRIMARY KEY (import_id, number, step, entity)
);

INSERT INTO retention_rule (name, name_key, what, days, active) VALUES
	('导入记录 Imports', 'daorujilu', 'import', 365, false);
