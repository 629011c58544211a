-- Old messages and notices go when somebody switches their rule on.
CREATE INDEX message_created ON message (created_at);
INSERT INTO retention_rule (name, name_key, what, days, active) VALUES
	('站内消息与提醒 Messages and notices', 'zhanneixiaoxi', 'message', 365, false);
