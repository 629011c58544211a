-- How customers are compared when one is saved (common/name.h says what is the same): the name
-- without legal form and spelling, how that sounds, and the tax number. kehud maintain fills what
-- was there before.

ALTER TABLE customer
	ADD COLUMN name_alike text COLLATE "C",
	ADD COLUMN name_sound text COLLATE "C",
	ADD COLUMN tax_number_alike text COLLATE "C";
CREATE INDEX customer_name_alike ON customer (name_alike) WHERE name_alike <> '' AND deleted_at IS NULL;
CREATE INDEX customer_name_sound ON customer (name_sound) WHERE name_sound <> '' AND deleted_at IS NULL;
CREATE INDEX customer_tax_number_alike ON customer (tax_number_alike) WHERE tax_number_alike <> '' AND deleted_at IS NULL;
-- The one above serves what this one did.
DROP INDEX customer_tax_number;
