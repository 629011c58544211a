-- The whole record of a customer: accounts, invoice titles, messengers, numbers elsewhere, anniversaries by both
-- calendars, paper originals; partners, and what competitors and partners sell.

CREATE TABLE customer_account (
	LIKE template.record INCLUDING ALL,
	customer_id bigint NOT NULL REFERENCES customer,
	position integer NOT NULL DEFAULT 0,
	bank text NOT NULL,
	account text NOT NULL,
	holder text,
	bank_code text,
	currency text COLLATE "C",
	use text
);
CREATE INDEX customer_account_parent ON customer_account (customer_id, position, id);

CREATE TABLE customer_title (
	LIKE template.record INCLUDING ALL,
	customer_id bigint NOT NULL REFERENCES customer,
	position integer NOT NULL DEFAULT 0,
	kind text COLLATE "C",
	title text NOT NULL,
	tax_number text,
	bank text,
	bank_account text,
	address text,
	phone text,
	phone_digits text COLLATE "C",
	mail text
);
CREATE INDEX customer_title_parent ON customer_title (customer_id, position, id);

CREATE TABLE customer_messenger (
	LIKE template.record INCLUDING ALL,
	customer_id bigint NOT NULL REFERENCES customer,
	position integer NOT NULL DEFAULT 0,
	kind text COLLATE "C" NOT NULL,
	account text NOT NULL,
	note text
);
CREATE INDEX customer_messenger_parent ON customer_messenger (customer_id, position, id);

CREATE TABLE contact_messenger (
	LIKE template.record INCLUDING ALL,
	contact_id bigint NOT NULL REFERENCES contact,
	position integer NOT NULL DEFAULT 0,
	kind text COLLATE "C" NOT NULL,
	account text NOT NULL,
	note text
);
CREATE INDEX contact_messenger_parent ON contact_messenger (contact_id, position, id);

CREATE TABLE customer_code (
	LIKE template.record INCLUDING ALL,
	customer_id bigint NOT NULL REFERENCES customer,
	position integer NOT NULL DEFAULT 0,
	system text COLLATE "C" NOT NULL,
	code text NOT NULL,
	note text
);
CREATE INDEX customer_code_parent ON customer_code (customer_id, position, id);
CREATE UNIQUE INDEX customer_code_code ON customer_code (system, code) WHERE deleted_at IS NULL;

-- ---- the lunar calendar ------------------------------------------------------------------------
-- common/lunar.c has the same table and says how to read it; kehu_lunar_starts() is the day of each year's
-- beginning, counted from 1900-01-31. They never change, so columns may be generated of them.

CREATE FUNCTION kehu_lunar_years() RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT ARRAY[
		93480, 29984, 59984, 91301, 25776, 43440, 87396, 22176, 46480, 95522, 29984, 111190, 45648, 42160,
		84661, 10960, 22192, 46738, 55952, 121127, 59680, 53840, 107733, 42336, 11104, 88916, 27968, 60048,
		125218, 59680, 53862, 21168, 42352, 77157, 46496, 27968, 60563, 29840, 92471, 43312, 21168, 42422,
		43728, 22176, 111956, 47680, 46224, 108850, 43344, 86743, 21344, 43728, 88741, 23328, 47696, 119971,
		46240, 43352, 43376, 21856, 43862, 44368, 27936, 59988, 59984, 25760, 51571, 43440, 87463, 22176,
		46736, 95525, 46368, 45648, 91316, 42160, 84664, 10960, 22224, 46742, 55952, 55584, 119380, 53840,
		107738, 42336, 11104, 23382, 27984, 60048, 125221, 59680, 53856, 42339, 42352, 85352, 13728, 27984,
		93333, 29840, 26928, 86708, 21168, 42416, 87458, 22176, 111959, 47680, 46224, 108853, 43344, 21200,
		43732, 43856, 88745, 23840, 55888, 119974, 54432, 51536, 86756, 21856, 43856, 88866, 27936, 59990,
		29264, 25776, 51573, 51888, 21920, 44387, 46736, 95531, 46368, 45648, 107702, 42160, 19120, 21941,
		23248, 46752, 111906, 55584, 119383, 53840, 42320, 84693, 19296, 23376, 55971, 60560, 125224, 59680,
		53856, 42342, 42352, 19808, 27988, 30032, 29840, 59699, 26928, 86711, 21168, 42416, 87461, 22176,
		46672, 95396, 46240, 108888, 43344, 21200, 43734, 43856, 23200, 47700, 55888, 54432, 117075, 51552,
		103655, 21856, 43856, 88869, 27936, 59984, 58532, 26800, 51576, 19120, 21936, 44390, 46752, 29984,
		94804, 46160, 43184, 84402, 19120]
