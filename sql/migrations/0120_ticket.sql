-- Tickets with their history, and the equipment that stands at customers'.
CREATE TABLE equipment (
	LIKE template.record INCLUDING ALL,
	customer_id bigint NOT NULL REFERENCES customer,
	serial text NOT NULL,
	product_id bigint REFERENCES product,
	place text,
	region_id bigint REFERENCES region,
	contact_id bigint REFERENCES contact,
	installed_on date NOT NULL,
	warranty_until date,
	contract_id bigint REFERENCES contract,
	state text COLLATE "C" NOT NULL,
	reason text,
	remarks text,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX equipment_serial ON equipment (serial) WHERE deleted_at IS NULL;
CREATE INDEX equipment_owner ON equipment (owner_id, installed_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX equipment_department ON equipment (department_id, installed_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX equipment_branch ON equipment (branch_id, installed_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX equipment_installed_on ON equipment (installed_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX equipment_customer ON equipment (customer_id, installed_on DESC, id DESC);
CREATE INDEX equipment_contract ON equipment (contract_id, installed_on DESC, id DESC) WHERE contract_id IS NOT NULL;

CREATE TABLE equipment_search (
	id bigint PRIMARY KEY,
	owner_id bigint,
	department_id bigint,
	branch_id bigint,
	pool_id bigint,
	tokens tsvector NOT NULL,
	doc text NOT NULL DEFAULT ''
);

CREATE TABLE ticket (
	LIKE template.record INCLUDING ALL,
	number text,
	customer_id bigint NOT NULL REFERENCES customer,
	subject text NOT NULL,
	kind text COLLATE "C" NOT NULL,
	priority text COLLATE "C" NOT NULL,
	channel text COLLATE "C" NOT NULL,
	phone text,
	phone_digits text COLLATE "C",
	contact_id bigint REFERENCES contact,
	description text,
	equipment_id bigint REFERENCES equipment,
	product_id bigint REFERENCES product,
	serial text,
	place text,
	region_id bigint REFERENCES region,
	state text COLLATE "C" NOT NULL,
	opened_at timestamptz NOT NULL,
	answered_at timestamptz,
	solved_at timestamptz,
	closed_at timestamptz,
	solution text,
	cause text COLLATE "C",
	reason text,
	rating bigint,
	rating_note text,
	reopened bigint,
	related_id bigint REFERENCES ticket,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	pool_id bigint REFERENCES pool
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX ticket_number ON ticket (number) WHERE deleted_at IS NULL;
CREATE INDEX ticket_owner ON ticket (owner_id, opened_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX ticket_department ON ticket (department_id, opened_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX ticket_branch ON ticket (branch_id, opened_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX ticket_opened_at ON ticket (opened_at DESC, id DESC) WHERE deleted_at IS NULL;
-- A queue, which is a pool: its members see what waits there.
CREATE INDEX ticket_pool ON ticket (pool_id, opened_at DESC, id DESC) WHERE deleted_at IS NULL AND pool_id IS NOT NULL;
-- What somebody has to do, the most urgent first.
CREATE INDEX ticket_open ON ticket (owner_id, priority, opened_at) WHERE state IN ('new', 'open') AND deleted_at IS NULL;
CREATE INDEX ticket_customer ON ticket (customer_id, opened_at DESC, id DESC);
CREATE INDEX ticket_equipment ON ticket (equipment_id, opened_at DESC, id DESC) WHERE equipment_id IS NOT NULL;
CREATE INDEX ticket_related ON ticket (related_id, opened_at DESC, id DESC) WHERE related_id IS NOT NULL;

CREATE TABLE ticket_search (
	id bigint PRIMARY KEY,
	owner_id bigint,
	department_id bigint,
	branch_id bigint,
	pool_id bigint,
	tokens tsvector NOT NULL,
	doc text NOT NULL DEFAULT ''
);

CREATE TABLE ticket_move (
	LIKE template.record INCLUDING ALL,
	ticket_id bigint NOT NULL REFERENCES ticket,
	position integer NOT NULL DEFAULT 0,
	at timestamptz,
	from_state text COLLATE "C",
	state text COLLATE "C",
	by_id bigint REFERENCES users,
	note text
);
CREATE INDEX ticket_move_parent ON ticket_move (ticket_id, position, id);

-- How they are found by words: see 0050 and 0051.
CREATE INDEX equipment_search_tokens ON equipment_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens, (id >> 16));
CREATE INDEX equipment_search_owner ON equipment_search (owner_id, id);
CREATE INDEX equipment_search_department ON equipment_search (department_id, id);
CREATE INDEX equipment_search_branch ON equipment_search (branch_id, id);
CREATE INDEX ticket_search_tokens ON ticket_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens, (id >> 16));
CREATE INDEX ticket_search_owner ON ticket_search (owner_id, id);
CREATE INDEX ticket_search_department ON ticket_search (department_id, id);
CREATE INDEX ticket_search_branch ON ticket_search (branch_id, id);
CREATE INDEX ticket_search_pool ON ticket_search (pool_id, id) WHERE pool_id IS NOT NULL;
