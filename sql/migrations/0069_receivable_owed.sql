-- What is still owed, by whose it is: without walking what was paid.
ALTER TABLE receivable_figures ADD COLUMN owner_id bigint;
UPDATE receivable_figures f SET owner_id = r.owner_id FROM receivable r WHERE r.id = f.id;
CREATE INDEX receivable_figures_owed ON receivable_figures (owner_id, overdue_on) WHERE overdue_on IS NOT NULL;
