-- report: zh="人员业绩排行" en="Ranking of staff" main=customer
-- parameter: from date default=month zh="起始日期" en="From" help_zh="空：本月一日" help_en="Empty: the first of this month"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: place integer zh="名次" en="Place" width=5
-- column: person field=customer.owner_id share=1
-- column: added integer zh="新增客户" en="New customers" sum
-- column: visits integer zh="拜访" en="Visits" sum
-- column: orders integer zh="订单" en="Orders" sum
-- column: amount money zh="订单金额" en="Ordered" needs=order.total_base,order.dropped sum
-- column: received money zh="回款" en="Received" needs=receipt.amount_base sum
-- chart: bars label=person values=amount zh="订单金额" en="Ordered"
-- note: zh="金额为人民币；只计读者能看到的记录。" en="Amounts in CNY; of the records that the reader sees."
WITH work AS (SELECT c.owner_id, c.department_id, 1 AS added, 0 AS visits, 0 AS orders, 0::bigint AS amount, 0::bigint AS received
	FROM {customer} c WHERE c.created_at >= {^from} AND c.created_at < {$to}
	UNION ALL SELECT v.owner_id, v.department_id, 0, 1, 0, 0, 0 FROM {visit} v
	WHERE v.state IN ('started', 'completed') AND v.kind <> 'task' AND v.at >= {^from} AND v.at < {$to}
	UNION ALL SELECT o.owner_id, o.department_id, 0, 0, 1, o.total_base - coalesce(o.dropped, 0), 0 FROM {order} o
	WHERE o.state IN ('confirmed', 'part_delivered', 'delivered', 'closed') AND o.ordered_on BETWEEN {=from} AND {=to}
	UNION ALL SELECT r.owner_id, r.department_id, 0, 0, 0, 0, r.amount_base FROM {receipt} r
	WHERE r.state = 'booked' AND r.received_on BETWEEN {=from} AND {=to}),
s AS (SELECT w.owner_id, sum(w.added)::bigint AS added, sum(w.visits)::bigint AS visits, sum(w.orders)::bigint AS orders,
		sum(w.amount)::bigint AS amount, sum(w.received)::bigint AS received
	FROM work w WHERE w.owner_id IS NOT NULL
		{when department} AND w.department_id = ANY ({<department}) {end}
	GROUP BY w.owner_id)
SELECT rank() OVER (ORDER BY s.amount DESC NULLS LAST, s.visits DESC) AS place, s.owner_id AS person, s.added, s.visits, s.orders,
	s.amount, s.received
FROM s JOIN {user} u ON u.id = s.owner_id ORDER BY 1, u.label_key, s.owner_id
