-- What an export made is fetched once; an approval of one names the job it became.
ALTER TABLE job ADD COLUMN fetched_at timestamptz;
ALTER TABLE approval ADD COLUMN job_id bigint;
