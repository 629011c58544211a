-- Customers with their lines and figures, contacts, relations, visits, saved views, files.
-- Each index serves a list (an arm of the reader first, then the sort), a filter that matters
-- inside a branch, or a rule; updated_at is never indexed, so that updates stay HOT.

CREATE TABLE customer (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	number_key text COLLATE "C",
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	short_name text,
	short_name_key text COLLATE "C",
	name_en text,
	type text COLLATE "C" NOT NULL,
	nature text COLLATE "C",
	industry text COLLATE "C",
	source text COLLATE "C",
	level text COLLATE "C",
	stage text COLLATE "C" NOT NULL,
	region_id bigint REFERENCES region,
	phone text,
	phone_digits text COLLATE "C",
	mail text,
	site text,
	address text,
	postcode text,
	employees bigint,
	capital bigint,
	capital_currency text COLLATE "C",
	founded_on date,
	credit text COLLATE "C",
	satisfaction bigint,
	tax_number text,
	bank text,
	bank_account text,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	pool_id bigint REFERENCES pool,
	co_owners bigint[],
	remarks text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX customer_number ON customer (number) WHERE deleted_at IS NULL;
CREATE INDEX customer_owner ON customer (owner_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_department ON customer (department_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_branch ON customer (branch_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_pool ON customer (pool_id, name_key, id) WHERE deleted_at IS NULL AND pool_id IS NOT NULL;
CREATE INDEX customer_name_key ON customer (name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_branch_level ON customer (branch_id, level, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_branch_stage ON customer (branch_id, stage, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_branch_region ON customer (branch_id, region_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_region ON customer (region_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_phone_digits ON customer (phone_digits) WHERE phone_digits <> '';
CREATE INDEX customer_tax_number ON customer (tax_number) WHERE tax_number <> '';

-- What rules compute, outside the record's version: a visit must not conflict with an open form.
CREATE TABLE customer_figures (
	id bigint PRIMARY KEY,
	last_visit_at timestamptz,
	visit_count bigint,
	next_visit_on date,
	open_visits bigint
) WITH (fillfactor = 70);
CREATE INDEX customer_figures_next ON customer_figures (next_visit_on, id) WHERE next_visit_on IS NOT NULL;

-- What search reads: gram tokens for the index; doc holds the searched texts themselves, one
-- "class field<tab>text" a line, for the exact check of what the grams found.
-- Search tables carry no row policies: they hold ids, access columns and tokens, and every hit
-- is joined to its record, where the policies apply (@@ is not leakproof).
-- The access columns are in the index, so that a common token is met inside the reader's arms:
-- 50,000 hits of one token in a million rows cost an own-scope reader 0.1 ms where 28 were filtered.
CREATE TABLE customer_search (
	id bigint PRIMARY KEY,
	owner_id bigint,
	department_id bigint,
	branch_id bigint,
	pool_id bigint,
	tokens tsvector NOT NULL,
	doc text NOT NULL DEFAULT ''
);
CREATE INDEX customer_search_tokens ON customer_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens);

CREATE TABLE customer_address (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	customer_id bigint NOT NULL REFERENCES customer,
	position integer NOT NULL DEFAULT 0,
	kind text COLLATE "C",
	region_id bigint REFERENCES region,
	address text NOT NULL,
	postcode text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX customer_address_parent ON customer_address (customer_id, position, id);

CREATE TABLE customer_phone (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	customer_id bigint NOT NULL REFERENCES customer,
	position integer NOT NULL DEFAULT 0,
	kind text COLLATE "C",
	number text NOT NULL,
	number_digits text COLLATE "C",
	note text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX customer_phone_parent ON customer_phone (customer_id, position, id);
CREATE INDEX customer_phone_line_digits ON customer_phone (number_digits) WHERE number_digits <> '';

CREATE TABLE customer_mail (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	customer_id bigint NOT NULL REFERENCES customer,
	position integer NOT NULL DEFAULT 0,
	kind text COLLATE "C",
	mail text NOT NULL,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX customer_mail_parent ON customer_mail (customer_id, position, id);

CREATE TABLE customer_tag (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	customer_id bigint NOT NULL REFERENCES customer,
	position integer NOT NULL DEFAULT 0,
	tag_id bigint NOT NULL REFERENCES tag,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX customer_tag_parent ON customer_tag (customer_id, position, id);
CREATE INDEX customer_tag_tag ON customer_tag (tag_id, customer_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX customer_tag_once ON customer_tag (customer_id, tag_id) WHERE deleted_at IS NULL;

CREATE TABLE contact (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	customer_id bigint NOT NULL REFERENCES customer,
	title text,
	department text,
	role text COLLATE "C",
	sex text COLLATE "C",
	mobile text,
	mobile_digits text COLLATE "C",
	mail text,
	wechat text,
	birthday date,
	lunar boolean NOT NULL DEFAULT false,
	hobbies text,
	remarks text,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	pool_id bigint REFERENCES pool,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
) WITH (fillfactor = 90);
CREATE INDEX contact_owner ON contact (owner_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_department ON contact (department_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_branch ON contact (branch_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_pool ON contact (pool_id, name_key, id) WHERE deleted_at IS NULL AND pool_id IS NOT NULL;
CREATE INDEX contact_name_key ON contact (name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX contact_customer_key ON contact (customer_id, name_key, id);
CREATE INDEX contact_mobile_digits ON contact (mobile_digits) WHERE mobile_digits <> '';

CREATE TABLE contact_search (
	id bigint PRIMARY KEY,
	owner_id bigint,
	department_id bigint,
	branch_id bigint,
	pool_id bigint,
	tokens tsvector NOT NULL,
	doc text NOT NULL DEFAULT ''
);
CREATE INDEX contact_search_tokens ON contact_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens);

CREATE TABLE contact_phone (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	contact_id bigint NOT NULL REFERENCES contact,
	position integer NOT NULL DEFAULT 0,
	kind text COLLATE "C",
	number text NOT NULL,
	number_digits text COLLATE "C",
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX contact_phone_parent ON contact_phone (contact_id, position, id);

CREATE TABLE contact_customer (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	contact_id bigint NOT NULL REFERENCES contact,
	position integer NOT NULL DEFAULT 0,
	customer_id bigint NOT NULL REFERENCES customer,
	title text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX contact_customer_parent ON contact_customer (contact_id, position, id);
CREATE INDEX contact_customer_customer ON contact_customer (customer_id, contact_id) WHERE deleted_at IS NULL;

CREATE TABLE customer_relation (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	customer_id bigint NOT NULL REFERENCES customer,
	kind text COLLATE "C" NOT NULL,
	other_id bigint NOT NULL REFERENCES customer,
	note text,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	pool_id bigint REFERENCES pool,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX customer_relation_owner ON customer_relation (owner_id, kind, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_relation_department ON customer_relation (department_id, kind, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_relation_branch ON customer_relation (branch_id, kind, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_relation_kind ON customer_relation (kind, id) WHERE deleted_at IS NULL;
CREATE INDEX customer_relation_customer ON customer_relation (customer_id, kind, id);
CREATE INDEX customer_relation_other ON customer_relation (other_id, kind, id);

CREATE TABLE visit (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	customer_id bigint NOT NULL REFERENCES customer,
	at timestamptz NOT NULL,
	minutes bigint,
	kind text COLLATE "C" NOT NULL,
	purpose text NOT NULL,
	place text,
	state text COLLATE "C" NOT NULL,
	summary text,
	outcome text COLLATE "C",
	next_step text,
	next_on date,
	cost bigint,
	cost_currency text COLLATE "C",
	competitor text,
	reason text,
	started_at timestamptz,
	completed_at timestamptz,
	owner_id bigint NOT NULL REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX visit_number ON visit (number) WHERE deleted_at IS NULL;
CREATE INDEX visit_owner ON visit (owner_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX visit_department ON visit (department_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX visit_branch ON visit (branch_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX visit_at ON visit (at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX visit_customer ON visit (customer_id, at DESC, id DESC);

CREATE TABLE visit_contact (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	visit_id bigint NOT NULL REFERENCES visit,
	position integer NOT NULL DEFAULT 0,
	contact_id bigint NOT NULL REFERENCES contact,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX visit_contact_parent ON visit_contact (visit_id, position, id);
CREATE INDEX visit_contact_contact ON visit_contact (contact_id);

CREATE TABLE saved_view (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	entity text NOT NULL,
	query text,
	columns text,
	letter text,
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
CREATE INDEX saved_view_owner ON saved_view (owner_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX saved_view_department ON saved_view (department_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX saved_view_branch ON saved_view (branch_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX saved_view_name_key ON saved_view (name_key, id) WHERE deleted_at IS NULL;

CREATE TABLE attachment (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	bytes bigint,
	sha256 text,
	complete boolean NOT NULL DEFAULT false,
	anchor_entity bigint,
	anchor_id bigint,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX attachment_anchor ON attachment (anchor_id, created_at DESC, id DESC);
CREATE TABLE attachment_chunk (
	attachment_id bigint NOT NULL REFERENCES attachment,
	number integer NOT NULL,
	data bytea NOT NULL,
	PRIMARY KEY (attachment_id, number)
);
