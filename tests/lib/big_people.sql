-- Readers for the benchmarks, among the people of a demo company: see tests/lib/big.h. Run once,
-- by a superuser, after the load.
CREATE SCHEMA bench; -- not among the tables of migrations
CREATE TABLE bench.reader (kind text, nth integer, user_id bigint NOT NULL, PRIMARY KEY (kind, nth));

INSERT INTO bench.reader
	SELECT 'branch', row_number() OVER (ORDER BY n DESC, id) - 1, id FROM (
		SELECT u.id, (SELECT count(*) FROM customer c WHERE c.branch_id = u.branch_id) AS n
		FROM users u JOIN user_role l ON l.user_id = u.id JOIN role r ON r.id = l.role_id
		JOIN branch b ON b.id = u.branch_id
		WHERE r.name = 'service_dispatcher' AND b.parent_id IS NOT NULL ORDER BY n DESC, u.id LIMIT 8) d;

INSERT INTO bench.reader
	SELECT 'all', row_number() OVER (ORDER BY u.id) - 1, u.id
	FROM users u JOIN user_role l ON l.user_id = u.id JOIN role r ON r.id = l.role_id
	WHERE r.name = 'executive';

INSERT INTO bench.reader
	SELECT CASE nth WHEN 1 THEN 'some' WHEN 2 THEN 'widest' ELSE 'own' END, greatest(nth - 3, 0), id
	FROM (SELECT u.id, row_number() OVER (ORDER BY u.id) AS nth FROM users u
		JOIN user_role l ON l.user_id = u.id JOIN role r ON r.id = l.role_id
		WHERE r.name = 'account_manager' AND u.name <> 'wangxm' ORDER BY u.id LIMIT 10) m;

-- Twenty departments with customers in one tree: top > 18 others > (one of them) > the last.
CREATE TEMP TABLE tree AS
	SELECT id, row_number() OVER (ORDER BY n DESC, id) AS nth FROM (
		SELECT department_id AS id, count(*) AS n FROM customer WHERE department_id IS NOT NULL
		GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20) d;
UPDATE department SET parent_id = NULL
	WHERE id IN (SELECT id FROM tree) OR parent_id IN (SELECT id FROM tree);
UPDATE department SET parent_id = (SELECT id FROM tree WHERE nth = CASE (SELECT nth FROM tree t
		WHERE t.id = department.id) WHEN 3 THEN 2 ELSE 1 END)
	WHERE id IN (SELECT id FROM tree WHERE nth > 1);
UPDATE users SET department_id = (SELECT id FROM tree WHERE nth = 2)
	WHERE id = (SELECT user_id FROM bench.reader WHERE kind = 'some');
UPDATE users SET department_id = (SELECT id FROM tree WHERE nth = 1)
	WHERE id = (SELECT user_id FROM bench.reader WHERE kind = 'widest');
INSERT INTO user_role (user_id, role_id)
	SELECT b.user_id, r.id FROM bench.reader b, role r
	WHERE b.kind IN ('some', 'widest') AND r.name = 'sales_supervisor';

-- Pools of their own choice, not by department.
UPDATE pool_member SET deleted_at = now() WHERE member_department_id IN (SELECT id FROM tree);
INSERT INTO pool_member (pool_id, user_id)
	SELECT p.id, b.user_id FROM bench.reader b
	JOIN (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM pool) p
		ON p.nth <= CASE b.kind WHEN 'some' THEN 1 ELSE 2 END
	WHERE b.kind IN ('some', 'widest');

DELETE FROM record_share
	WHERE user_id IN (SELECT user_id FROM bench.reader WHERE kind IN ('some', 'widest'));
INSERT INTO record_share (user_id, entity, record_id, rights)
	SELECT b.user_id, 10, c.id, 1 FROM bench.reader b, LATERAL (
		SELECT id FROM customer WHERE deleted_at IS NULL
		ORDER BY hashint8(id + b.user_id), id LIMIT CASE b.kind WHEN 'some' THEN 50 ELSE 1000 END) c
	WHERE b.kind IN ('some', 'widest');

-- Nothing is masked to the readers of a branch: they look for what others only find whole.
DELETE FROM role_field WHERE role_id = (SELECT id FROM role WHERE name = 'service_dispatcher');

VACUUM (ANALYZE);
