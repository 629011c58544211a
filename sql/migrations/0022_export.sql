-- What was exported by whom and what for; and marks by which a leaked file names its exporter and
-- an import knows rows that no record stands for. Marks are keyed pseudonyms, not the texts.
CREATE TABLE export_log (
	id bigint PRIMARY KEY,
	at timestamptz NOT NULL DEFAULT now(),
	user_id bigint NOT NULL,
	entity bigint NOT NULL,
	reason text NOT NULL,
	rows bigint
);
CREATE TABLE export_mark (
	mark text PRIMARY KEY,
	export_id bigint NOT NULL
);
