-- The recycle bin as records: what was deleted, by whom, and what became of it.

CREATE TABLE bin (
	LIKE template.record INCLUDING ALL,
	at timestamptz NOT NULL DEFAULT now(),
	entity text COLLATE "C" NOT NULL,
	title text,
	record bigint NOT NULL,
	by_id bigint REFERENCES users,
	state text COLLATE "C" NOT NULL DEFAULT 'in_bin',
	ended_at timestamptz,
	ended_by bigint REFERENCES users,
	rows bigint,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
);
CREATE UNIQUE INDEX bin_record ON bin (record) WHERE state = 'in_bin' AND deleted_at IS NULL;
CREATE INDEX bin_owner ON bin (owner_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX bin_department ON bin (department_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX bin_branch ON bin (branch_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX bin_at ON bin (at DESC, id DESC) WHERE deleted_at IS NULL;

-- What lies there already: customers, and contacts, leads and opportunities that went for themselves.
INSERT INTO bin (at, entity, title, record, by_id, owner_id, department_id, branch_id, created_by)
	SELECT deleted_at, 'customer', name, id, updated_by, owner_id, department_id, branch_id, updated_by
	FROM customer WHERE deleted_at IS NOT NULL;
INSERT INTO bin (at, entity, title, record, by_id, owner_id, department_id, branch_id, created_by)
	SELECT t.deleted_at, 'contact', t.name, t.id, t.updated_by, t.owner_id, t.department_id, t.branch_id, t.updated_by
	FROM contact t JOIN customer c ON c.id = t.customer_id
	WHERE t.deleted_at IS NOT NULL AND c.delete_id IS DISTINCT FROM t.delete_id;
INSERT INTO bin (at, entity, title, record, by_id, owner_id, department_id, branch_id, created_by)
	SELECT deleted_at, 'lead', name, id, updated_by, owner_id, department_id, branch_id, updated_by
	FROM lead WHERE deleted_at IS NOT NULL;
INSERT INTO bin (at, entity, title, record, by_id, owner_id, department_id, branch_id, created_by)
	SELECT t.deleted_at, 'opportunity', t.name, t.id, t.updated_by, t.owner_id, t.department_id, t.branch_id, t.updated_by
	FROM opportunity t JOIN customer c ON c.id = t.customer_id
	WHERE t.deleted_at IS NOT NULL AND c.delete_id IS DISTINCT FROM t.delete_id;

INSERT INTO retention_rule (name, name_key, what, days, active) VALUES
	('回收站 Recycle bin', 'huishouzhan', 'bin', 365, false);
