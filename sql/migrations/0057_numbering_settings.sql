-- How documents are numbered, and what administrators change while kehud runs. Rows are made by
-- kehud init and migrate, one for each numbered entity and each setting of server/runtime.def.
CREATE TABLE numbering (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	pattern text NOT NULL,
	digits bigint NOT NULL DEFAULT 6,
	continuous boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX numbering_name ON numbering (name) WHERE deleted_at IS NULL;

CREATE TABLE setting (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	title text,
	value text,
	bounds text,
	note text
);
CREATE UNIQUE INDEX setting_name ON setting (name) WHERE deleted_at IS NULL;
