-- What an order closed early no longer asks for, in CNY: statements show what was really owed.
ALTER TABLE sales_order_figures ADD COLUMN dropped bigint, ADD COLUMN dropped_currency text COLLATE "C";