$$;
CREATE FUNCTION kehu_lunar_starts() RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT ARRAY[
		0, 384, 738, 1093, 1476, 1830, 2185, 2569, 2923, 3278, 3662, 4016, 4400, 4754,
		5108, 5492, 5846, 6201, 6585, 6940, 7324, 7678, 8032, 8416, 8770, 9124, 9509, 9863,
		10218, 10602, 10956, 11339, 11693, 12048, 12432, 12787, 13141, 13525, 13879, 14263, 14617, 14971,
		15355, 15710, 16064, 16449, 16803, 17157, 17541, 17895, 18279, 18633, 18988, 19372, 19726, 20081,
		20465, 20819, 21202, 21557, 21911, 22295, 22650, 23004, 23388, 23743, 24096, 24480, 24835, 25219,
		25573, 25928, 26312, 26666, 27020, 27404, 27758, 28142, 28496, 28851, 29235, 29590, 29944, 30328,
		30682, 31066, 31420, 31774, 32158, 32513, 32868, 33252, 33606, 33960, 34343, 34698, 35082, 35436,
		35791, 36175, 36529, 36883, 37267, 37621, 37976, 38360, 38714, 39099, 39453, 39807, 40191, 40545,
		40899, 41283, 41638, 42022, 42376, 42731, 43115, 43469, 43823, 44207, 44561, 44916, 45300, 45654,
		46038, 46392, 46746, 47130, 47485, 47839, 48223, 48578, 48962, 49316, 49670, 50054, 50408, 50762,
		51146, 51501, 51856, 52240, 52594, 52978, 53332, 53686, 54070, 54424, 54779, 55163, 55518, 55902,
		56256, 56610, 56993, 57348, 57702, 58086, 58441, 58795, 59179, 59533, 59917, 60271, 60626, 61010,
		61364, 61719, 62103, 62457, 62841, 63195, 63549, 63933, 64288, 64642, 65026, 65381, 65735, 66119,
		66473, 66857, 67211, 67566, 67950, 68304, 68659, 69042, 69396, 69780, 70134, 70489, 70873, 71228,
		71582, 71966, 72320, 72674, 73058, 73412]
$$;

-- Month and day as one number, 815 for the fifteenth of the eighth; of a leap month 10,000 more. Null: outside
-- of the table.
CREATE FUNCTION kehu_lunar(p_day date) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	away integer := p_day - date '1900-01-31';
	year integer := width_bucket(away, kehu_lunar_starts());
	word integer := (kehu_lunar_years())[year];
	leap integer := word & 15;
	month integer := 0;
	length integer;
BEGIN
	IF p_day IS NULL OR year < 1 OR word IS NULL THEN
		RETURN NULL;
	END IF;
	away := away - (kehu_lunar_starts())[year];
	LOOP
		length := 29 + (word >> (4 + month) & 1);
		EXIT WHEN away < length;
		away := away - length;
		month := month + 1;
	END LOOP;
	RETURN CASE WHEN leap > 0 AND month >= leap THEN month ELSE month + 1 END * 100 + away + 1
		+ CASE WHEN leap > 0 AND month = leap THEN 10000 ELSE 0 END;
END
$$;

-- The days of the year, as such numbers, that are kept between two days: who was born on 29 February has their
-- day on 1 March of the other years; who was born in a leap month, or on a thirtieth, keeps the month itself or
-- its last day.
CREATE FUNCTION kehu_kept(p_from date, p_to date, p_lunar boolean) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	day date := p_from;
	number bigint;
	kept bigint[] := '{}';
BEGIN
	WHILE day <= p_to LOOP
		number := CASE WHEN p_lunar THEN kehu_lunar(day) ELSE extract(month FROM day) * 100 + extract(day FROM day) END;
		IF number < 10000 THEN
			kept := kept || number;
		END IF;
		IF NOT p_lunar AND number = 301 AND extract(day FROM day - 1) = 28 THEN
			kept := kept || 229::bigint;
		ELSIF p_lunar AND number < 10000 AND number % 100 = 29 AND kehu_lunar(day + 1) % 100 = 1 THEN
			kept := kept || number + 1;
		END IF;
		day := day + 1;
	END LOOP;
	RETURN kept;
