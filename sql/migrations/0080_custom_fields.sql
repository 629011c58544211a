-- Custom fields as records: history, versions, rights and set-up files are those of any record.
-- `kehud maintain` makes the column x_<number>, then sets ready. The table custom_field that was
-- meant for them is empty everywhere, since nothing filled it; a server of before still reads it,
-- so it goes a release later.
CREATE TABLE field (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	number bigint NOT NULL,
	zh text NOT NULL,
	en text NOT NULL,
	kind text COLLATE "C" NOT NULL,
	ready boolean NOT NULL DEFAULT false,
	retired boolean,
	dictionary_id bigint REFERENCES dictionary,
	target text,
	decimals bigint,
	max_chars bigint,
	lowest text,
	highest text,
	initial text,
	required boolean,
	sensitive boolean,
	listed boolean,
	searched boolean,
	indexed boolean,
	place bigint,
	section_zh text,
	section_en text,
	aliases text,
	help_zh text,
	help_en text
);
CREATE UNIQUE INDEX field_name ON field (name) WHERE deleted_at IS NULL;
-- A number is never used again, by a deleted definition neither.
CREATE UNIQUE INDEX field_number ON field (split_part(name, '.', 1), number);
