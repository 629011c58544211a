-- Signing in: the second factor, password age and history, tickets between the two stages of a
-- login, sessions bound to a client's key, idle lock, and the certificates of branches.

-- Roles whose users need a second factor.
ALTER TABLE role ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
UPDATE role SET second_factor = true WHERE name IN ('administrator', 'auditor');

-- Since when a user has one; null: none. The secret itself is in user_sign.
ALTER TABLE users ADD COLUMN factor_at timestamptz;

-- What signing in must keep of a user and nobody else may read.
CREATE TABLE user_sign (
	user_id bigint PRIMARY KEY,
	password_at timestamptz NOT NULL DEFAULT now(),
	secret bytea,           -- of the second factor in force
	pending bytea,          -- shown, not yet confirmed
	step bigint             -- of the last code taken: none is taken twice
);
INSERT INTO user_sign (user_id) SELECT id FROM users ON CONFLICT DO NOTHING;

-- SHA-256 of each recovery code not yet used; they are random, so that is enough.
CREATE TABLE user_recovery (
	user_id bigint NOT NULL,
	hash bytea NOT NULL,
	PRIMARY KEY (user_id, hash)
);

CREATE TABLE password_history (
	user_id bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	hash text NOT NULL
);
CREATE INDEX password_history_user ON password_history (user_id, at DESC);

-- The password was right, the second factor is awaited: for five minutes and five tries.
CREATE TABLE login_ticket (
	hash bytea PRIMARY KEY,
	user_id bigint NOT NULL,
	peer text,
	key_hash bytea,
	new_password text,      -- hash of the password to be, where the old one had to be changed
	tries integer NOT NULL DEFAULT 0,
	expires_at timestamptz NOT NULL
);

-- wrong counts towards delay and lock; half: the password was right, the second factor awaited;
-- refused: not even looked at, too soon after others.
ALTER TABLE login_attempt ADD COLUMN outcome text NOT NULL DEFAULT 'wrong'
	CHECK (outcome IN ('wrong', 'good', 'half', 'refused'));
UPDATE login_attempt SET outcome = 'good' WHERE good;

ALTER TABLE session ADD COLUMN key_hash bytea;
ALTER TABLE session ADD COLUMN certificate text;
ALTER TABLE session ADD COLUMN locked_at timestamptz;

-- Certificates given to branches. Revoked ones stay, so that it is known who had them.
CREATE TABLE certificate (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,     -- serial number, hex
	name_key text COLLATE "C" NOT NULL,
	branch_id bigint NOT NULL REFERENCES branch,
	device text,
	starts_at timestamptz NOT NULL,
	ends_at timestamptz NOT NULL,
	revoked_at timestamptz,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX certificate_name ON certificate (name);
CREATE INDEX certificate_ends ON certificate (ends_at, id) WHERE deleted_at IS NULL;
CREATE INDEX certificate_branch ON certificate (branch_id);
CREATE INDEX session_of_certificate ON session (certificate) WHERE ended_at IS NULL;
