-- Monthly figures of customers and products, and what rules say of customers by them and by their orders.
CREATE TABLE customer_month (
	LIKE template.record INCLUDING ALL,
	customer_id bigint NOT NULL REFERENCES customer,
	product_id bigint REFERENCES product,
	month date NOT NULL,
	measure text COLLATE "C" NOT NULL,
	amount bigint,
	amount_currency text COLLATE "C",
	number bigint,
	remarks text,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	pool_id bigint REFERENCES pool
) WITH (fillfactor = 90);
CREATE INDEX customer_month_owner ON customer_month (owner_id, month DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX customer_month_department ON customer_month (department_id, month DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX customer_month_branch ON customer_month (branch_id, month DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX customer_month_pool ON customer_month (pool_id, month DESC, id DESC) WHERE deleted_at IS NULL AND pool_id IS NOT NULL;
CREATE INDEX customer_month_month ON customer_month (month DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX customer_month_customer ON customer_month (customer_id, month DESC, id DESC);
-- One figure of a customer, product, measure and month; without a product it is the customer's whole.
CREATE UNIQUE INDEX customer_month_once ON customer_month (customer_id, month, measure, coalesce(product_id, 0))
	WHERE deleted_at IS NULL;

CREATE TABLE customer_month_figures (
	id bigint PRIMARY KEY,
	before bigint,
	change bigint,
	told boolean NOT NULL DEFAULT false -- its owner knows that it fell
) WITH (fillfactor = 70);
CREATE INDEX customer_month_figures_fell ON customer_month_figures (change, id) WHERE change < 0 AND NOT told;

CREATE TABLE class_rule (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL,
	class text COLLATE "C",
	measure text COLLATE "C" NOT NULL,
	months bigint NOT NULL,
	least bigint,
	least_currency text COLLATE "C",
	number bigint,
	percent bigint,
	active boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX class_rule_name ON class_rule (name) WHERE deleted_at IS NULL;
INSERT INTO class_rule (name, name_key, kind, class, measure, months, least, least_currency, number, percent, active) VALUES
	('重点贡献：年订单一百万', 'zhongdiangongxian', 'class', 'premium', 'orders', 12, 100000000, 'CNY', NULL, NULL, true),
	('主要贡献：年订单二十万', 'zhuyaogongxian', 'class', 'main', 'orders', 12, 20000000, 'CNY', NULL, NULL, true),
	('一般贡献：年内有订单', 'yibangongxian', 'class', 'ordinary', 'orders', 12, 1, 'CNY', NULL, NULL, true),
	('限制：信用较差', 'xianzhi', 'class', 'restricted', 'credit', 12, NULL, NULL, NULL, NULL, true),
	('忠诚：一年内六个月有订单', 'zhongcheng', 'loyal', NULL, 'orders', 12, NULL, NULL, 6, NULL, true),
	('萎缩：半年订单少三成', 'weisuo', 'shrinking', NULL, 'orders', 6, NULL, NULL, NULL, 30, true),
	('月度数据下降三成提醒', 'yuedushuju', 'falling', NULL, 'spending', 1, NULL, NULL, NULL, 30, true);
-- When all customers were last looked at, and that a rule has changed since.
CREATE TABLE class_state (
	done_on date,
	stale boolean NOT NULL DEFAULT true
);
INSERT INTO class_state DEFAULT VALUES;

ALTER TABLE customer ADD COLUMN class_hand text COLLATE "C", ADD COLUMN class_reason text;
ALTER TABLE customer_figures ADD COLUMN class text COLLATE "C", ADD COLUMN loyal boolean, ADD COLUMN shrinking boolean;
