-- report: zh="日周月年统计" en="Statistics by day, week, month, year" main=customer
-- parameter: every choice list=report_step default=month zh="周期" en="Every" help_zh="空：月" help_en="Empty: month"
-- parameter: from date default=year_ago zh="起始日期" en="From" help_zh="空：一年前的当月一日" help_en="Empty: the first of this month a year ago"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: period text zh="期间" en="Period" width=10
-- column: added integer zh="新增客户" en="New customers" sum
-- column: visits integer zh="拜访" en="Visits" sum
-- column: minutes integer zh="时长（分）" en="Minutes" needs=visit.minutes sum
-- column: orders integer zh="订单" en="Orders" sum
-- column: amount money zh="订单金额" en="Ordered" needs=order.total_base,order.dropped sum
-- column: received money zh="回款" en="Received" needs=receipt.amount_base sum
-- chart: line label=period values=visits zh="拜访" en="Visits"
-- chart: bars label=period values=amount zh="订单金额" en="Ordered"
-- note: zh="金额为人民币。" en="Amounts in CNY."
WITH work AS (SELECT {local c.created_at} AS at, 1 AS added, 0 AS visits, 0::bigint AS minutes, 0 AS orders, 0::bigint AS amount,
		0::bigint AS received
	FROM {customer} c WHERE c.created_at >= {^from} AND c.created_at < {$to}
		{when person} AND c.owner_id = {=person} {end}
		{when department} AND c.department_id = ANY ({<department}) {end}
	UNION ALL SELECT {local v.at}, 0, 1, v.minutes, 0, 0, 0 FROM {visit} v
	WHERE v.state IN ('started', 'completed') AND v.kind <> 'task' AND v.at >= {^from} AND v.at < {$to}
		{when person} AND v.owner_id = {=person} {end}
		{when department} AND v.department_id = ANY ({<department}) {end}
	UNION ALL SELECT o.ordered_on::timestamp, 0, 0, 0, 1, o.total_base - coalesce(o.dropped, 0), 0 FROM {order} o
	WHERE o.state IN ('confirmed', 'part_delivered', 'delivered', 'closed') AND o.ordered_on BETWEEN {=from} AND {=to}
		{when person} AND o.owner_id = {=person} {end}
		{when department} AND o.department_id = ANY ({<department}) {end}
	UNION ALL SELECT r.received_on::timestamp, 0, 0, 0, 0, 0, r.amount_base FROM {receipt} r
	WHERE r.state = 'booked' AND r.received_on BETWEEN {=from} AND {=to}
		{when person} AND r.owner_id = {=person} {end}
		{when department} AND r.department_id = ANY ({<department}) {end}
),
s AS (SELECT date_trunc({=every}, w.at) AS at, sum(w.added)::bigint AS added, sum(w.visits)::bigint AS visits,
		sum(w.minutes)::bigint AS minutes, sum(w.orders)::bigint AS orders, sum(w.amount)::bigint AS amount,
		sum(w.received)::bigint AS received
	FROM work w GROUP BY 1)
SELECT to_char(s.at, CASE {=every} WHEN 'year' THEN 'YYYY' WHEN 'month' THEN 'YYYY-MM' WHEN 'week' THEN 'IYYY-"W"IW'
		ELSE 'YYYY-MM-DD' END) AS period,
	s.added, s.visits, s.minutes, s.orders, s.amount, s.received
FROM s ORDER BY s.at
