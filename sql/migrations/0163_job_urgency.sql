-- How urgent a job is, and until when its ticket promises it: what the dispatch board sorts its open list by.
ALTER TABLE job_visit ADD COLUMN priority text COLLATE "C", ADD COLUMN due_at timestamptz;
UPDATE job_visit j SET priority = t.priority, due_at = t.due_at FROM ticket t WHERE t.id = j.ticket_id;
UPDATE job_visit SET priority = 'p3' WHERE priority IS NULL;
