-- Accounts that nobody uses come up for review every quarter. Sessions are not kept that long: the day each
-- account was used last is.
CREATE TABLE account_use (
	user_id bigint PRIMARY KEY REFERENCES users,
	day date NOT NULL
);

CREATE TABLE account_review_run (
	quarter date PRIMARY KEY
);

CREATE TABLE account_review (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	last_used_on date,
	state text COLLATE "C" NOT NULL,
	reason text,
	decider_id bigint REFERENCES users,
	decided_at timestamptz,
	owner_id bigint NOT NULL REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
);
CREATE INDEX account_review_owner ON account_review (owner_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX account_review_department ON account_review (department_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX account_review_branch ON account_review (branch_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX account_review_created ON account_review (created_at DESC, id DESC) WHERE deleted_at IS NULL;
