-- Customers that open only for a stated purpose, and what was opened by whom for how long.
ALTER TABLE customer ADD COLUMN shut boolean;

CREATE TABLE record_opening (
	user_id bigint NOT NULL REFERENCES users,
	entity integer NOT NULL,
	record_id bigint NOT NULL,
	until_at timestamptz NOT NULL,
	PRIMARY KEY (user_id, entity, record_id)
);

-- Shipped switched off: where it is on, opening waits for the superior.
INSERT INTO approval_rule (name, name_key, rank, entity, action, active, needs_reason, remind_hours)
	VALUES ('查看保密客户', 'chakanbaomikehu', 40, 'customer', 'open', false, false, 24);
INSERT INTO approval_rule_step (approval_rule_id, position, kind, level, agree)
	SELECT id, 0, 'superior', 1, 'all' FROM approval_rule WHERE entity = 'customer' AND action = 'open' AND deleted_at IS NULL;
