-- report: zh="客户构成分析" en="Composition of customers"
-- parameter: by choice fields=customer.level,customer.type,customer.nature,customer.industry,customer.source,customer.stage,customer.credit,customer.owner_id,customer.department_id,customer.branch_id default=customer.level zh="分析维度" en="By" help_zh="空：按级别" help_en="Empty: by level"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: value by=by share=1 width=16
-- column: customers integer zh="客户数" en="Customers" sum
-- column: of_all integer hidden
-- column: customer_share percent=customers/of_all zh="占比 %" en="Share %" width=8
-- column: visited integer zh="90 天内已拜访" en="Visited in 90 days" sum field=customer.last_visit_at
-- column: visited_share percent=visited/customers zh="拜访率 %" en="Visited %" width=9
-- chart: pie label=value values=customers zh="客户数构成" en="Customers"
SELECT c.{.by} AS value, count(*) AS customers, (sum(count(*)) OVER ())::bigint AS of_all,
	count(*) FILTER (WHERE c.last_visit_at >= {now} - interval '90 days') AS visited
FROM {customer} c
WHERE true {when department} AND c.department_id = ANY ({<department}) {end}
GROUP BY 1
ORDER BY 2 DESC, 1
