-- A person's rights: the journal of erasures (ids and times only), and what is not kept for ever.

CREATE TABLE erasure (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	entity text NOT NULL,
	record bigint NOT NULL,
	replayed boolean NOT NULL DEFAULT false,
	owner_id bigint REFERENCES users,
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
CREATE INDEX erasure_record ON erasure (record);
CREATE INDEX erasure_owner ON erasure (owner_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX erasure_department ON erasure (department_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX erasure_branch ON erasure (branch_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX erasure_created ON erasure (created_at DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE retention_rule (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	what text COLLATE "C" NOT NULL,
	days bigint NOT NULL,
	active boolean,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX retention_rule_what ON retention_rule (what) WHERE deleted_at IS NULL;

-- Nothing goes before somebody switches it on.
INSERT INTO retention_rule (name, name_key, what, days, active) VALUES
	('登录尝试 Sign-in attempts', 'dengluchangshi', 'login_attempt', 365, false),
	('查看统计 Reading', 'chakantongji', 'reading', 730, false),
	('已发邮件与短信 Sent messages', 'yifayoujian', 'outgoing', 1095, false),
	('修改历史 History', 'xiugailishi', 'history', 3650, false),
	('联系人 Contacts', 'lianxiren', 'contact', 3650, false),
	('个人客户 Customers who are persons', 'gerenkehu', 'customer', 3650, false),
	('线索 Leads', 'xiansuo', 'lead', 1095, false);
