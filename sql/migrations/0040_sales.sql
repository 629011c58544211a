-- Leads, opportunities with their lines and stages, competitors, development plans.

CREATE TABLE competitor (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	site text,
	region_id bigint REFERENCES region,
	products text,
	price_level text COLLATE "C",
	strengths text,
	weaknesses text,
	remarks text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX competitor_name ON competitor (name) WHERE deleted_at IS NULL;

CREATE TABLE opportunity_stage (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	stage text COLLATE "C" NOT NULL,
	name text NOT NULL,
	position bigint NOT NULL,
	state text COLLATE "C" NOT NULL,
	probability bigint NOT NULL,
	needs text,
	moves text,
	role_id bigint REFERENCES role,
	stall_days bigint,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX opportunity_stage_stage ON opportunity_stage (stage) WHERE deleted_at IS NULL;

INSERT INTO opportunity_stage (stage, name, position, state, probability, needs, moves, stall_days) VALUES
	('prospecting', '初步接触 Prospecting', 10, 'open', 10, NULL, NULL, 30),
	('engaging', '需求确认 Engaging', 20, 'open', 25, NULL, NULL, 30),
	('proposal', '方案报价 Proposal', 30, 'open', 50, 'customer_id amount expected_on', NULL, 21),
	('negotiation', '商务谈判 Negotiation', 40, 'open', 75, 'customer_id amount expected_on', NULL, 21),
	('contract', '签订合同 Contract', 50, 'open', 90, 'customer_id amount expected_on',
		'negotiation won lost', 14),
	('won', '赢单 Won', 60, 'won', 100, 'customer_id amount', NULL, NULL),
	('lost', '输单 Lost', 70, 'lost', 0, 'lost_reason', NULL, NULL);

CREATE TABLE lead (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	person text,
	title text,
	mobile text,
	mobile_digits text COLLATE "C",
	mail text,
	source text COLLATE "C",
	interest text COLLATE "C",
	need text,
	amount bigint,
	amount_currency text COLLATE "C",
	next_on date,
	region_id bigint REFERENCES region,
	industry text COLLATE "C",
	address text,
	received_on date NOT NULL,
	state text COLLATE "C" NOT NULL,
	contacted_at timestamptz,
	note text,
	lost_reason text COLLATE "C",
	customer_id bigint REFERENCES customer,
	contact_id bigint REFERENCES contact,
	opportunity_id bigint,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	pool_id bigint REFERENCES pool,
	remarks text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX lead_number ON lead (number) WHERE deleted_at IS NULL;
CREATE INDEX lead_owner ON lead (owner_id, received_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX lead_department ON lead (department_id, received_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX lead_branch ON lead (branch_id, received_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX lead_pool ON lead (pool_id, received_on DESC, id DESC) WHERE deleted_at IS NULL AND pool_id IS NOT NULL;
CREATE INDEX lead_received_on ON lead (received_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX lead_customer ON lead (customer_id) WHERE customer_id IS NOT NULL;

CREATE TABLE lead_search (
	id bigint PRIMARY KEY,
	owner_id bigint,
	department_id bigint,
	branch_id bigint,
	pool_id bigint,
	tokens tsvector NOT NULL,
	doc text NOT NULL DEFAULT ''
);
CREATE INDEX lead_search_tokens ON lead_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens);

CREATE TABLE lead_phone (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	lead_id bigint NOT NULL REFERENCES lead,
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
CREATE INDEX lead_phone_parent ON lead_phone (lead_id, position, id);

CREATE TABLE opportunity (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	customer_id bigint REFERENCES customer,
	contact_id bigint REFERENCES contact,
	stage text COLLATE "C" NOT NULL,
	amount bigint,
	amount_currency text COLLATE "C",
	expected_on date,
	probability bigint,
	probability_reason text,
	source text COLLATE "C",
	need text,
	next_step text,
	next_on date,
	opened_on date NOT NULL,
	state text COLLATE "C" NOT NULL,
	weighted bigint,
	weighted_currency text COLLATE "C",
	stage_since timestamptz,
	stalls_on date,
	closed_on date,
	lost_reason text COLLATE "C",
	lost_to_id bigint REFERENCES competitor,
	close_note text,
	lead_id bigint REFERENCES lead,
	owner_id bigint NOT NULL REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	remarks text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
) WITH (fillfactor = 90);
ALTER TABLE lead ADD FOREIGN KEY (opportunity_id) REFERENCES opportunity;
CREATE UNIQUE INDEX opportunity_number ON opportunity (number) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_owner ON opportunity (owner_id, expected_on, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_department ON opportunity (department_id, expected_on, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_branch ON opportunity (branch_id, expected_on, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_expected_on ON opportunity (expected_on, id) WHERE deleted_at IS NULL;
-- The board: each stage in the order of its dates.
CREATE INDEX opportunity_owner_stage ON opportunity (owner_id, stage, expected_on, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_department_stage ON opportunity (department_id, stage, expected_on, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_branch_stage ON opportunity (branch_id, stage, expected_on, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_stage_date ON opportunity (stage, expected_on, id) WHERE deleted_at IS NULL;
CREATE INDEX opportunity_customer ON opportunity (customer_id, expected_on, id);
CREATE INDEX opportunity_contact ON opportunity (contact_id) WHERE contact_id IS NOT NULL;

CREATE TABLE opportunity_search (
	id bigint PRIMARY KEY,
	owner_id bigint,
	department_id bigint,
	branch_id bigint,
	pool_id bigint,
	tokens tsvector NOT NULL,
	doc text NOT NULL DEFAULT ''
);
CREATE INDEX opportunity_search_tokens ON opportunity_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens);

CREATE TABLE opportunity_decider (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	opportunity_id bigint NOT NULL REFERENCES opportunity,
	position integer NOT NULL DEFAULT 0,
	contact_id bigint NOT NULL REFERENCES contact,
	role text COLLATE "C",
	attitude text COLLATE "C",
	influence text COLLATE "C",
	note text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX opportunity_decider_parent ON opportunity_decider (opportunity_id, position, id);
CREATE INDEX opportunity_decider_contact ON opportunity_decider (contact_id);

CREATE TABLE opportunity_competitor (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	opportunity_id bigint NOT NULL REFERENCES opportunity,
	position integer NOT NULL DEFAULT 0,
	competitor_id bigint NOT NULL REFERENCES competitor,
	price bigint,
	price_currency text COLLATE "C",
	strengths text,
	weaknesses text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX opportunity_competitor_parent ON opportunity_competitor (opportunity_id, position, id);
CREATE INDEX opportunity_competitor_who ON opportunity_competitor (competitor_id);

CREATE TABLE opportunity_product (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	opportunity_id bigint NOT NULL REFERENCES opportunity,
	position integer NOT NULL DEFAULT 0,
	product text NOT NULL,
	quantity bigint,
	price bigint,
	price_currency text COLLATE "C",
	note text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX opportunity_product_parent ON opportunity_product (opportunity_id, position, id);

CREATE TABLE opportunity_move (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	opportunity_id bigint NOT NULL REFERENCES opportunity,
	position integer NOT NULL DEFAULT 0,
	at timestamptz,
	from_stage text COLLATE "C",
	stage text COLLATE "C",
	days bigint,
	by_id bigint REFERENCES users,
	reason text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX opportunity_move_parent ON opportunity_move (opportunity_id, position, id);

CREATE TABLE plan_step (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	customer_id bigint NOT NULL REFERENCES customer,
	opportunity_id bigint REFERENCES opportunity,
	due_on date NOT NULL,
	step text NOT NULL,
	goal text,
	state text COLLATE "C" NOT NULL,
	result text,
	done_on date,
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
CREATE INDEX plan_step_owner ON plan_step (owner_id, due_on, id) WHERE deleted_at IS NULL;
CREATE INDEX plan_step_department ON plan_step (department_id, due_on, id) WHERE deleted_at IS NULL;
CREATE INDEX plan_step_branch ON plan_step (branch_id, due_on, id) WHERE deleted_at IS NULL;
CREATE INDEX plan_step_due_on ON plan_step (due_on, id) WHERE deleted_at IS NULL;
CREATE INDEX plan_step_open ON plan_step (owner_id, due_on, id) WHERE state = 'open' AND deleted_at IS NULL;
CREATE INDEX plan_step_customer ON plan_step (customer_id, due_on, id);
CREATE INDEX plan_step_opportunity ON plan_step (opportunity_id, due_on, id) WHERE opportunity_id IS NOT NULL;
