-- A choice's colour by name, and what to use in place of a choice that was merged. The colour as a
-- number stays for servers of before and goes a release later.
ALTER TABLE dictionary_item ADD COLUMN tone text COLLATE "C", ADD COLUMN instead text,
	ADD COLUMN merged boolean;
UPDATE dictionary_item SET tone = (ARRAY['normal', 'strong', 'green', 'yellow', 'red', 'grey'])[color + 1]
	WHERE color BETWEEN 0 AND 5;
