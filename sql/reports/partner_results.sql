-- report: zh="合作伙伴业绩" en="Deals done with partners" main=opportunity
-- parameter: from date default=year zh="起始日期" en="From" help_zh="按关闭日期；空：本年一月一日" help_en="Closed since; empty: the first of January"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- table: totals
-- column: partner field=partner.name share=2
-- column: kind field=partner.kind width=10
-- column: deals integer zh="商机" en="Deals" sum width=6
-- column: won integer zh="赢单" en="Won" sum width=6
-- column: lost integer zh="输单" en="Lost" sum width=6
-- column: decided integer hidden sum
-- column: rate percent=won/decided zh="胜率 %" en="Won %" width=8
-- column: amount money zh="赢单金额" en="Amount won" needs=opportunity.amount sum
SELECT p.name AS partner, p.kind, count(*) AS deals, count(*) FILTER (WHERE o.state = 'won') AS won,
	count(*) FILTER (WHERE o.state = 'lost') AS lost, count(*) FILTER (WHERE o.state IN ('won', 'lost')) AS decided,
	(sum(o.amount) FILTER (WHERE o.state = 'won' AND coalesce(o.amount_currency, 'CNY') = 'CNY'))::bigint AS amount
FROM {opportunity} o JOIN {partner} p ON p.id = o.partner_id
WHERE coalesce(o.closed_on, {=to}) BETWEEN {=from} AND {=to}
GROUP BY p.id, p.name, p.name_key, p.kind ORDER BY deals DESC, p.name_key, p.id
