-- Viewing as another user: a session of that user, opened by somebody else, that only reads.
ALTER TABLE session ADD COLUMN viewer_id bigint;
CREATE INDEX session_of_viewer ON session (viewer_id) WHERE ended_at IS NULL AND viewer_id IS NOT NULL;

CREATE TABLE viewing (
	LIKE template.record INCLUDING ALL,
	viewer_id bigint NOT NULL REFERENCES users,
	reason text NOT NULL,
	until_at timestamptz NOT NULL,
	ended_at timestamptz,
	session_id bigint,
	owner_id bigint NOT NULL REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
);
CREATE INDEX viewing_owner ON viewing (owner_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX viewing_department ON viewing (department_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX viewing_branch ON viewing (branch_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX viewing_created ON viewing (created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX viewing_session ON viewing (session_id);
