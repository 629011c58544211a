-- report: zh="竞争对手胜负" en="Wins and losses against competitors" main=opportunity
-- parameter: from date default=year zh="起始日期" en="From" help_zh="按关闭日期；空：本年一月一日" help_en="Closed since; empty: the first of January"
-- parameter: to date default=today not_before=from zh="截止日期" en="To" help_zh="空：今天" help_en="Empty: today"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- table: totals
-- column: competitor field=competitor.name share=2
-- column: met integer zh="遇到" en="Met" sum width=6
-- column: won integer zh="赢单" en="Won" sum width=6
-- column: lost integer zh="输给它" en="Lost to it" sum width=8
-- column: decided integer hidden sum
-- column: rate percent=won/decided zh="胜率 %" en="Won %" width=8
-- column: amount money zh="输掉金额" en="Amount lost" needs=opportunity.amount sum
-- chart: bars label=competitor values=lost zh="输给谁最多" en="Whom most was lost to"
WITH deal AS (SELECT o.id, o.state, o.lost_to_id, o.amount, o.amount_currency FROM {opportunity} o
	WHERE coalesce(o.closed_on, {=to}) BETWEEN {=from} AND {=to}
		{when person} AND o.owner_id = {=person} {end}),
met AS (SELECT d.id, l.competitor_id, d.state, d.lost_to_id, d.amount, d.amount_currency FROM deal d
		JOIN {opportunity_competitor} l ON l.opportunity_id = d.id
	UNION SELECT d.id, d.lost_to_id, d.state, d.lost_to_id, d.amount, d.amount_currency FROM deal d
	WHERE d.lost_to_id IS NOT NULL)
SELECT c.name AS competitor, count(*) AS met, count(*) FILTER (WHERE m.state = 'won') AS won,
	count(*) FILTER (WHERE m.lost_to_id = m.competitor_id) AS lost,
	count(*) FILTER (WHERE m.state = 'won' OR m.lost_to_id = m.competitor_id) AS decided,
	(sum(m.amount) FILTER (WHERE m.lost_to_id = m.competitor_id AND coalesce(m.amount_currency, 'CNY') = 'CNY'))::bigint AS amount
FROM met m JOIN {competitor} c ON c.id = m.competitor_id
GROUP BY c.id, c.name, c.name_key ORDER BY met DESC, c.name_key, c.id
