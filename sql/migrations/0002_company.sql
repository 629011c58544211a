-- The company itself: regions, branches, departments, users, roles, choice lists, pools, tags.

CREATE TABLE region (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	code text NOT NULL,
	code_key text COLLATE "C" NOT NULL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	parent_id bigint REFERENCES region,
	level bigint,
	full_name text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX region_code ON region (code) WHERE deleted_at IS NULL;
CREATE INDEX region_parent ON region (parent_id);
CREATE INDEX region_name_key ON region (name_key, id) WHERE deleted_at IS NULL;

CREATE TABLE branch (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	code text,
	parent_id bigint REFERENCES branch,
	region_id bigint REFERENCES region,
	address text,
	phone text,
	phone_digits text COLLATE "C",
	offset_min bigint,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX branch_name ON branch (name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX branch_code ON branch (code) WHERE deleted_at IS NULL;

CREATE TABLE department (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	code text,
	branch_id bigint NOT NULL REFERENCES branch,
	parent_id bigint REFERENCES department,
	manager_id bigint,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX department_code ON department (code) WHERE deleted_at IS NULL;
CREATE INDEX department_branch ON department (branch_id);

CREATE TABLE users (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	label text NOT NULL,
	label_key text COLLATE "C" NOT NULL,
	branch_id bigint NOT NULL REFERENCES branch,
	department_id bigint REFERENCES department,
	superior_id bigint REFERENCES users,
	mail text,
	phone text,
	phone_digits text COLLATE "C",
	language text COLLATE "C",
	disabled boolean NOT NULL DEFAULT false,
	expires_on date,
	must_change boolean NOT NULL DEFAULT false,
	password_hash text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX users_name ON users (name) WHERE deleted_at IS NULL;
ALTER TABLE department ADD FOREIGN KEY (manager_id) REFERENCES users;
CREATE INDEX users_name_key ON users (name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX users_department ON users (department_id) WHERE deleted_at IS NULL;
CREATE INDEX users_branch ON users (branch_id) WHERE deleted_at IS NULL;

CREATE TABLE role (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	label text NOT NULL,
	label_key text COLLATE "C" NOT NULL,
	note text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX role_name ON role (name) WHERE deleted_at IS NULL;

CREATE TABLE role_grant (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	role_id bigint NOT NULL REFERENCES role,
	position integer NOT NULL DEFAULT 0,
	entity text NOT NULL,
	scope text COLLATE "C" NOT NULL,
	rights bigint NOT NULL,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX role_grant_once ON role_grant (role_id, entity, scope) WHERE deleted_at IS NULL;

CREATE TABLE user_role (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	user_id bigint NOT NULL REFERENCES users,
	position integer NOT NULL DEFAULT 0,
	role_id bigint NOT NULL REFERENCES role,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX user_role_once ON user_role (user_id, role_id) WHERE deleted_at IS NULL;

CREATE TABLE dictionary (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	zh text NOT NULL,
	en text NOT NULL,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX dictionary_name ON dictionary (name) WHERE deleted_at IS NULL;

CREATE TABLE dictionary_item (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	dictionary_id bigint NOT NULL REFERENCES dictionary,
	position integer NOT NULL DEFAULT 0,
	code text NOT NULL,
	zh text NOT NULL,
	en text NOT NULL,
	color bigint,
	retired boolean NOT NULL DEFAULT false,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX dictionary_item_code ON dictionary_item (dictionary_id, code);

CREATE TABLE pool (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	active boolean NOT NULL DEFAULT false,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX pool_name ON pool (name) WHERE deleted_at IS NULL;

CREATE TABLE pool_member (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	pool_id bigint NOT NULL REFERENCES pool,
	position integer NOT NULL DEFAULT 0,
	user_id bigint REFERENCES users,
	member_department_id bigint REFERENCES department,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX pool_member_pool ON pool_member (pool_id);

CREATE TABLE tag (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	color bigint,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX tag_name ON tag (name) WHERE deleted_at IS NULL;
