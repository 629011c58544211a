-- The columns that every record has. A table of records begins with
--     CREATE TABLE thing (LIKE template.record INCLUDING ALL, ...);
-- Tables made before this migration spell them out.
CREATE SCHEMA template;
CREATE TABLE template.record (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
