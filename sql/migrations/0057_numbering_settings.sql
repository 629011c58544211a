-- How documents are numbered, and what administrators change while kehud runs. Rows are made by
-- kehud init and migrate, one for each numbered entity and each setting of server/runtime.def.
CREATE TABLE numbering (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	pattern text NOT NULL,
	digits bigint NOT NULL DEFAULT 6,
	continuous boolean NOT NULL DEFAULT false,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX numbering_name ON numbering (name) WHERE deleted_at IS NULL;

CREATE TABLE setting (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	title text,
	value text,
	bounds text,
	note text,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX setting_name ON setting (name) WHERE deleted_at IS NULL;
