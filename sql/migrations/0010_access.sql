-- Field rights of roles, and what narrows a grant to states of the record and to named actions.

CREATE TABLE role_field (
	id bigint PRIMARY KEY DEFAULT nextval('record_id'),
	role_id bigint NOT NULL REFERENCES role,
	position integer NOT NULL DEFAULT 0,
	entity text NOT NULL,
	field text NOT NULL,
	show text COLLATE "C" NOT NULL,
	reveal boolean,
	version integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by bigint,
	updated_at timestamptz NOT NULL DEFAULT now(),
	updated_by bigint,
	deleted_at timestamptz,
	delete_id uuid
);
CREATE UNIQUE INDEX role_field_once ON role_field (role_id, entity, field) WHERE deleted_at IS NULL;

-- Space-separated codes; empty: in every state, every action.
ALTER TABLE role_grant ADD COLUMN states text, ADD COLUMN actions text;
