-- Matches of a common word are read in the order of their ids, some 65,000 ids at a time: with the range
-- in the index of words, its lists are joined inside that range only. Sorting all matches by id, or
-- walking the records for them, grew with the number of records.
DROP INDEX customer_search_tokens;
CREATE INDEX customer_search_tokens ON customer_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens, (id >> 16));
DROP INDEX contact_search_tokens;
CREATE INDEX contact_search_tokens ON contact_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens, (id >> 16));
DROP INDEX product_search_tokens;
CREATE INDEX product_search_tokens ON product_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens, (id >> 16));
DROP INDEX lead_search_tokens;
CREATE INDEX lead_search_tokens ON lead_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens, (id >> 16));
DROP INDEX opportunity_search_tokens;
CREATE INDEX opportunity_search_tokens ON opportunity_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens, (id >> 16));
