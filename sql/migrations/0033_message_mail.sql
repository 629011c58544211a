-- Messages by mail to those who are not signed in and want that.

ALTER TABLE users ADD COLUMN mail_away boolean;
ALTER TABLE message ADD COLUMN mailed boolean NOT NULL DEFAULT false;
CREATE INDEX message_to_mail ON message (created_at) WHERE read_at IS NULL AND NOT mailed;
