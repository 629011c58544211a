-- Choices that were merged into another: what records have of the first becomes the second, some at a
-- time. Which columns hold choices is the catalogue's word (kehu_choices()).

CREATE OR REPLACE FUNCTION kehu_choice_pass(p_max integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	item record;
	place record;
	changed integer;
	done integer := 0;
	remains boolean;
BEGIN
	FOR item IN SELECT i.id, i.code, i.instead, d.name FROM dictionary_item i JOIN dictionary d ON d.id = i.dictionary_id
		WHERE i.instead IS NOT NULL AND i.merged IS NOT TRUE AND i.deleted_at IS NULL ORDER BY i.id
	LOOP
		remains := false;
		FOR place IN SELECT c.tbl, c.col FROM kehu_choices() c WHERE c.list = item.name ORDER BY c.tbl, c.col LOOP
			EXECUTE format('UPDATE public.%1$I t SET %2$I = $2, version = t.version + 1, updated_at = now() '
				'WHERE t.id IN (SELECT o.id FROM public.%1$I o WHERE o.%2$I = $1 ORDER BY o.id LIMIT $3 '
				'FOR NO KEY UPDATE SKIP LOCKED)', place.tbl, place.col)
				USING item.code, item.instead, p_max - done;
			GET DIAGNOSTICS changed = ROW_COUNT;
			done := done + changed;
			-- Full, or somebody is saving one of them: the next pass goes on.
			IF NOT remains THEN
				EXECUTE format('SELECT EXISTS (SELECT FROM public.%I o WHERE o.%I = $1)', place.tbl, place.col)
					INTO remains USING item.code;
			END IF;
			EXIT WHEN done >= p_max;
		END LOOP;
		EXIT WHEN done >= p_max;
		IF NOT remains THEN
			UPDATE dictionary_item i SET merged = true WHERE i.id = item.id;
		END IF;
	END LOOP;
	RETURN done;
END
$$;
