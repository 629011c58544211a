-- Rule functions of leads and opportunities: what must see or write past the reader's policies.

-- The stages with their rules, in order: read at every change of an opportunity, also by those
-- who may not see the set-up.
CREATE OR REPLACE FUNCTION kehu_opportunity_stages()
RETURNS TABLE (stage text, state text, probability bigint, needs text, moves text, role text,
	stall_days bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT s.stage, s.state, s.probability, coalesce(s.needs, ''),
			coalesce(s.moves, ''), coalesce(r.name, ''), s.stall_days
		FROM opportunity_stage s LEFT JOIN role r ON r.id = s.role_id
		WHERE s.deleted_at IS NULL ORDER BY s.position, s.id;
END
$$;

-- Whether opportunities stand in a stage, of whomever.
CREATE OR REPLACE FUNCTION kehu_opportunity_stage_used(p_stage text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN EXISTS (SELECT FROM opportunity o WHERE o.stage = p_stage);
END
$$;

-- A user that may be given something, or a refusal.
CREATE OR REPLACE FUNCTION kehu_new_owner(p_owner bigint) RETURNS users
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	target users;
BEGIN
	SELECT * INTO target FROM users WHERE id = p_owner AND NOT disabled AND deleted_at IS NULL;
	IF NOT FOUND THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	RETURN target;
END
$$;

-- Gives a lead to an owner, or (owner null) into a pool; p_right is what it takes. Who comes
-- second finds another version, or no pool to take it from. Returns the new version.
CREATE OR REPLACE FUNCTION kehu_lead_give(p_id bigint, p_version bigint, p_owner bigint,
	p_pool bigint, p_right bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	taken lead;
	target users;
BEGIN
	SELECT * INTO taken FROM lead WHERE id = p_id AND deleted_at IS NULL FOR NO KEY UPDATE;
	IF NOT FOUND OR NOT kehu_may(caller, 'lead', 1, taken.owner_id, taken.department_id,
		taken.branch_id, taken.pool_id) THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	IF NOT kehu_may(caller, 'lead', p_right, taken.owner_id, taken.department_id,
		taken.branch_id, taken.pool_id) OR (p_right <> 128 AND p_owner <> caller) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF taken.version <> p_version THEN
		PERFORM kehu_refuse('CONFLICT');
	END IF;
	IF p_owner IS NOT NULL THEN
		target := kehu_new_owner(p_owner);
	ELSIF NOT EXISTS (SELECT FROM pool WHERE id = p_pool AND active AND deleted_at IS NULL) THEN
		PERFORM kehu_refuse('INVALID');
	END IF;
	UPDATE lead SET owner_id = target.id, department_id = target.department_id,
		branch_id = target.branch_id, pool_id = CASE WHEN p_owner IS NULL THEN p_pool END,
		version = version + 1, updated_at = now(), updated_by = caller
		WHERE id = p_id;
	RETURN taken.version + 1;
END
$$;

-- Gives an open opportunity to another user, with the open steps that were its owner's.
CREATE OR REPLACE FUNCTION kehu_opportunity_give(p_id bigint, p_version bigint, p_owner bigint)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
	target users := kehu_new_owner(p_owner);
	taken opportunity;
BEGIN
	SELECT * INTO taken FROM opportunity WHERE id = p_id AND deleted_at IS NULL
		FOR NO KEY UPDATE;
	IF NOT FOUND OR NOT kehu_may(caller, 'opportunity', 1, taken.owner_id, taken.department_id,
		taken.branch_id, NULL) THEN
		PERFORM kehu_refuse('NO_SUCH_RECORD');
	END IF;
	IF NOT kehu_may(caller, 'opportunity', 128, taken.owner_id, taken.department_id,
		taken.branch_id, NULL) THEN
		PERFORM kehu_refuse('FORBIDDEN');
	END IF;
	IF taken.version <> p_version THEN
		PERFORM kehu_refuse('CONFLICT');
	END IF;
	UPDATE opportunity SET owner_id = target.id, department_id = target.department_id,
		branch_id = target.branch_id, version = version + 1, updated_at = now(),
		updated_by = caller WHERE id = p_id;
	UPDATE plan_step SET owner_id = target.id, department_id = target.department_id,
		branch_id = target.branch_id, version = version + 1, updated_at = now(),
		updated_by = caller
		WHERE opportunity_id = p_id AND owner_id = taken.owner_id AND state = 'open'
		AND deleted_at IS NULL;
	RETURN taken.version + 1;
END
$$;

-- Customers that a lead may mean, one row for each and what matched first. Those the caller may
-- not see come without an id: that there is one is all that is said. Two leads of one company
-- converted at once make one customer (p_hold).
CREATE OR REPLACE FUNCTION kehu_lead_matches(p_name_key text, p_digits text[])
RETURNS TABLE (id bigint, matched text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT d.id, CASE WHEN d.matched ~ 'name' THEN 'name' ELSE 'phone' END
		FROM kehu_customer_alike(0, true, false, p_name_key, NULL, p_digits, NULL, false) d ORDER BY 2, 1;
END
$$;

-- The person of a lead among the contacts: of this customer by name or phone, elsewhere by both.
CREATE OR REPLACE FUNCTION kehu_contact_matches(p_customer bigint, p_name_key text, p_digits text)
RETURNS TABLE (id bigint, here boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	caller bigint := kehu_caller();
BEGIN
	RETURN QUERY
	SELECT CASE WHEN kehu_may(caller, 'contact', 1, f.owner_id, f.department_id, f.branch_id,
			f.pool_id) THEN f.id END, f.here
	FROM (
		(SELECT c.*, true AS here FROM contact c WHERE c.customer_id = p_customer
			AND c.deleted_at IS NULL
			AND (c.name_key = p_name_key OR c.mobile_digits = nullif(p_digits, '')) LIMIT 5)
		UNION ALL
		(SELECT c.*, EXISTS (SELECT FROM contact_customer l WHERE l.contact_id = c.id
				AND l.customer_id = p_customer AND l.deleted_at IS NULL)
			FROM contact c WHERE c.mobile_digits = nullif(p_digits, '')
			AND c.mobile_digits <> '' AND c.name_key = p_name_key
			AND c.customer_id <> p_customer AND c.deleted_at IS NULL LIMIT 5)
	) f ORDER BY f.here DESC, f.id;
END
$$;
