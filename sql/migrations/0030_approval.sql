-- Approvals: rules, requests that wait, who is asked. And messages, since those asked are told.

CREATE TABLE approval_rule (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	rank bigint NOT NULL DEFAULT 100,
	entity text NOT NULL,
	action text NOT NULL,
	fields text,
	condition text,
	rows_over bigint,
	role_id bigint REFERENCES role,
	department_id bigint REFERENCES department,
	needs_reason boolean,
	remind_hours bigint,
	active boolean,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX approval_rule_name ON approval_rule (name) WHERE deleted_at IS NULL;

CREATE TABLE approval_rule_step (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	approval_rule_id bigint NOT NULL REFERENCES approval_rule,
	position integer NOT NULL DEFAULT 0,
	kind text COLLATE "C" NOT NULL,
	user_id bigint REFERENCES users,
	role_id bigint REFERENCES role,
	within text COLLATE "C",
	level bigint,
	agree text COLLATE "C" NOT NULL DEFAULT 'all',
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX approval_rule_step_rule ON approval_rule_step (approval_rule_id);

-- request, language, offset_min, intention and chosen are the sender's request as it was sent; no
-- field of the catalogue, so that nobody reads them but the rule that runs it.
CREATE TABLE approval (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text NOT NULL,
	title text NOT NULL,
	state text COLLATE "C" NOT NULL DEFAULT 'waiting',
	waiting_for text,
	reason text,
	outcome text,
	due_at timestamptz,
	decided_at timestamptz,
	step bigint NOT NULL DEFAULT 0,
	action text NOT NULL,
	because text,
	anchor_entity bigint NOT NULL,
	anchor_id bigint,
	owner_id bigint NOT NULL REFERENCES users,
	department_id bigint,
	branch_id bigint,
	request bytea NOT NULL,
	language text NOT NULL,
	offset_min integer NOT NULL,
	intention uuid NOT NULL,
	remind_hours bigint NOT NULL DEFAULT 24,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX approval_number ON approval (number);
CREATE INDEX approval_owner ON approval (owner_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX approval_department ON approval (department_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX approval_branch ON approval (branch_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX approval_created ON approval (created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX approval_anchor ON approval (anchor_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX approval_due ON approval (due_at) WHERE state = 'waiting';

CREATE TABLE approval_step (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	approval_id bigint NOT NULL REFERENCES approval,
	position integer NOT NULL DEFAULT 0,
	step bigint NOT NULL,
	user_id bigint NOT NULL REFERENCES users,
	agree text COLLATE "C" NOT NULL,
	state text COLLATE "C" NOT NULL DEFAULT 'pending',
	comment text,
	decided_at timestamptz,
	stands_for_id bigint REFERENCES users,
	why text COLLATE "C",
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX approval_step_approval ON approval_step (approval_id, step);
CREATE INDEX approval_step_waiting ON approval_step (user_id) WHERE state = 'waiting';

-- What the request would change, as history would tell it: one row for each record or line.
CREATE TABLE approval_change (
	approval_id bigint NOT NULL REFERENCES approval,
	position integer NOT NULL,
	entity integer NOT NULL,
	record_id bigint NOT NULL,
	version integer NOT NULL,
	kind smallint NOT NULL,
	fields integer[] NOT NULL,
	old text[] NOT NULL,
	new text[] NOT NULL,
	PRIMARY KEY (approval_id, position)
);

CREATE TABLE message (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	text text NOT NULL,
	from_id bigint REFERENCES users,
	kind text COLLATE "C" NOT NULL,
	read_at timestamptz,
	anchor_entity bigint,
	anchor_id bigint,
	thread bigint,
	owner_id bigint NOT NULL REFERENCES users,
	department_id bigint,
	branch_id bigint,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX message_owner ON message (owner_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX message_unread ON message (owner_id) WHERE read_at IS NULL AND deleted_at IS NULL;
CREATE INDEX message_thread ON message (thread) WHERE thread IS NOT NULL;
