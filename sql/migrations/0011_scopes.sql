-- External users belong to a customer: what the scope "company" is about.

ALTER TABLE users ADD COLUMN company_id bigint REFERENCES customer;
