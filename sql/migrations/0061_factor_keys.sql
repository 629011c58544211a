-- Secrets of second factors are sealed with keys outside the database: this names the one in use.
ALTER TABLE state ADD COLUMN factor_key text;
