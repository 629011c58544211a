-- One change of many records: what it was, which records it reached, so that it can be undone as a whole.
-- What they were before is in the history, under the same change_id.

CREATE TABLE bulk (
	LIKE template.record INCLUDING ALL,
	at timestamptz NOT NULL DEFAULT now(),
	title text NOT NULL,
	kind text COLLATE "C" NOT NULL,
	entity text COLLATE "C" NOT NULL,
	records bigint NOT NULL DEFAULT 0,
	refused bigint NOT NULL DEFAULT 0,
	state text COLLATE "C" NOT NULL DEFAULT 'done',
	undone_at timestamptz,
	kept bigint,
	kept_names text,
	change_id uuid NOT NULL,
	action text,
	numbers bigint[] NOT NULL DEFAULT '{}',
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
);
CREATE INDEX bulk_owner ON bulk (owner_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX bulk_department ON bulk (department_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX bulk_branch ON bulk (branch_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX bulk_at ON bulk (at DESC, id DESC) WHERE deleted_at IS NULL;

-- Each record it reached, and the version it made of it.
CREATE TABLE bulk_row (
	bulk_id bigint NOT NULL REFERENCES bulk,
	record_id bigint NOT NULL,
	version bigint NOT NULL,
	PRIMARY KEY (bulk_id, record_id)
);