END
$$;

-- The first day from p_from on that a day is kept again.
CREATE FUNCTION kehu_kept_next(p_day date, p_lunar boolean, p_from date) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
	number bigint := CASE WHEN p_lunar THEN kehu_lunar(p_day) % 10000
		ELSE extract(month FROM p_day) * 100 + extract(day FROM p_day) END;
	year integer := extract(year FROM p_from);
	guess date;
BEGIN
	IF number IS NULL THEN
		RETURN NULL;
	END IF;
	-- Of a lunar month that begins between January and March of this year, or of the one before or after.
	FOR back IN -1 .. 2 LOOP
		guess := CASE WHEN p_lunar
			THEN date '1900-01-31' + (kehu_lunar_starts())[year + back - 1899] + (number / 100 * 295 / 10)::integer - 34
			ELSE make_date(year + back, (number / 100)::integer, 1) END;
		FOR day IN 0 .. CASE WHEN p_lunar THEN 95 ELSE 31 END LOOP
			IF guess + day >= p_from AND number = ANY (kehu_kept(guess + day, guess + day, p_lunar)) THEN
				RETURN guess + day;
			END IF;
		END LOOP;
	END LOOP;
	RETURN NULL;
END
$$;

-- Birthdays by the lunar calendar, as contact.birthday_md has the others.
ALTER TABLE contact ADD COLUMN remind_days bigint,
	ADD COLUMN birthday_lunar bigint GENERATED ALWAYS AS (CASE WHEN lunar THEN kehu_lunar(birthday) % 10000 END) STORED;
CREATE INDEX contact_birthday_lunar ON contact (owner_id, birthday_lunar) WHERE birthday_lunar IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX contact_remind_solar ON contact (birthday_md) WHERE remind_days IS NOT NULL AND birthday_md IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX contact_remind_lunar ON contact (birthday_lunar) WHERE remind_days IS NOT NULL AND birthday_lunar IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE anniversary (
	LIKE template.record INCLUDING ALL,
	customer_id bigint NOT NULL REFERENCES customer,
	title text NOT NULL,
	title_key text COLLATE "C" NOT NULL,
	day date NOT NULL,
	lunar boolean NOT NULL DEFAULT false,
	remind_days bigint,
	remarks text,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	pool_id bigint REFERENCES pool
) WITH (fillfactor = 90);
CREATE INDEX anniversary_owner ON anniversary (owner_id, title_key, id) WHERE deleted_at IS NULL;
CREATE INDEX anniversary_department ON anniversary (department_id, title_key, id) WHERE deleted_at IS NULL;
CREATE INDEX anniversary_branch ON anniversary (branch_id, title_key, id) WHERE deleted_at IS NULL;
CREATE INDEX anniversary_pool ON anniversary (pool_id, title_key, id) WHERE deleted_at IS NULL AND pool_id IS NOT NULL;
CREATE INDEX anniversary_title_key ON anniversary (title_key, id) WHERE deleted_at IS NULL;
CREATE INDEX anniversary_customer ON anniversary (customer_id, title_key, id);
CREATE TABLE anniversary_figures (
	id bigint PRIMARY KEY,
	next_on date
) WITH (fillfactor = 70);
CREATE INDEX anniversary_figures_next ON anniversary_figures (next_on, id) WHERE next_on IS NOT NULL;

