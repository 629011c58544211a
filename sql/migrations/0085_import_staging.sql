-- Tokens and doc of a row's search row stand beside its cells: with them a row of cells is so long that
-- it is compressed, and then unpacked again for each cell that is read.
ALTER TABLE import_row ADD COLUMN tokens text, ADD COLUMN doc text;
ALTER TABLE import_row ALTER COLUMN tokens SET STORAGE EXTERNAL, ALTER COLUMN doc SET STORAGE EXTERNAL,
	ALTER COLUMN cells SET STORAGE MAIN;
