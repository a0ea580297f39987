-- name: staged_totals
-- Sums of the staged lines by currency, charge category and line item type; `beyond` in 1e-30.
SELECT toString(billing_currency) AS currency, toString(charge_category) AS charge_category,
       toString(line_item_type) AS line_item_type, count() AS lines,
       toString(sum(toDecimal256(billed_cost, 12))) AS billed, toString(sum(toInt256(beyond))) AS beyond,
       toString(sum(toDecimal256(effective_cost, 12))) AS effective,
       toString(sum(toDecimal256(/*staging*/.list_cost, 12))) AS list_cost
FROM /*staging*/
WHERE month != 0
GROUP BY billing_currency, charge_category, line_item_type
ORDER BY currency, charge_category, line_item_type;

-- name: staged_aside
-- Rows that were not taken, by reason, with the amounts of one of them as they were written.
SELECT properties['aside'] AS reason, count() AS lines, any(properties['values']) AS example
FROM /*staging*/
WHERE month = 0
GROUP BY reason
ORDER BY lines DESC, reason;

-- name: staged_unread
-- How many lines have tags of no known form, and those of one of them.
SELECT count() AS lines, any(properties['unread_tags']) AS example
FROM /*staging*/
WHERE month != 0 AND mapContains(properties, 'unread_tags');

-- name: staged_months
-- What is staged of each billing month: lines, accounts, and billed cost by currency.
SELECT month, toString(billing_currency) AS currency, count() AS lines,
       toString(sum(toDecimal256(billed_cost, 12))) AS billed,
       groupUniqArray(concat(toString(provider_name), '/', toString(billing_account_id))) AS accounts
FROM /*staging*/
WHERE month != 0
GROUP BY month, billing_currency
ORDER BY month, currency;

-- name: staged_long
-- The units of the usage of several days, with how many lines have each.
SELECT toString(consumed_unit) AS unit, count() AS lines FROM /*staging*/ WHERE /*where*/ GROUP BY unit;

-- name: staged_rows
-- Rows that are staged so far.
SELECT toUInt64(sum(rows)) AS staged
FROM system.parts
WHERE database = currentDatabase() AND table = {table:String} AND active;

-- name: staging_tables
-- How many of an import's staging tables exist.
SELECT count() AS tables
FROM system.tables
WHERE database = currentDatabase() AND name IN {tables:Array(String)};

-- name: staging_orphans
-- Every staging table that exists, of whatever import.
SELECT name
FROM system.tables
WHERE database = currentDatabase() AND match(name, '^cost_[a-z]+_in_[0-9]+$')
ORDER BY name;
