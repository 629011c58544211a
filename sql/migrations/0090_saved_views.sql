-- Views: order, grouping, sums, and the role that a view is shared with (sql/repeat/38_share.sql keeps
-- the shares of its people).
ALTER TABLE saved_view ADD COLUMN sort_by text, ADD COLUMN group_by text, ADD COLUMN sum_of text,
	ADD COLUMN role_id bigint REFERENCES role;
CREATE INDEX saved_view_role ON saved_view (role_id) WHERE role_id IS NOT NULL;
