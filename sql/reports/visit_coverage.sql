-- report: zh="分级拜访覆盖率" en="Coverage of customers by level"
-- parameter: from date default=month zh="起始日期" en="From" help_zh="空：本月一日" help_en="Empty: the first of this month"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: level field=customer.level share=1
-- column: customers integer zh="客户数" en="Customers" sum
-- column: covered integer zh="已拜访" en="Visited" sum
-- column: rate percent=covered/customers zh="覆盖率 %" en="Coverage %" width=10
-- column: visits integer zh="拜访次数" en="Visits" sum
-- column: each average=visits/covered decimals=1 zh="平均次数" en="Visits each" width=11
-- chart: bars label=level values=customers,covered zh="客户数与已拜访" en="Customers and visited ones"
SELECT c.level, count(*) AS customers, count(s.visits) AS covered, coalesce(sum(s.visits), 0)::bigint AS visits
FROM {customer} c
LEFT JOIN (SELECT v.customer_id, count(*) AS visits FROM {visit} v
	WHERE v.state IN ('started', 'completed') AND v.kind <> 'task' AND v.at >= {^from} AND v.at < {$to}
	GROUP BY v.customer_id) s ON s.customer_id = c.id
WHERE c.stage <> 'lost'
	{when person} AND c.owner_id = {=person} {end}
	{when department} AND c.department_id = ANY ({<department}) {end}
GROUP BY 1 ORDER BY 1 NULLS LAST
