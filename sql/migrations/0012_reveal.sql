-- What a person may do only so often in a day: masked values revealed, masked values looked for whole.

CREATE TABLE access_use (
	user_id bigint NOT NULL,
	day date NOT NULL,
	kind text COLLATE "C" NOT NULL,
	used bigint NOT NULL,
	PRIMARY KEY (user_id, day, kind)
);
