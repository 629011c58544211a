-- Shut customers are few and asked for by every statement that reads contacts.
CREATE INDEX customer_shut ON customer (id) WHERE shut;
