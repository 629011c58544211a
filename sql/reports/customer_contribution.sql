-- report: zh="客户贡献与二八分析" en="Contribution of customers and 80/20" main=order
-- parameter: from date default=year zh="起始日期" en="From" help_zh="空：本年一月一日" help_en="Empty: the first of January"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- word: A zh="A（前 80 %）" en="A (first 80 %)"
-- word: B zh="B（80–95 %）" en="B (80-95 %)"
-- word: C zh="C（其余）" en="C (the rest)"
-- table: totals zh="按客户" en="By customer"
-- column: class word zh="类别" en="Class" needs=order.total_base
-- column: place integer zh="名次" en="Place" width=5
-- column: customer field=customer.name named share=2
-- column: orders integer zh="订单" en="Orders" sum width=6
-- column: amount money zh="金额（CNY）" en="Amount (CNY)" needs=order.total_base,order.dropped sum
-- column: whole money hidden needs=order.total_base,order.dropped
-- column: part percent=amount/whole zh="占比 %" en="Share %" width=7
-- column: so_far money hidden needs=order.total_base,order.dropped
-- column: running percent=so_far/whole zh="累计 %" en="So far %" width=8
-- group: class subtotal
-- chart: pareto label=customer values=amount zh="客户贡献曲线" en="Contribution curve"
WITH s AS (SELECT o.customer_id, count(*) AS orders, sum(o.total_base - coalesce(o.dropped, 0))::bigint AS amount
	FROM {order} o
	WHERE o.state IN ('confirmed', 'part_delivered', 'delivered', 'closed') AND o.ordered_on BETWEEN {=from} AND {=to}
		{when person} AND o.owner_id = {=person} {end}
		{when department} AND o.department_id = ANY ({<department}) {end}
	GROUP BY o.customer_id),
r AS (SELECT s.*, row_number() OVER (ORDER BY s.amount DESC, s.customer_id) AS place,
		(sum(s.amount) OVER ())::bigint AS whole,
		(sum(s.amount) OVER (ORDER BY s.amount DESC, s.customer_id))::bigint AS so_far FROM s)
SELECT CASE WHEN r.so_far - r.amount < r.whole * 0.8 THEN 'A' WHEN r.so_far - r.amount < r.whole * 0.95 THEN 'B'
		ELSE 'C' END AS class,
	r.place, coalesce(c.short_name, c.name) AS customer, r.orders, r.amount, r.whole, r.so_far
FROM r LEFT JOIN {customer} c ON c.id = r.customer_id
ORDER BY r.place
