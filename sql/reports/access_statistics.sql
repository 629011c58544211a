-- report: zh="数据访问统计" en="Statistics of access" main=reading
-- parameter: from date default=month zh="起始日期" en="From" help_zh="空：本月一日" help_en="Empty: the first of this month"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: person field=reading.owner_id share=1
-- column: days integer zh="天数" en="Days" sum width=6
-- column: rows field=reading.rows sum
-- column: listed field=reading.listed sum width=8
-- column: opened field=reading.opened sum width=8
-- column: searched field=reading.searched sum width=8
-- column: reported field=reading.reported sum width=8
-- column: exported field=reading.exported sum width=8
-- column: each average=rows/days zh="日均" en="A day" width=7
-- column: flagged integer zh="异常天数" en="Unusual days" sum needs=reading.flagged_at width=8
-- chart: bars label=person values=rows zh="查看的记录" en="Records read"
SELECT d.owner_id AS person, count(*) AS days, sum(d.rows)::bigint AS rows, sum(d.listed)::bigint AS listed,
	sum(d.opened)::bigint AS opened, sum(d.searched)::bigint AS searched, sum(d.reported)::bigint AS reported,
	sum(d.exported)::bigint AS exported, count(d.flagged_at) AS flagged
FROM {reading} d
WHERE d.day BETWEEN {=from} AND {=to}
	{when department} AND d.department_id = ANY ({<department}) {end}
GROUP BY 1 ORDER BY 3 DESC NULLS LAST, 1
