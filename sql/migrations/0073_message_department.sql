-- Messages to all of a department.
ALTER TABLE message ADD COLUMN to_department_id bigint REFERENCES department;
-- It takes the department, too; see sql/repeat/35_message.sql.
DROP FUNCTION IF EXISTS kehu_say(bigint[], text, text, bigint, bigint, bigint, boolean);
