-- Rights on what is not an entity, and who owns and may call the functions. Entities' policies,
-- triggers and grants are generated from the catalogue (server/store/ddl.c).

-- Each SECURITY DEFINER function belongs to kehu_rule and is nobody's to call unless named below.
GRANT CREATE ON SCHEMA public TO kehu_rule;
DO $$
DECLARE
	f regprocedure;
BEGIN
	FOR f IN SELECT p.oid::regprocedure FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
	LOOP
		EXECUTE format('ALTER FUNCTION %s OWNER TO kehu_rule', f);
		EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
	END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA public FROM kehu_rule;

GRANT EXECUTE ON FUNCTION catalog_fields(), catalog_reports(), catalog_field_defined(text), kehu_choice_pass(integer), access_role_grants(), access_role_fields(), access_user_roles(), access_pool_members(),
	access_delegations(), kehu_delegation_check(bigint, bigint, bigint, date, date),
	kehu_delegation_turn(boolean), kehu_delegation_tell(bigint),
	kehu_hand_over(bigint, bigint, boolean, bigint), kehu_hand_over_job(bigint), kehu_open_shut(bigint, bigint, text), kehu_shut_called(text),
	kehu_account_review(), kehu_account_review_disable(bigint),
	kehu_invite(bigint, text, text, text, date), kehu_register(bigint, text, text, text, text, text, text, text),
	kehu_invite_end(bigint),
	catalog_dictionary_items(), kehu_change_purge(integer),
	kehu_customer_transfer(bigint, bigint, bigint, text), kehu_record_share(bigint, bigint, bigint, bigint, text, text),
	kehu_customer_delete(bigint, bigint, uuid), kehu_customer_restore(bigint),
	kehu_customer_figures(bigint), kehu_customer_alike(bigint, boolean, boolean, text, text, text[], text, boolean),
	kehu_customers_alike(bigint[], text[], text[], text[], boolean[], bigint[], text[]),
	kehu_opportunity_stages(), kehu_opportunity_stage_used(text), kehu_role_holders(bigint),
	kehu_lead_give(bigint, bigint, bigint, bigint, bigint),
	kehu_opportunity_give(bigint, bigint, bigint), kehu_lead_matches(text, text[]),
	kehu_contact_matches(bigint, text, text),
	kehu_work_items(bigint, timestamptz, timestamptz, timestamptz, date, date, date),
	kehu_work_report_tell(bigint, bigint, text),
	kehu_customer_tag_of(bigint[]), kehu_use(bigint, date, text, bigint),
	session_try(text, text), session_tried(bigint, text),
	session_open(bigint, bigint, bytea, bytea, text, text, bigint, bytea, text, text),
	session_resume(bytea, bigint, bigint, bytea), session_seen(bigint), session_lock(bigint, boolean),
	kehu_settings(), kehu_number_of(text, text, date, bigint), kehu_numbers_of(text, text, date, bigint, bigint),
	session_view_as(bigint, text, bigint, bytea, bytea, text, text, bytea, text, bigint),
	session_close(bigint), session_set_password(bigint, text, bigint),
	session_rehash(bigint, text, text), session_passwords(bigint, bigint),
	session_ticket(bigint, bytea, bigint, text, bytea, text), session_ticket_take(bytea, bytea),
	session_ticket_done(bytea), session_factor(bigint), session_factor_use(bigint, bigint),
	session_recovery_use(bigint, bytea), session_factor_begin(bigint, bytea),
	session_factor_key(text), session_factor_keys(), session_factor_seal(bigint, bytea),
	session_factor_confirm(bigint, bigint, bigint, text[]), session_list(bigint, bigint),
	session_end(bigint, bigint, bigint, bigint), session_certificate(text),
	kehu_reading_reserve(bigint, date, bigint, bigint, bigint, bigint), kehu_budget_extend(bigint, bigint),
	kehu_budget_granted(bigint, bigint),
	kehu_reading_flush(bigint, date, bigint, bigint, bigint, bigint, bigint, bigint, bigint),
	kehu_export_mark(bigint, text[]), kehu_export_marked(text[]), kehu_export_expire(interval, interval),
	kehu_pseudonym(text), kehu_audit_seal_begin(), kehu_tick(text, bigint),
	kehu_audit_seal_end(bigint, bigint, text, text, bigint, timestamptz, bytea, bytea, bytea, bytea),
	kehu_prices(bigint, text, boolean, date, bigint[], text[], bigint[]), kehu_rate(text, date),
	kehu_discount_limit(), kehu_order_confirm(bigint, boolean, text),
	kehu_order_end(bigint, text, bigint, text), kehu_order_lines(bigint),
	kehu_delivery_book(bigint, bigint), kehu_delivery_lines(bigint), kehu_return_book(bigint),
	kehu_receivable_track(bigint), kehu_receipt_book(bigint), kehu_receipt_reverse(bigint, text),
	kehu_receivable_settle(bigint, bigint), kehu_order_invoiced(bigint)
	TO kehu_app;
