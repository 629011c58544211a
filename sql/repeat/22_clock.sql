-- Days by the clock of a place: a branch has its own, what is of no branch goes by the head office's.

CREATE OR REPLACE FUNCTION kehu_branch_offset(p_branch bigint) RETURNS interval
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN make_interval(mins => coalesce(
		(SELECT b.offset_min FROM branch b WHERE b.id = p_branch),
		(SELECT b.offset_min FROM branch b WHERE b.parent_id IS NULL AND b.deleted_at IS NULL
			ORDER BY b.id LIMIT 1), 480)::integer);
END
$$;

-- The company's day: what is not of one branch alone begins and ends at the head office's midnight.
CREATE OR REPLACE FUNCTION kehu_today() RETURNS date
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN (now() AT TIME ZONE 'UTC' + kehu_branch_offset(NULL))::date;
END
$$;
