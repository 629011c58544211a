-- Jobs on site, and who is booked for them when.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE job_visit (
	LIKE template.record INCLUDING ALL,
	number text,
	subject text NOT NULL,
	kind text COLLATE "C" NOT NULL,
	ticket_id bigint REFERENCES ticket,
	customer_id bigint NOT NULL REFERENCES customer,
	contact_id bigint REFERENCES contact,
	skill text COLLATE "C",
	place text,
	region_id bigint REFERENCES region,
	minutes bigint NOT NULL,
	window_from timestamptz,
	window_until timestamptz,
	state text COLLATE "C" NOT NULL,
	technician_id bigint REFERENCES technician,
	start_at timestamptz,
	end_at timestamptz,
	reason text,
	on_way_at timestamptz,
	arrived_at timestamptz,
	done_at timestamptz,
	worked_min bigint,
	result text,
	confirmed text,
	cost bigint,
	cost_currency text COLLATE "C",
	before_technician_id bigint REFERENCES technician,
	before_start_at timestamptz,
	before_minutes bigint,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX job_visit_number ON job_visit (number) WHERE deleted_at IS NULL;
CREATE INDEX job_visit_owner ON job_visit (owner_id, start_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX job_visit_department ON job_visit (department_id, start_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX job_visit_branch ON job_visit (branch_id, start_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX job_visit_start ON job_visit (start_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX job_visit_ticket ON job_visit (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX job_visit_customer ON job_visit (customer_id, start_at DESC, id DESC);
-- What still has no place.
CREATE INDEX job_visit_open ON job_visit (branch_id, created_at) WHERE state IN ('open', 'refused') AND deleted_at IS NULL;

CREATE TABLE job_visit_helper (
	LIKE template.record INCLUDING ALL,
	job_visit_id bigint NOT NULL REFERENCES job_visit,
	position integer NOT NULL DEFAULT 0,
	technician_id bigint NOT NULL REFERENCES technician
);
CREATE INDEX job_visit_helper_parent ON job_visit_helper (job_visit_id, position, id);

CREATE TABLE job_visit_part (
	LIKE template.record INCLUDING ALL,
	job_visit_id bigint NOT NULL REFERENCES job_visit,
	position integer NOT NULL DEFAULT 0,
	product_id bigint NOT NULL REFERENCES product,
	quantity bigint,
	serial text,
	cost bigint,
	cost_currency text COLLATE "C"
);
CREATE INDEX job_visit_part_parent ON job_visit_part (job_visit_id, position, id);

-- Who has what open when: nobody twice at a time. Kept by the trigger of 43_job.sql; what is done, and what was
-- imported as done, holds nobody.
CREATE TABLE job_booking (
	job_visit_id bigint NOT NULL REFERENCES job_visit,
	technician_id bigint NOT NULL REFERENCES technician,
	span tstzrange NOT NULL,
	PRIMARY KEY (job_visit_id, technician_id),
	CONSTRAINT job_booking_free EXCLUDE USING gist (technician_id WITH =, span WITH &&) DEFERRABLE INITIALLY IMMEDIATE
);
