-- Which column filled which field when somebody last imported a file with these columns: proposed the next time.
CREATE TABLE import_map (
	user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
	entity text COLLATE "C" NOT NULL,
	head bigint NOT NULL, -- hash of the columns' names
	map bytea NOT NULL,   -- an Import message with nothing but its map
	used_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, entity, head)
);
