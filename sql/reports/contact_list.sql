-- report: zh="联系人名册" en="List of contacts"
-- parameter: person reference ref=user zh="人员" en="Person" help_zh="空：全部" help_en="Empty: everybody"
-- parameter: department reference ref=department zh="部门" en="Department" help_zh="含下级部门；空：全部" help_en="With those below it; empty: all"
-- table: totals
-- column: customer_id field=contact.customer_id integer
-- column: customer field=customer.name
-- column: name field=contact.name width=12 count
-- column: title field=contact.title share=1
-- column: role field=contact.role width=10
-- column: mobile field=contact.mobile width=14
-- column: mail field=contact.mail width=22 share=1
-- group: customer_id label=customer
SELECT p.customer_id, c.name AS customer, p.name, p.title, p.role, p.mobile, p.mail
FROM {contact} p JOIN {customer} c ON c.id = p.customer_id
WHERE true
	{when person} AND p.owner_id = {=person} {end}
	{when department} AND p.department_id = ANY ({<department}) {end}
ORDER BY c.name_key, p.customer_id, p.name_key, p.id
