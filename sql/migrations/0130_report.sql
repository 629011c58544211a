-- Reports as data: texts of SQL with directives (kehu-report(5)). Shipped ones follow what ships.
CREATE TABLE report (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C",
	title_zh text NOT NULL DEFAULT '',
	title_en text NOT NULL DEFAULT '',
	source text NOT NULL,
	shipped boolean NOT NULL DEFAULT false,
	disabled boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX report_name ON report (name) WHERE deleted_at IS NULL;
