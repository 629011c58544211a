-- The columns that a pool shows were kept and checked but never applied to what members read: a
-- setting that only seems to protect is worse than none. What a member sees is what the roles say.
-- CASCADE: triggers that name their columns go with it; migrate makes them again from the catalogue.
ALTER TABLE pool DROP COLUMN visible_columns CASCADE;
