-- report: zh="拜访月度统计" en="Visits by month"
-- parameter: by choice fields=visit.owner_id,visit.kind,visit.outcome,visit.department_id,visit.branch_id default=visit.owner_id zh="统计维度" en="By" help_zh="空：按拜访人" help_en="Empty: by visitor"
-- parameter: from date default=year_ago zh="起始日期" en="From" help_zh="空：一年前的当月一日" help_en="Empty: the first of this month a year ago"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: value by=by width=12 share=1
-- column: month text zh="月份" en="Month"
-- column: visits integer zh="次数" en="Visits" sum
-- pivot: month values=visits
-- chart: heat label=value across=month values=visits zh="拜访次数分布" en="Visits"
SELECT v.{.by} AS value, to_char({local v.at}, 'YYYY-MM') AS month, count(*) AS visits
FROM {visit} v
WHERE v.state IN ('started', 'completed') AND v.kind <> 'task' AND v.at >= {^from} AND v.at < {$to}
	{when person} AND v.owner_id = {=person} {end}
	{when department} AND v.department_id = ANY ({<department}) {end}
GROUP BY 1, 2 ORDER BY 1, 2
