-- The chain from an opportunity to what was sold: what is wanted names products, quotes and orders
-- name the opportunity they come from.
ALTER TABLE opportunity_product ADD COLUMN product_id bigint REFERENCES product,
	ADD COLUMN unit text COLLATE "C";
CREATE INDEX opportunity_product_what ON opportunity_product (product_id);
ALTER TABLE quote ADD COLUMN opportunity_id bigint REFERENCES opportunity;
CREATE INDEX quote_opportunity ON quote (opportunity_id, quoted_on DESC, id DESC);
ALTER TABLE sales_order ADD COLUMN opportunity_id bigint REFERENCES opportunity;
CREATE INDEX sales_order_opportunity ON sales_order (opportunity_id, ordered_on DESC, id DESC);