GRANT EXECUTE ON FUNCTION kehu_shut_from(integer), kehu_is_outside() TO kehu_app, kehu_report;
GRANT EXECUTE ON FUNCTION kehu_audit_key() TO kehu_owner;
GRANT EXECUTE ON FUNCTION access_approval_rules(), kehu_approval_step_of(bigint[]),
	kehu_approval_open(text, bigint, bigint, text, text, text, bigint[], bigint[], bytea, text, integer,
	uuid), kehu_approval_decide(bigint, text, text, bigint, bigint),
	kehu_approval_end(bigint, text, text, bigint), kehu_approval_remind(integer),
	kehu_outbox(text, text, text, text, bigint, bigint, bigint, text, boolean),
	kehu_outbox_file(bigint, text, text, bytea), kehu_outbox_claim(text, text, integer, integer),
	kehu_message_mail(integer), kehu_say(bigint[], bigint, bigint[], text, text, bigint, bigint, bigint, boolean),
	kehu_comment(bigint, bigint, bigint, text, text, bigint[]), kehu_follow(bigint, bigint, boolean),
	kehu_person_find(text), kehu_person_places(bigint), kehu_person_rows(bigint),
	kehu_person_erase(bigint, text, boolean), kehu_person_replay(text[], bigint[], timestamptz[]),
	kehu_person_reworded(), kehu_person_tokens(text, bigint, text),
	kehu_retention(boolean, integer), kehu_follow_changes(text[], bigint[]), kehu_tell(bigint, text, text, text, bigint, bigint),
	kehu_template(bigint, text, boolean), kehu_outbox_files(bigint), kehu_outbox_handed(bigint, text),
	kehu_outbox_done(bigint, text, text, text, bigint, bigint), kehu_outbox_release(text)
	TO kehu_app;
GRANT EXECUTE ON FUNCTION kehu_visit_customers_of(bigint[]), kehu_visit_opportunity_of(bigint[]),
	kehu_check_in(bigint, text, date, bigint), kehu_plan_make(bigint), kehu_plans_make(integer),
	kehu_plan_change(bigint, bigint, bigint, bigint, text, text), kehu_plan_stop(bigint, bigint, text),
	kehu_plan_end(bigint, text), kehu_remind(boolean, integer), kehu_remind_unseen(), kehu_remind_seen(bigint[]),
	kehu_remind_mail(integer, integer) TO kehu_app;
GRANT EXECUTE ON FUNCTION kehu_merge(integer, bigint, bigint, text[], text, uuid), kehu_merge_undo(bigint),
	kehu_merge_moved(bigint), kehu_duplicate_scan(bigint, text, bigint), kehu_duplicate_close(timestamptz),
	kehu_customer_claim(bigint), kehu_customer_assign(bigint, bigint, text),
	kehu_customer_release(bigint, bigint, bigint, text), kehu_customer_lock(bigint, bigint, date, text),
	kehu_hold_left(bigint[]), kehu_hold_check(bigint, bigint), kehu_pool_pass(bigint), kehu_pool_rehearse(bigint, bigint, bigint) TO kehu_app;
GRANT EXECUTE ON FUNCTION kehu_ticket_caller(text, bigint), kehu_ticket_give(bigint, bigint, bigint, bigint, bigint, text),
	kehu_ticket_route(bigint, bigint, boolean), kehu_ticket_escalate(bigint, bigint, text),
	kehu_sla(bigint, text, text, bigint, timestamptz), kehu_hours(bigint, timestamptz), kehu_sla_pass(bigint),
	kehu_job_fit(bigint, bigint, bigint, timestamptz, timestamptz, text, bigint), kehu_job_place(bigint, bigint, bigint, timestamptz, bigint),
	kehu_job_swap(bigint, bigint, bigint, bigint), kehu_job_candidates(bigint, timestamptz, integer, text, bigint),
	kehu_job_step(bigint, text, text), kehu_job_cost(bigint, bigint), kehu_job_skill(bigint),
	kehu_dispatch_people(timestamptz, timestamptz), kehu_job_skills() TO kehu_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON job_booking TO kehu_rule;
