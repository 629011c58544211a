-- report: zh="新增与流失客户" en="New and lost customers" main=customer
-- parameter: from date default=year_ago zh="起始日期" en="From" help_zh="空：一年前的当月一日" help_en="Empty: the first of this month a year ago"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: days integer default=180 zh="流失天数" en="Lost after days" help_zh="最后一次订单后超过此天数未再订货即为流失" help_en="Without an order for so many days since the last one"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: month text zh="月份" en="Month" width=8
-- column: added integer zh="新增客户" en="New" sum
-- column: first_bought integer zh="首次订货" en="First order" sum
-- column: lost integer zh="流失" en="Lost" sum
-- chart: line label=month values=added,lost zh="新增与流失" en="New and lost"
-- note: zh="流失：最后一次订单后超过设定天数没有新订单，计在期满的月份。" en="Lost: no further order within the days after the last one, counted in the month in which they ran out."
WITH bought AS (SELECT o.customer_id, min(o.ordered_on) AS first, max(o.ordered_on) AS last
	FROM {order} o JOIN {customer} c ON c.id = o.customer_id
	WHERE o.state IN ('confirmed', 'part_delivered', 'delivered', 'closed')
		{when person} AND c.owner_id = {=person} {end}
		{when department} AND c.department_id = ANY ({<department}) {end}
	GROUP BY o.customer_id),
events AS (SELECT {local c.created_at}::date AS day, 1 AS added, 0 AS bought, 0 AS lost FROM {customer} c
		WHERE true
		{when person} AND c.owner_id = {=person} {end}
		{when department} AND c.department_id = ANY ({<department}) {end}
	UNION ALL SELECT b.first, 0, 1, 0 FROM bought b
	UNION ALL SELECT b.last + {=days}::integer, 0, 0, 1 FROM bought b WHERE b.last + {=days}::integer < {today})
SELECT to_char(e.day, 'YYYY-MM') AS month, sum(e.added)::bigint AS added, sum(e.bought)::bigint AS first_bought,
	sum(e.lost)::bigint AS lost
FROM events e WHERE e.day BETWEEN {=from} AND {=to}
GROUP BY 1 ORDER BY 1
