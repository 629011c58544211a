-- Working calendars: hours by weekday, on the clock of a place. Holidays are of the whole company.
CREATE TABLE work_calendar (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	hours text NOT NULL,
	zone text NOT NULL,
	branch_id bigint REFERENCES branch,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX work_calendar_name ON work_calendar (name) WHERE deleted_at IS NULL;
