-- Who stands in for whom while they are away.
CREATE TABLE delegation (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	owner_id bigint NOT NULL REFERENCES users,
	to_user_id bigint NOT NULL REFERENCES users,
	from_day date NOT NULL,
	to_day date NOT NULL,
	reason text NOT NULL,
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
CREATE INDEX delegation_owner ON delegation (owner_id, from_day DESC, id DESC);
CREATE INDEX delegation_department ON delegation (department_id, from_day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX delegation_branch ON delegation (branch_id, from_day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX delegation_day ON delegation (from_day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX delegation_ends ON delegation (to_day) WHERE deleted_at IS NULL;

-- The day for which the servers' snapshots hold: delegations begin and end with a day.
ALTER TABLE state ADD COLUMN delegation_day date NOT NULL DEFAULT '1970-01-01';
