-- Pairs of customers that look like one, as the scan of all customers found them: no names, only the two
-- and what is the same. seen_at: the scan that last found it, so that those no longer alike are closed.

CREATE TABLE duplicate (
	LIKE template.record INCLUDING ALL,
	at timestamptz NOT NULL DEFAULT now(),
	first_id bigint NOT NULL REFERENCES customer,
	second_id bigint NOT NULL REFERENCES customer,
	matched bigint NOT NULL,
	degree text COLLATE "C" NOT NULL,
	state text COLLATE "C" NOT NULL DEFAULT 'open',
	reason text,
	decided_id bigint REFERENCES users,
	decided_at timestamptz,
	seen_at timestamptz NOT NULL DEFAULT now(),
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	pool_id bigint REFERENCES pool
);
CREATE UNIQUE INDEX duplicate_pair ON duplicate (first_id, second_id) WHERE first_id <> second_id;
CREATE INDEX duplicate_second ON duplicate (second_id);
CREATE INDEX duplicate_owner ON duplicate (owner_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX duplicate_department ON duplicate (department_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX duplicate_branch ON duplicate (branch_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX duplicate_pool ON duplicate (pool_id, at DESC, id DESC) WHERE deleted_at IS NULL AND pool_id IS NOT NULL;
CREATE INDEX duplicate_at ON duplicate (at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX duplicate_open ON duplicate (seen_at) WHERE state = 'open';
