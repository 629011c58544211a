-- What the list of today finds by an index of its own: reports to read, invoices to write, quotes that end.
CREATE INDEX work_report_unread ON work_report (owner_id, day) WHERE state = 'handed_in' AND deleted_at IS NULL;
CREATE INDEX invoice_request_asked ON invoice_request (asked_on, id) WHERE state = 'asked' AND deleted_at IS NULL;
CREATE INDEX quote_ending ON quote (owner_id, valid_until) WHERE state = 'issued' AND deleted_at IS NULL;
CREATE INDEX lead_untouched ON lead (owner_id, received_on) WHERE state = 'new' AND deleted_at IS NULL;
