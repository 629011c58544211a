-- Approval rules of trade, as data that administrators change: a quote or an order whose discount is
-- past what its writer may give, and an order released past the customer's credit. Until discount
-- limits are set no quote is past one.
INSERT INTO approval_rule (name, name_key, rank, entity, action, condition, active, needs_reason, remind_hours)
	VALUES ('报价折扣超出权限', 'baojiazhekouchaochuquanxian', 10, 'quote', 'issue', 'over_limit:yes', true, false, 24),
	('订单折扣超出权限', 'dingdanzhekouchaochuquanxian', 20, 'order', 'confirm', 'over_limit:yes', true, false, 24);
INSERT INTO approval_rule_step (approval_rule_id, position, kind, level, agree)
	SELECT id, 0, 'superior', 1, 'all' FROM approval_rule WHERE entity IN ('quote', 'order');
