-- It tells whether the order is held, too; see sql/repeat/35_trade.sql.
DROP FUNCTION IF EXISTS kehu_order_confirm(bigint, boolean, text);
