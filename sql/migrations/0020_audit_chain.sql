-- The audit sealed into a chain of segments, what the chain is signed with, and periodic work.

-- Rows of one segment are those of the transactions [xid_from, xid_below) with a seq above floor:
-- all of them were over when it was sealed. leaves: seq (8 bytes) and hash (32) of each row, so
-- that a check names the row and not only the segment. ceiling: the last segment before a restore
-- into another cluster, whose transactions count anew; rows up to this seq were there before.
CREATE INDEX audit_xid ON audit (xid, seq);
CREATE TABLE audit_segment (
	number bigint PRIMARY KEY,
	floor bigint NOT NULL,
	ceiling bigint,
	xid_from xid8 NOT NULL,
	xid_below xid8 NOT NULL,
	rows bigint NOT NULL,
	at timestamptz NOT NULL,
	prev bytea NOT NULL,
	root bytea NOT NULL,
	hash bytea NOT NULL,
	mac bytea NOT NULL,
	leaves bytea NOT NULL
);

-- One row: the key of the next segment (hashed forward at each; the first is told once and kept
-- outside), and the secret that turns a name into a pseudonym.
CREATE TABLE audit_key (
	single boolean PRIMARY KEY DEFAULT true CHECK (single),
	number bigint NOT NULL DEFAULT 1,
	key bytea NOT NULL,
	pseudonym bytea NOT NULL
);

-- Periodic work that one kehud does for all.
CREATE TABLE tick (
	name text PRIMARY KEY,
	next_at timestamptz NOT NULL DEFAULT now()
);
