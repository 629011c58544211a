-- The outbox: what is to be sent by mail or as a text message, templates, and who wants none.

CREATE TABLE mail_template (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	title text NOT NULL,
	title_key text COLLATE "C" NOT NULL,
	channel text COLLATE "C" NOT NULL,
	entity text,
	subject_zh text,
	body_zh text,
	subject_en text,
	body_en text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX mail_template_name ON mail_template (name) WHERE deleted_at IS NULL;

CREATE TABLE opt_out (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	channel text COLLATE "C" NOT NULL,
	address text NOT NULL,
	address_key text COLLATE "C" NOT NULL,
	name text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX opt_out_address ON opt_out (lower(address), channel) WHERE deleted_at IS NULL;

-- key: names what is sent, so that asking for it twice sends it once. message_id is ours and stays
-- the same in every try, so that a receiver can tell. handed_at: the other side has begun to take
-- it; if it is not known then how that ended, it is not sent again by itself.
CREATE TABLE outgoing (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	channel text COLLATE "C" NOT NULL,
	address text NOT NULL,
	subject text,
	body text NOT NULL,
	state text COLLATE "C" NOT NULL DEFAULT 'waiting',
	answer text,
	attempts bigint NOT NULL DEFAULT 0,
	next_at timestamptz NOT NULL DEFAULT now(),
	sent_at timestamptz,
	message_id text NOT NULL,
	files text,
	anchor_entity bigint,
	anchor_id bigint,
	owner_id bigint REFERENCES users,
	department_id bigint,
	branch_id bigint,
	key text,
	worker text,
	lease_until timestamptz,
	handed_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX outgoing_key ON outgoing (key) WHERE key IS NOT NULL;
CREATE INDEX outgoing_due ON outgoing (channel, next_at) WHERE state = 'waiting';
CREATE INDEX outgoing_lease ON outgoing (lease_until) WHERE state = 'sending';
CREATE INDEX outgoing_owner ON outgoing (owner_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX outgoing_department ON outgoing (department_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX outgoing_branch ON outgoing (branch_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX outgoing_created ON outgoing (created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX outgoing_anchor ON outgoing (anchor_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE outgoing_file (
	outgoing_id bigint NOT NULL REFERENCES outgoing,
	position integer NOT NULL,
	name text NOT NULL,
	type text NOT NULL,
	data bytea NOT NULL,
	PRIMARY KEY (outgoing_id, position)
);
