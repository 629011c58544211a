-- Files are ours until they are given out: then a customer's own people see them beside what they see.
ALTER TABLE attachment ADD COLUMN given_out boolean NOT NULL DEFAULT false;