GRANT SELECT, UPDATE ON class_state TO kehu_rule;
GRANT EXECUTE ON FUNCTION kehu_customer_kin(bigint, boolean, bigint),
	kehu_customer_circle(bigint, bigint, bigint) TO kehu_app;
GRANT EXECUTE ON FUNCTION kehu_months_fell(integer), kehu_classify_all(), kehu_anniversaries(), kehu_invoice_title(bigint, text) TO kehu_app;
REVOKE EXECUTE ON FUNCTION kehu_partition(text, text, text, text), kehu_partitions(),
	kehu_customer_figures_all(), kehu_customer_due_all(), kehu_visit_remind_all() FROM PUBLIC;

GRANT USAGE ON SCHEMA public TO kehu_app, kehu_rule, kehu_report, kehu_backup;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO kehu_app, kehu_rule;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO kehu_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO kehu_backup;

GRANT SELECT ON state, settings, record_share, record_opening TO kehu_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON record_opening, account_use, account_review_run TO kehu_rule;
GRANT SELECT ON record_share TO kehu_report;
GRANT SELECT, INSERT ON outcome, change TO kehu_app;
GRANT SELECT, INSERT ON history TO kehu_app;
GRANT SELECT, INSERT ON audit TO kehu_app;
GRANT SELECT ON audit_segment TO kehu_app;
GRANT SELECT, INSERT, UPDATE ON export_log TO kehu_app;
GRANT SELECT ON export_log TO kehu_rule;
GRANT SELECT, INSERT ON export_mark TO kehu_rule;
GRANT SELECT ON session TO kehu_app;
GRANT SELECT, INSERT, UPDATE ON number_series, custom_field TO kehu_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON job, job_chunk, import_chunk, import_row TO kehu_app;

GRANT SELECT, UPDATE ON state TO kehu_rule;
GRANT SELECT ON settings TO kehu_rule;
GRANT SELECT, INSERT, UPDATE ON session TO kehu_rule;
GRANT SELECT, INSERT ON user_secret TO kehu_rule;
GRANT SELECT, INSERT, UPDATE ON login_attempt, user_sign TO kehu_rule;
GRANT SELECT, INSERT, UPDATE, DELETE ON user_recovery, password_history, login_ticket TO kehu_rule;
GRANT SELECT, INSERT, UPDATE, DELETE ON record_share TO kehu_rule;
GRANT SELECT, INSERT, DELETE ON change TO kehu_rule;
GRANT INSERT ON history, audit TO kehu_rule;
GRANT SELECT, INSERT, UPDATE, DELETE ON access_use TO kehu_rule;
GRANT SELECT, INSERT, UPDATE ON audit_key, tick TO kehu_rule;
GRANT SELECT, INSERT ON audit_segment TO kehu_rule;

-- The bytes of a file are reached through its attachment, which is reached through its record.
GRANT SELECT, INSERT ON attachment_chunk TO kehu_app;
ALTER TABLE attachment_chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE attachment_chunk FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS kehu_app ON attachment_chunk;
CREATE POLICY kehu_app ON attachment_chunk TO kehu_app
	USING (EXISTS (SELECT FROM attachment a WHERE a.id = attachment_id))
	WITH CHECK (EXISTS (SELECT FROM attachment a WHERE a.id = attachment_id));
DROP POLICY IF EXISTS kehu_all ON attachment_chunk;
CREATE POLICY kehu_all ON attachment_chunk TO kehu_owner, kehu_backup USING (true) WITH CHECK (true);

-- What an approval would change is read by whoever reads the approval.
GRANT SELECT, INSERT ON approval_change TO kehu_app;
GRANT SELECT ON approval_change TO kehu_rule;
ALTER TABLE approval_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval_change FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS kehu_app ON approval_change;
CREATE POLICY kehu_app ON approval_change TO kehu_app
	USING (EXISTS (SELECT FROM approval a WHERE a.id = approval_id))
	WITH CHECK (EXISTS (SELECT FROM approval a WHERE a.id = approval_id));
DROP POLICY IF EXISTS kehu_all ON approval_change;
CREATE POLICY kehu_all ON approval_change TO kehu_owner, kehu_rule, kehu_backup USING (true) WITH CHECK (true);

GRANT SELECT, INSERT ON outgoing_file TO kehu_rule;

