-- A setting has a name in each language, as choices and reports have; kehud migrate fills both in.
ALTER TABLE setting ADD COLUMN title_en text;
