-- Merging two records of one: what was taken and what was moved, so that it can be undone days later.

CREATE TABLE merge (
	LIKE template.record INCLUDING ALL,
	at timestamptz NOT NULL DEFAULT now(),
	kind text COLLATE "C" NOT NULL,
	kept_name text,
	gone_name text,
	kept_id bigint NOT NULL,
	gone_id bigint NOT NULL,
	taken text,
	moved bigint NOT NULL DEFAULT 0,
	reason text,
	state text COLLATE "C" NOT NULL,
	undone_at timestamptz,
	before jsonb NOT NULL DEFAULT '{}',
	after jsonb NOT NULL DEFAULT '{}',
	owed bigint NOT NULL DEFAULT 0,
	balance bigint NOT NULL DEFAULT 0,
	gone_delete uuid NOT NULL,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
);
CREATE INDEX merge_owner ON merge (owner_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX merge_department ON merge (department_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX merge_branch ON merge (branch_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX merge_at ON merge (at DESC, id DESC) WHERE deleted_at IS NULL;

-- The rows that pointed at the one that went.
CREATE TABLE merge_row (
	merge_id bigint NOT NULL REFERENCES merge,
	tbl text NOT NULL,
	col text NOT NULL,
	ids bigint[] NOT NULL,
	PRIMARY KEY (merge_id, tbl, col)
);
