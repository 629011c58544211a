-- report: zh="客户一览表" en="List of customers"
-- parameter: level choice list=customer_level zh="级别" en="Level"
-- parameter: stage choice list=customer_stage zh="阶段" en="Stage"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: department field=customer.department_id
-- column: owner field=customer.owner_id
-- column: number field=customer.number width=10
-- column: name field=customer.name share=3 width=20 count
-- column: level field=customer.level width=10
-- column: stage field=customer.stage width=8
-- column: region field=customer.region_id width=10
-- column: phone field=customer.phone width=14
-- column: visited field=customer.last_visit_at date width=10
-- group: department
-- group: owner subtotal
SELECT c.department_id AS department, c.owner_id AS owner, c.number, c.name, c.level, c.stage,
	c.region_id AS region, c.phone, {local c.last_visit_at}::date AS visited
FROM {customer} c LEFT JOIN {user} u ON u.id = c.owner_id
WHERE true
	{when level} AND c.level = {=level} {end}
	{when stage} AND c.stage = {=stage} {end}
	{when person} AND c.owner_id = {=person} {end}
	{when department} AND c.department_id = ANY ({<department}) {end}
ORDER BY c.department_id, u.label_key, c.owner_id, c.name_key, c.id
