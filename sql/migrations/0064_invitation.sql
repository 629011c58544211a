-- Invitations of a customer's own people, and the rule by which somebody approves who registers.
CREATE TABLE invitation (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	customer_id bigint NOT NULL REFERENCES customer,
	contact_id bigint REFERENCES contact,
	title text,
	mobile text,
	mobile_digits text COLLATE "C",
	mail text,
	language text COLLATE "C" NOT NULL,
	until_on date,
	state text COLLATE "C" NOT NULL,
	login text,
	user_id bigint REFERENCES users,
	registered_at timestamptz,
	reason text,
	owner_id bigint NOT NULL REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
);
CREATE INDEX invitation_owner ON invitation (owner_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX invitation_department ON invitation (department_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX invitation_branch ON invitation (branch_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX invitation_created ON invitation (created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX invitation_owner_name ON invitation (owner_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX invitation_customer ON invitation (customer_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX invitation_user ON invitation (user_id);

INSERT INTO approval_rule (name, name_key, rank, entity, action, active, needs_reason, remind_hours)
	VALUES ('外部用户登记', 'waibuyonghudengji', 30, 'invitation', 'register', true, false, 24);
INSERT INTO approval_rule_step (approval_rule_id, position, kind, level, agree)
	SELECT id, 0, 'superior', 1, 'all' FROM approval_rule WHERE entity = 'invitation' AND deleted_at IS NULL;
