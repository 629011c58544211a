-- Products and prices, quotes, orders with deliveries and returns, and the money they bring.
-- Each index serves a list (an arm of the reader first, then the sort), a parent's tab or a rule.

CREATE TABLE product (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	number_key text COLLATE "C",
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	category text COLLATE "C",
	unit text COLLATE "C" NOT NULL,
	tax_rate bigint NOT NULL,
	active boolean,
	specification text,
	description text,
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
) WITH (fillfactor = 90);
CREATE INDEX product_owner ON product (owner_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX product_department ON product (department_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX product_branch ON product (branch_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX product_name_key ON product (name_key, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX product_number ON product (number) WHERE deleted_at IS NULL;
CREATE TABLE product_search (
	id bigint PRIMARY KEY,
	owner_id bigint,
	department_id bigint,
	branch_id bigint,
	pool_id bigint,
	tokens tsvector NOT NULL,
	doc text NOT NULL DEFAULT ''
);
CREATE INDEX product_search_tokens ON product_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens);

CREATE TABLE product_unit (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	product_id bigint NOT NULL REFERENCES product,
	position integer NOT NULL DEFAULT 0,
	unit text COLLATE "C" NOT NULL,
	factor bigint NOT NULL,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX product_unit_parent ON product_unit (product_id, position, id);

CREATE TABLE price_list (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	level text COLLATE "C",
	customer_id bigint REFERENCES customer,
	currency text COLLATE "C" NOT NULL,
	tax_included boolean,
	valid_from date NOT NULL,
	valid_until date,
	remarks text,
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
) WITH (fillfactor = 90);
CREATE INDEX price_list_owner ON price_list (owner_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX price_list_department ON price_list (department_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX price_list_branch ON price_list (branch_id, name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX price_list_name_key ON price_list (name_key, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX price_list_name ON price_list (name) WHERE deleted_at IS NULL;
CREATE INDEX price_list_customer ON price_list (customer_id, name_key, id);

CREATE TABLE price_line (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	price_list_id bigint NOT NULL REFERENCES price_list,
	position integer NOT NULL DEFAULT 0,
	product_id bigint NOT NULL REFERENCES product,
	unit text COLLATE "C",
	minimum bigint,
	price bigint NOT NULL,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX price_line_parent ON price_line (price_list_id, position, id);

CREATE TABLE discount_limit (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	role_id bigint REFERENCES role,
	for_department_id bigint REFERENCES department,
	percent bigint NOT NULL,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX discount_limit_name_key ON discount_limit (name_key, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX discount_limit_name ON discount_limit (name) WHERE deleted_at IS NULL;

CREATE TABLE currency_rate (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	currency text COLLATE "C" NOT NULL,
	day date NOT NULL,
	rate bigint NOT NULL,
	source text,
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
) WITH (fillfactor = 90);
CREATE INDEX currency_rate_owner ON currency_rate (owner_id, day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX currency_rate_department ON currency_rate (department_id, day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX currency_rate_branch ON currency_rate (branch_id, day DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX currency_rate_day ON currency_rate (day DESC, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE quote (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	revision bigint,
	customer_id bigint NOT NULL REFERENCES customer,
	contact_id bigint REFERENCES contact,
	quoted_on date NOT NULL,
	valid_until date,
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
	terms text,
	remarks text,
	reason text,
	previous_id bigint REFERENCES quote,
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
) WITH (fillfactor = 90);
CREATE INDEX quote_owner ON quote (owner_id, quoted_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX quote_department ON quote (department_id, quoted_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX quote_branch ON quote (branch_id, quoted_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX quote_quoted_on ON quote (quoted_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX quote_number ON quote (number) WHERE deleted_at IS NULL;
CREATE INDEX quote_customer ON quote (customer_id, quoted_on DESC, id DESC);
CREATE INDEX quote_previous ON quote (previous_id, quoted_on DESC, id DESC);

CREATE TABLE quote_line (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	quote_id bigint NOT NULL REFERENCES quote,
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
	price_list_id bigint REFERENCES price_list,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX quote_line_parent ON quote_line (quote_id, position, id);

CREATE TABLE sales_order (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	customer_id bigint NOT NULL REFERENCES customer,
	contact_id bigint REFERENCES contact,
	ordered_on date NOT NULL,
	due_on date,
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
	purchase_number text,
	address text,
	terms text,
	remarks text,
	reason text,
	confirmed_at timestamptz,
	quote_id bigint REFERENCES quote,
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
) WITH (fillfactor = 90);
CREATE INDEX sales_order_owner ON sales_order (owner_id, ordered_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX sales_order_department ON sales_order (department_id, ordered_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX sales_order_branch ON sales_order (branch_id, ordered_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX sales_order_ordered_on ON sales_order (ordered_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX sales_order_number ON sales_order (number) WHERE deleted_at IS NULL;
CREATE INDEX sales_order_customer ON sales_order (customer_id, ordered_on DESC, id DESC);
CREATE INDEX sales_order_quote ON sales_order (quote_id, ordered_on DESC, id DESC);
CREATE TABLE sales_order_figures (
	id bigint PRIMARY KEY,
	paid bigint,
	paid_currency text COLLATE "C",
	invoiced bigint,
	invoiced_currency text COLLATE "C"
) WITH (fillfactor = 70);

CREATE TABLE order_line (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	order_id bigint NOT NULL REFERENCES sales_order,
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
	price_list_id bigint REFERENCES price_list,
	delivered bigint,
	returned bigint,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX order_line_parent ON order_line (order_id, position, id);

CREATE TABLE delivery (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	order_id bigint NOT NULL REFERENCES sales_order,
	customer_id bigint REFERENCES customer,
	delivered_on date NOT NULL,
	carrier text,
	waybill text,
	address text,
	state text COLLATE "C" NOT NULL,
	received_by text,
	reason text,
	remarks text,
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
) WITH (fillfactor = 90);
CREATE INDEX delivery_owner ON delivery (owner_id, delivered_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX delivery_department ON delivery (department_id, delivered_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX delivery_branch ON delivery (branch_id, delivered_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX delivery_delivered_on ON delivery (delivered_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX delivery_number ON delivery (number) WHERE deleted_at IS NULL;
CREATE INDEX delivery_order ON delivery (order_id, delivered_on DESC, id DESC);
CREATE INDEX delivery_customer ON delivery (customer_id, delivered_on DESC, id DESC);

CREATE TABLE delivery_line (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	delivery_id bigint NOT NULL REFERENCES delivery,
	position integer NOT NULL DEFAULT 0,
	product_id bigint NOT NULL REFERENCES product,
	quantity bigint NOT NULL,
	unit text COLLATE "C",
	returned bigint,
	order_line bigint,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX delivery_line_parent ON delivery_line (delivery_id, position, id);

CREATE TABLE goods_return (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	delivery_id bigint NOT NULL REFERENCES delivery,
	order_id bigint REFERENCES sales_order,
	customer_id bigint REFERENCES customer,
	returned_on date NOT NULL,
	reason text NOT NULL,
	total bigint,
	total_currency text COLLATE "C",
	total_base bigint,
	total_base_currency text COLLATE "C",
	remarks text,
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
) WITH (fillfactor = 90);
CREATE INDEX goods_return_owner ON goods_return (owner_id, returned_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX goods_return_department ON goods_return (department_id, returned_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX goods_return_branch ON goods_return (branch_id, returned_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX goods_return_returned_on ON goods_return (returned_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX goods_return_number ON goods_return (number) WHERE deleted_at IS NULL;
CREATE INDEX goods_return_delivery ON goods_return (delivery_id, returned_on DESC, id DESC);
CREATE INDEX goods_return_order ON goods_return (order_id, returned_on DESC, id DESC);
CREATE INDEX goods_return_customer ON goods_return (customer_id, returned_on DESC, id DESC);

CREATE TABLE goods_return_line (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	goods_return_id bigint NOT NULL REFERENCES goods_return,
	position integer NOT NULL DEFAULT 0,
	product_id bigint NOT NULL REFERENCES product,
	quantity bigint NOT NULL,
	unit text COLLATE "C",
	amount bigint,
	amount_currency text COLLATE "C",
	delivery_line bigint,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX goods_return_line_parent ON goods_return_line (goods_return_id, position, id);

CREATE TABLE receivable (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	order_id bigint NOT NULL REFERENCES sales_order,
	customer_id bigint REFERENCES customer,
	due_on date NOT NULL,
	amount bigint NOT NULL,
	amount_currency text COLLATE "C",
	percent bigint,
	remarks text,
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
) WITH (fillfactor = 90);
CREATE INDEX receivable_owner ON receivable (owner_id, due_on, id) WHERE deleted_at IS NULL;
CREATE INDEX receivable_department ON receivable (department_id, due_on, id) WHERE deleted_at IS NULL;
CREATE INDEX receivable_branch ON receivable (branch_id, due_on, id) WHERE deleted_at IS NULL;
CREATE INDEX receivable_due_on ON receivable (due_on, id) WHERE deleted_at IS NULL;
CREATE INDEX receivable_order ON receivable (order_id, due_on, id);
CREATE INDEX receivable_customer ON receivable (customer_id, due_on, id);
CREATE TABLE receivable_figures (
	id bigint PRIMARY KEY,
	paid bigint,
	paid_currency text COLLATE "C",
	open bigint,
	open_currency text COLLATE "C",
	overdue_on date
) WITH (fillfactor = 70);

CREATE TABLE receipt (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	customer_id bigint NOT NULL REFERENCES customer,
	received_on date NOT NULL,
	amount bigint NOT NULL,
	amount_currency text COLLATE "C",
	method text COLLATE "C" NOT NULL,
	reference text NOT NULL,
	state text COLLATE "C" NOT NULL,
	amount_base bigint,
	amount_base_currency text COLLATE "C",
	to_balance bigint,
	to_balance_currency text COLLATE "C",
	payer text,
	reason text,
	remarks text,
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
) WITH (fillfactor = 90);
CREATE INDEX receipt_owner ON receipt (owner_id, received_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX receipt_department ON receipt (department_id, received_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX receipt_branch ON receipt (branch_id, received_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX receipt_received_on ON receipt (received_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX receipt_number ON receipt (number) WHERE deleted_at IS NULL;
CREATE INDEX receipt_customer ON receipt (customer_id, received_on DESC, id DESC);

CREATE TABLE receipt_allocation (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	receipt_id bigint NOT NULL REFERENCES receipt,
	position integer NOT NULL DEFAULT 0,
	receivable_id bigint NOT NULL REFERENCES receivable,
	amount bigint NOT NULL,
	amount_currency text COLLATE "C",
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX receipt_allocation_parent ON receipt_allocation (receipt_id, position, id);

CREATE TABLE prepaid_entry (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	customer_id bigint REFERENCES customer,
	at timestamptz,
	kind text COLLATE "C",
	amount bigint,
	amount_currency text COLLATE "C",
	balance bigint,
	balance_currency text COLLATE "C",
	receipt_id bigint REFERENCES receipt,
	receivable_id bigint REFERENCES receivable,
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
) WITH (fillfactor = 90);
CREATE INDEX prepaid_entry_owner ON prepaid_entry (owner_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX prepaid_entry_department ON prepaid_entry (department_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX prepaid_entry_branch ON prepaid_entry (branch_id, at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX prepaid_entry_at ON prepaid_entry (at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX prepaid_entry_customer ON prepaid_entry (customer_id, at DESC, id DESC);
CREATE INDEX prepaid_entry_receipt ON prepaid_entry (receipt_id, at DESC, id DESC);
CREATE INDEX prepaid_entry_receivable ON prepaid_entry (receivable_id, at DESC, id DESC);

CREATE TABLE credit_limit (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	customer_id bigint NOT NULL REFERENCES customer,
	amount bigint NOT NULL,
	amount_currency text COLLATE "C",
	valid_until date,
	remarks text,
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
) WITH (fillfactor = 90);
CREATE INDEX credit_limit_owner ON credit_limit (owner_id, amount DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX credit_limit_department ON credit_limit (department_id, amount DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX credit_limit_branch ON credit_limit (branch_id, amount DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX credit_limit_amount ON credit_limit (amount DESC, id DESC) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX credit_limit_customer_id ON credit_limit (customer_id) WHERE deleted_at IS NULL;

CREATE TABLE invoice_request (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	number text,
	order_id bigint NOT NULL REFERENCES sales_order,
	customer_id bigint REFERENCES customer,
	asked_on date NOT NULL,
	kind text COLLATE "C" NOT NULL,
	amount bigint NOT NULL,
	amount_currency text COLLATE "C",
	title text,
	tax_number text,
	bank text,
	bank_account text,
	address text,
	phone text,
	phone_digits text COLLATE "C",
	state text COLLATE "C" NOT NULL,
	invoice_number text,
	issued_on date,
	reason text,
	remarks text,
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
) WITH (fillfactor = 90);
CREATE INDEX invoice_request_owner ON invoice_request (owner_id, asked_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX invoice_request_department ON invoice_request (department_id, asked_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX invoice_request_branch ON invoice_request (branch_id, asked_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX invoice_request_asked_on ON invoice_request (asked_on DESC, id DESC) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX invoice_request_number ON invoice_request (number) WHERE deleted_at IS NULL;
CREATE INDEX invoice_request_order ON invoice_request (order_id, asked_on DESC, id DESC);
CREATE INDEX invoice_request_customer ON invoice_request (customer_id, asked_on DESC, id DESC);

-- The day it fell due, while anything is open: what the overdue list walks.
CREATE INDEX receivable_figures_overdue ON receivable_figures (overdue_on, id) WHERE overdue_on IS NOT NULL;
-- Orders that wait for credit, in the order they came: looked through at each receipt.
CREATE INDEX sales_order_held ON sales_order (customer_id, confirmed_at, id) WHERE state = 'held' AND deleted_at IS NULL;
CREATE INDEX price_line_product ON price_line (product_id, price_list_id) WHERE deleted_at IS NULL;
CREATE INDEX currency_rate_of ON currency_rate (currency, day DESC) WHERE deleted_at IS NULL;
-- A bank's reference is booked once for a customer; reversing the receipt frees it.
CREATE UNIQUE INDEX receipt_reference ON receipt (customer_id, reference) WHERE deleted_at IS NULL AND state = 'booked';
CREATE INDEX receipt_allocation_receivable ON receipt_allocation (receivable_id) WHERE deleted_at IS NULL;
CREATE INDEX goods_return_line_of ON goods_return_line (delivery_line) WHERE deleted_at IS NULL;
ALTER TABLE order_line ADD CHECK (coalesce(delivered, 0) BETWEEN 0 AND quantity),
	ADD CHECK (coalesce(returned, 0) BETWEEN 0 AND coalesce(delivered, 0));
ALTER TABLE receivable_figures ADD CHECK (paid >= 0 AND open >= 0);
ALTER TABLE credit_limit ADD CHECK (amount >= 0);
ALTER TABLE currency_rate ADD CHECK (rate > 0);

-- A customer's account, kept by rules under the lock of this row: what is owed (confirmed orders
-- less returns and receipts) and what was paid ahead, both in CNY. The balance never goes below zero.
ALTER TABLE customer_figures ADD COLUMN owed bigint, ADD COLUMN owed_currency text COLLATE "C",
	ADD COLUMN balance bigint, ADD COLUMN balance_currency text COLLATE "C",
	ADD CHECK (balance >= 0);
