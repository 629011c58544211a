-- Two Han characters, and how a text begins, with the branch before them: what <table>_search_grams
-- holds (server/store/ddl.c makes it). A common word's list within a branch is short, where joining the
-- list of the word and that of the branch grew with the number of records. An index depends on it: to
-- change what it gives, make the indexes again.
CREATE OR REPLACE FUNCTION search_branch_grams(p_branch bigint, p_tokens tsvector) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT pg_catalog.array_to_tsvector(coalesce(pg_catalog.array_agg(p_branch::text || t), '{}'))
	FROM pg_catalog.unnest(pg_catalog.tsvector_to_array(p_tokens)) t
	WHERE pg_catalog.substr(t, 2, 1) IN ('h', 's')
$$;
