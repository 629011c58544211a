-- Common words are walked by id inside each arm of the reader's: through the primary key the walk
-- passes all the records of the others, and joining the lists of word and arm in the GIN index
-- reads both to the end.
CREATE INDEX customer_search_owner ON customer_search (owner_id, id);
CREATE INDEX customer_search_department ON customer_search (department_id, id);
CREATE INDEX customer_search_branch ON customer_search (branch_id, id);
CREATE INDEX customer_search_pool ON customer_search (pool_id, id) WHERE pool_id IS NOT NULL;
CREATE INDEX contact_search_owner ON contact_search (owner_id, id);
CREATE INDEX contact_search_department ON contact_search (department_id, id);
CREATE INDEX contact_search_branch ON contact_search (branch_id, id);
CREATE INDEX contact_search_pool ON contact_search (pool_id, id) WHERE pool_id IS NOT NULL;
CREATE INDEX lead_search_owner ON lead_search (owner_id, id);
CREATE INDEX lead_search_department ON lead_search (department_id, id);
CREATE INDEX lead_search_branch ON lead_search (branch_id, id);
CREATE INDEX opportunity_search_owner ON opportunity_search (owner_id, id);
CREATE INDEX opportunity_search_department ON opportunity_search (department_id, id);
CREATE INDEX opportunity_search_branch ON opportunity_search (branch_id, id);
CREATE INDEX lead_search_pool ON lead_search (pool_id, id) WHERE pool_id IS NOT NULL;
