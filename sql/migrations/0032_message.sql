-- Messages between users, comments on records, and who follows which record.

ALTER TABLE message ADD COLUMN to_id bigint REFERENCES users;

CREATE TABLE comment (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	text text NOT NULL,
	author_id bigint NOT NULL REFERENCES users,
	anchor_entity bigint NOT NULL,
	anchor_id bigint NOT NULL,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE INDEX comment_anchor ON comment (anchor_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;

-- muted: an owner, who follows what is theirs, wants to hear no more of it.
CREATE TABLE follower (
	record_id bigint NOT NULL,
	user_id bigint NOT NULL REFERENCES users,
	entity integer NOT NULL,
	muted boolean NOT NULL DEFAULT false,
	PRIMARY KEY (record_id, user_id)
);

-- How far followers have been told: the snapshot of the last reading of the change feed.
CREATE TABLE follow_state (
	single boolean PRIMARY KEY DEFAULT true CHECK (single),
	position text NOT NULL DEFAULT ''
);
INSERT INTO follow_state DEFAULT VALUES;
