-- Contracts, between quotes and orders: agreed for a time, their owners reminded before they end.
CREATE TABLE contract (LIKE template.record INCLUDING ALL,
	number text,
	title text,
	customer_id bigint NOT NULL REFERENCES customer,
	contact_id bigint REFERENCES contact,
	signed_on date NOT NULL,
	valid_from date,
	valid_until date,
	remind_on date,
	currency text COLLATE "C" NOT NULL,
	tax_included boolean,
	state text COLLATE "C" NOT NULL,
	net bigint,
	net_currency text COLLATE "C",
	tax bigint,
	tax_currency text COLLATE "C",
	total bigint,
	total_currency text COLLATE "C",
	rate bigint,
	total_base bigint,
	total_base_currency text COLLATE "C",
	discount_max bigint,
	over_limit boolean,
	their_number text,
	terms text,
	remarks text,
	reason text,
	quote_id bigint REFERENCES quote,
	previous_id bigint REFERENCES contract,
	opportunity_id bigint REFERENCES opportunity,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
) WITH (fillfactor = 90);
CREATE INDEX contract_owner ON contract (owner_id, signed_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX contract_department ON contract (department_id, signed_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX contract_branch ON contract (branch_id, signed_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX contract_signed_on ON contract (signed_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX contract_number ON contract (number) WHERE deleted_at IS NULL;
CREATE INDEX contract_customer ON contract (customer_id, signed_on DESC, id DESC);
CREATE INDEX contract_previous ON contract (previous_id, signed_on DESC, id DESC);
CREATE INDEX contract_quote ON contract (quote_id, signed_on DESC, id DESC);
CREATE INDEX contract_opportunity ON contract (opportunity_id, signed_on DESC, id DESC);
CREATE INDEX contract_ending ON contract (owner_id, valid_until) WHERE state = 'signed' AND deleted_at IS NULL;

CREATE TABLE contract_line (LIKE template.record INCLUDING ALL,
	contract_id bigint NOT NULL REFERENCES contract,
	position integer NOT NULL DEFAULT 0,
	product_id bigint NOT NULL REFERENCES product,
	quantity bigint NOT NULL,
	unit text COLLATE "C",
	price bigint,
	discount bigint,
	tax_rate bigint,
	amount bigint,
	amount_currency text COLLATE "C",
	description text,
	list_price bigint,
	price_list_id bigint REFERENCES price_list
);
CREATE INDEX contract_line_parent ON contract_line (contract_id, position, id);

ALTER TABLE sales_order ADD COLUMN contract_id bigint REFERENCES contract;
CREATE INDEX sales_order_contract ON sales_order (contract_id, ordered_on DESC, id DESC);

-- A contract's own reminder follows it, as an activity's does.
ALTER TABLE reminder ADD COLUMN contract_id bigint REFERENCES contract;
CREATE UNIQUE INDEX reminder_of_contract ON reminder (contract_id) WHERE automatic AND contract_id IS NOT NULL;

INSERT INTO approval_rule (name, name_key, rank, entity, action, condition, active, needs_reason, remind_hours)
	VALUES ('合同折扣超出权限', 'hetongzhekouchaochuquanxian', 15, 'contract', 'sign', 'over_limit:yes', true, false, 24);
INSERT INTO approval_rule_step (approval_rule_id, position, kind, level, agree)
	SELECT id, 0, 'superior', 1, 'all' FROM approval_rule WHERE entity = 'contract';