GRANT SELECT, INSERT, UPDATE ON follower, follow_state TO kehu_rule;
GRANT SELECT ON history TO kehu_rule;
DROP POLICY IF EXISTS kehu_rule ON history;
CREATE POLICY kehu_rule ON history FOR SELECT TO kehu_rule USING (true);
GRANT SELECT ON customer_due TO kehu_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON customer_due TO kehu_rule;
GRANT SELECT, INSERT, UPDATE ON number_series TO kehu_rule;


-- Erasing a person reaches what is otherwise only added to.
GRANT UPDATE, DELETE ON history TO kehu_rule;
DROP POLICY IF EXISTS kehu_erase ON history;
CREATE POLICY kehu_erase ON history FOR UPDATE TO kehu_rule USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS kehu_expire ON history;
CREATE POLICY kehu_expire ON history FOR DELETE TO kehu_rule USING (true);
GRANT SELECT, DELETE ON attachment_chunk, outgoing_file, approval_change, job_chunk, import_chunk, import_row,
	login_attempt, reading, reading_figures TO kehu_rule;
GRANT SELECT ON job TO kehu_rule;
GRANT UPDATE ON export_log TO kehu_rule;
DROP POLICY IF EXISTS kehu_rule ON attachment_chunk;
CREATE POLICY kehu_rule ON attachment_chunk TO kehu_rule USING (true) WITH CHECK (true);

-- Pools: what the pass keeps.
GRANT SELECT, UPDATE ON pool_state TO kehu_rule;
GRANT SELECT, INSERT ON merge_row TO kehu_rule;

-- The records of a bulk change are known to whoever sees it.
GRANT SELECT, INSERT ON bulk_row TO kehu_app;
ALTER TABLE bulk_row ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulk_row FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS kehu_app ON bulk_row;
CREATE POLICY kehu_app ON bulk_row TO kehu_app
	USING (EXISTS (SELECT FROM bulk b WHERE b.id = bulk_id))
	WITH CHECK (EXISTS (SELECT FROM bulk b WHERE b.id = bulk_id));
DROP POLICY IF EXISTS kehu_all ON bulk_row;
CREATE POLICY kehu_all ON bulk_row TO kehu_owner, kehu_backup USING (true) WITH CHECK (true);

-- The recycle bin.
GRANT EXECUTE ON FUNCTION kehu_bin_put(text, text, bigint, text, boolean), kehu_bin_back(bigint),
	kehu_bin_empty(bigint, text) TO kehu_app;
GRANT DELETE ON follower, customer_due TO kehu_rule;

-- What an import did is known to whoever sees it.
GRANT SELECT, INSERT, UPDATE ON import_part TO kehu_app;
GRANT DELETE ON import TO kehu_rule;
ALTER TABLE import_part ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_part FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS kehu_app ON import_part;
CREATE POLICY kehu_app ON import_part TO kehu_app
	USING (EXISTS (SELECT FROM import i WHERE i.id = import_id))
	WITH CHECK (EXISTS (SELECT FROM import i WHERE i.id = import_id));
DROP POLICY IF EXISTS kehu_all ON import_part;
CREATE POLICY kehu_all ON import_part TO kehu_owner, kehu_rule, kehu_backup USING (true) WITH CHECK (true);
GRANT EXECUTE ON FUNCTION kehu_held_back(integer, text, boolean, bigint[], uuid) TO kehu_app;

-- How somebody maps files is known to nobody else.
GRANT SELECT, INSERT, UPDATE, DELETE ON import_map TO kehu_app;
ALTER TABLE import_map ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_map FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS kehu_app ON import_map;
CREATE POLICY kehu_app ON import_map TO kehu_app
	USING (user_id = (SELECT nullif(current_setting('kehu.user'), '')::bigint))
	WITH CHECK (user_id = (SELECT nullif(current_setting('kehu.user'), '')::bigint));
DROP POLICY IF EXISTS kehu_all ON import_map;
CREATE POLICY kehu_all ON import_map TO kehu_owner, kehu_backup USING (true) WITH CHECK (true);

-- What was made at its time is kept as files of its record.
GRANT INSERT ON attachment_chunk TO kehu_rule;
GRANT INSERT ON job TO kehu_rule;
GRANT EXECUTE ON FUNCTION kehu_report_start(bigint), kehu_reports_due(integer), kehu_report_asked(bigint),
	kehu_report_keep(bigint, text, text, bigint, text, text, bytea), kehu_report_fail(bigint, text),
	kehu_reports_expire(integer) TO kehu_app;