CREATE TABLE paper (
	LIKE template.record INCLUDING ALL,
	number text,
	number_key text COLLATE "C",
	customer_id bigint NOT NULL REFERENCES customer,
	title text NOT NULL,
	kind text COLLATE "C" NOT NULL,
	contract_id bigint REFERENCES contract,
	copies bigint,
	dated_on date,
	place text NOT NULL,
	keep_until date,
	state text COLLATE "C" NOT NULL,
	borrower_id bigint REFERENCES users,
	lent_on date,
	due_on date,
	purpose text,
	reason text,
	remarks text,
	owner_id bigint REFERENCES users,
	department_id bigint REFERENCES department,
	branch_id bigint REFERENCES branch,
	pool_id bigint REFERENCES pool
) WITH (fillfactor = 90);
CREATE INDEX paper_owner ON paper (owner_id, number_key, id) WHERE deleted_at IS NULL;
CREATE INDEX paper_department ON paper (department_id, number_key, id) WHERE deleted_at IS NULL;
CREATE INDEX paper_branch ON paper (branch_id, number_key, id) WHERE deleted_at IS NULL;
CREATE INDEX paper_pool ON paper (pool_id, number_key, id) WHERE deleted_at IS NULL AND pool_id IS NOT NULL;
CREATE INDEX paper_number_key ON paper (number_key, id) WHERE deleted_at IS NULL;
CREATE INDEX paper_customer ON paper (customer_id, number_key, id);
CREATE TABLE paper_search (
	id bigint PRIMARY KEY,
	owner_id bigint,
	department_id bigint,
	branch_id bigint,
	pool_id bigint,
	tokens tsvector NOT NULL,
	doc text NOT NULL DEFAULT ''
);
CREATE INDEX paper_search_tokens ON paper_search
	USING gin (owner_id, department_id, branch_id, pool_id, tokens, (id >> 16));
CREATE INDEX paper_search_owner ON paper_search (owner_id, id);
CREATE INDEX paper_search_department ON paper_search (department_id, id);
CREATE INDEX paper_search_branch ON paper_search (branch_id, id);
CREATE INDEX paper_search_pool ON paper_search (pool_id, id) WHERE pool_id IS NOT NULL;
CREATE UNIQUE INDEX paper_number ON paper (number) WHERE deleted_at IS NULL;
CREATE INDEX paper_contract ON paper (contract_id, number_key, id) WHERE contract_id IS NOT NULL;
CREATE INDEX paper_lent ON paper (borrower_id, due_on, id) WHERE state = 'lent' AND deleted_at IS NULL;
CREATE INDEX paper_out ON paper (owner_id, due_on, id) WHERE state = 'lent' AND deleted_at IS NULL;

-- Each has one reminder of its own, which follows it.
ALTER TABLE reminder ADD COLUMN anniversary_id bigint REFERENCES anniversary,
	ADD COLUMN contact_id bigint REFERENCES contact, ADD COLUMN paper_id bigint REFERENCES paper;
CREATE UNIQUE INDEX reminder_of_anniversary ON reminder (anniversary_id) WHERE automatic AND anniversary_id IS NOT NULL;
CREATE UNIQUE INDEX reminder_of_contact ON reminder (contact_id) WHERE automatic AND contact_id IS NOT NULL;
CREATE UNIQUE INDEX reminder_of_paper ON reminder (paper_id) WHERE automatic AND paper_id IS NOT NULL;

-- ---- partners and competitors --------------------------------------------------------------------

CREATE TABLE partner (
	LIKE template.record INCLUDING ALL,
	name text NOT NULL,
	name_key text COLLATE "C" NOT NULL,
	kind text COLLATE "C" NOT NULL,
	customer_id bigint REFERENCES customer,
	region_id bigint REFERENCES region,
	contact text,
	phone text,
	phone_digits text COLLATE "C",
	mail text,
	site text,
	since_on date,
	until_on date,
	strengths text,
	remarks text
);
CREATE UNIQUE INDEX partner_name ON partner (name) WHERE deleted_at IS NULL;
ALTER TABLE opportunity ADD COLUMN partner_id bigint REFERENCES partner;
CREATE INDEX opportunity_partner ON opportunity (partner_id, id) WHERE partner_id IS NOT NULL;
CREATE INDEX opportunity_lost_to ON opportunity (lost_to_id, id) WHERE lost_to_id IS NOT NULL;

CREATE TABLE competitor_product (
	LIKE template.record INCLUDING ALL,
	competitor_id bigint NOT NULL REFERENCES competitor,
	position integer NOT NULL DEFAULT 0,
	name text NOT NULL,
	product_id bigint REFERENCES product,
	price bigint,
	price_currency text COLLATE "C",
	unit text,
	seen_on date,
	note text
);
CREATE INDEX competitor_product_parent ON competitor_product (competitor_id, position, id);

CREATE TABLE partner_product (
	LIKE template.record INCLUDING ALL,
	partner_id bigint NOT NULL REFERENCES partner,
	position integer NOT NULL DEFAULT 0,
	name text NOT NULL,
	product_id bigint REFERENCES product,
	price bigint,
	price_currency text COLLATE "C",
	unit text,
	seen_on date,
	note text
);
CREATE INDEX partner_product_parent ON partner_product (partner_id, position, id);
