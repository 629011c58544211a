-- report: zh="客户卡片" en="Customer card" of=customer
-- parameter: customer reference ref=customer required zh="客户" en="Customer"
-- table: card
-- column: number field=customer.number
-- column: name field=customer.name
-- column: type field=customer.type
-- column: level field=customer.level
-- column: stage field=customer.stage
-- column: industry field=customer.industry
-- column: source field=customer.source
-- column: region field=customer.region_id
-- column: phone field=customer.phone
-- column: mail field=customer.mail
-- column: address field=customer.address wrap
-- column: tax_number field=customer.tax_number
-- column: bank field=customer.bank
-- column: bank_account field=customer.bank_account
-- column: owner field=customer.owner_id
-- column: department field=customer.department_id
-- column: visited field=customer.last_visit_at
-- column: owed field=customer.owed
-- column: remarks field=customer.remarks wrap
SELECT c.number, c.name, c.type, c.level, c.stage, c.industry, c.source, c.region_id AS region, c.phone,
	c.mail, c.address, c.tax_number, c.bank, c.bank_account, c.owner_id AS owner,
	c.department_id AS department, c.last_visit_at AS visited, c.owed, c.remarks
FROM {customer} c WHERE c.id = {=customer}
-- table: zh="联系人" en="Contacts"
-- column: name field=contact.name width=12 share=1
-- column: title field=contact.title width=12 share=1
-- column: role field=contact.role width=10
-- column: mobile field=contact.mobile width=14
-- column: mail field=contact.mail width=20 share=1
SELECT p.name, p.title, p.role, p.mobile, p.mail
FROM {contact} p WHERE p.customer_id = {=customer} ORDER BY p.name_key, p.id
-- table: zh="最近拜访" en="Latest visits"
-- column: day field=visit.at date width=10
-- column: kind field=visit.kind width=8
-- column: person field=visit.owner_id width=10
-- column: purpose field=visit.purpose share=2
-- column: outcome field=visit.outcome width=10
SELECT {local v.at}::date AS day, v.kind, v.owner_id AS person, v.purpose, v.outcome
FROM {visit} v WHERE v.customer_id = {=customer} AND v.state IN ('started', 'completed')
ORDER BY v.at DESC, v.id DESC LIMIT 10
-- table: zh="最近订单" en="Latest orders" totals
-- column: number field=order.number width=14
-- column: day field=order.ordered_on
-- column: state field=order.state width=10
-- column: total field=order.total_base sum
SELECT o.number, o.ordered_on AS day, o.state, o.total_base AS total
FROM {order} o WHERE o.customer_id = {=customer} AND o.state IN ('confirmed', 'part_delivered', 'delivered', 'closed')
ORDER BY o.ordered_on DESC, o.id DESC LIMIT 10
