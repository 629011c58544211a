-- Public pools with their rules: when customers go back, who may take them, how many one holds; and
-- every move of a customer, so that it can be told why it left.

ALTER TABLE pool
	ADD COLUMN recycles boolean NOT NULL DEFAULT false,
	ADD COLUMN spare_order boolean NOT NULL DEFAULT true,
	ADD COLUMN spare_deal boolean NOT NULL DEFAULT true,
	ADD COLUMN warn_days bigint,
	ADD COLUMN claim_limit bigint,
	ADD COLUMN claim_days bigint,
	ADD COLUMN cool_days bigint,
	ADD COLUMN hold_person bigint,
	ADD COLUMN hold_department bigint,
	ADD COLUMN lock_days bigint,
	ADD COLUMN visible_columns text;
ALTER TABLE pool_member ADD COLUMN administrator boolean NOT NULL DEFAULT false;

CREATE TABLE pool_rule (
	LIKE template.record INCLUDING ALL,
	pool_id bigint NOT NULL REFERENCES pool,
	position integer NOT NULL DEFAULT 0,
	level text COLLATE "C",
	follow_days bigint,
	deal_days bigint,
	order_days bigint
);
CREATE INDEX pool_rule_parent ON pool_rule (pool_id, position, id);
CREATE UNIQUE INDEX pool_rule_level ON pool_rule (pool_id, coalesce(level, '')) WHERE deleted_at IS NULL;

ALTER TABLE customer ADD COLUMN owned_since timestamptz DEFAULT now(), ADD COLUMN locked_until date;
UPDATE customer SET owned_since = created_at;

-- Outside the record's version, like the other figures: when it leaves, by which clock, for which pool.
ALTER TABLE customer_figures
	ADD COLUMN leaves_on date,
	ADD COLUMN leaves_by text COLLATE "C",
	ADD COLUMN leaves_pool bigint,
	ADD COLUMN leaves_since date,
	ADD COLUMN leaves_days bigint,
	ADD COLUMN leaves_warned date;
CREATE INDEX customer_figures_leaves ON customer_figures (leaves_on, id) WHERE leaves_on IS NOT NULL;

CREATE TABLE customer_move (
	LIKE template.record INCLUDING ALL,
	at timestamptz NOT NULL DEFAULT now(),
	customer_id bigint NOT NULL REFERENCES customer,
	customer_name text,
	kind text COLLATE "C" NOT NULL,
	from_id bigint REFERENCES users,
	to_id bigint REFERENCES users,
	from_pool_id bigint REFERENCES pool,
	to_pool_id bigint REFERENCES pool,
	clock text COLLATE "C",
	since date,
	limit_days bigint,
	reason text,
	by_id bigint REFERENCES users,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
);
CREATE INDEX customer_move_owner ON customer_move (owner_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX customer_move_department ON customer_move (department_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX customer_move_branch ON customer_move (branch_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX customer_move_at ON customer_move (at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX customer_move_customer ON customer_move (customer_id, at DESC, id DESC);
-- Claims of a person in a period, and whom a customer was with.
CREATE INDEX customer_move_claim ON customer_move (to_id, from_pool_id, at) WHERE kind = 'claim';

-- On which day all clocks were read last, and whether a rule has changed since.
CREATE TABLE pool_state (
	single boolean PRIMARY KEY DEFAULT true CHECK (single),
	read_on date,
	stale boolean NOT NULL DEFAULT true
);
INSERT INTO pool_state DEFAULT VALUES;
