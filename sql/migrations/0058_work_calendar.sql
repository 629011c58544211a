-- Working calendars: hours by weekday, on the clock of a place. Holidays are of the whole company.
CREATE TABLE work_calendar (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	hours text NOT NULL,
	zone text NOT NULL,
	branch_id bigint REFERENCES branch
);
CREATE UNIQUE INDEX work_calendar_name ON work_calendar (name) WHERE deleted_at IS NULL;
