-- name: extent
-- The first and the last day on which a line is, as days since 1970.
SELECT toUInt32(min(day)) AS first, toUInt32(max(day)) AS last, toUInt64(sum(lines)) AS lines
FROM cost_daily;

-- name: tag_keys
-- The keys of the tags of what is in a range of days and a scope.
SELECT DISTINCT arrayJoin(mapKeys(pairs)) AS key
FROM cost_sets
WHERE kind = {kind:String} AND set IN (
  SELECT tag_set FROM cost_daily WHERE day >= {first:Date} AND day <= {last:Date} AND /*scope*/
)
ORDER BY key;

-- name: category_keys
-- The names of the cost categories of what is in a range of days and a scope.
SELECT DISTINCT arrayJoin(mapKeys(pairs)) AS key
FROM cost_sets
WHERE kind = {kind:String} AND set IN (
  SELECT category_set FROM cost_daily WHERE day >= {first:Date} AND day <= {last:Date} AND /*scope*/
)
ORDER BY key;

-- name: tags_last_used
-- The keys of tags on the bill in a scope, and the last day of each.
SELECT arrayJoin(mapKeys(sets.pairs)) AS key, max(days.last) AS last
FROM (SELECT tag_set, max(day) AS last FROM cost_daily WHERE /*scope*/ GROUP BY tag_set) AS days
INNER JOIN (SELECT set, any(pairs) AS pairs FROM cost_sets WHERE kind = 'tags' GROUP BY set) AS sets ON sets.set = days.tag_set
GROUP BY key
ORDER BY key;

-- name: power
-- Electricity by resource and currency: its cost, what of that was measured, and the kilowatt-hours drawn.
SELECT resource_id AS resource, toString(billing_currency) AS currency, toString(sum(effective_cost)) AS cost,
       toString(sumIf(effective_cost, endsWith(charge_description, {measured:String}))) AS measured,
       toString(sum(pricing_quantity)) AS kwh
FROM cost_lines
WHERE resource_id != '' AND service_name = {service:String} AND pricing_unit = 'kWh' AND /*where*/
GROUP BY resource, currency
ORDER BY resource, currency;

-- name: commitments
-- What lines say of each commitment: its name, its type in the provider's words, and every text that may tell its term.
SELECT toString(commitment_discount_id) AS id, toString(max(commitment_discount_name)) AS name,
       toString(maxIf(offering_type, offering_type != '')) AS type, max(properties['x_SkuTerm']) AS months,
       groupUniqArray(20)(concat(toString(usage_type), ' ', toString(charge_description), ' ', toString(commitment_discount_name))) AS texts
FROM cost_lines
WHERE commitment_discount_id != '' AND /*where*/
GROUP BY id
ORDER BY id;

-- name: hours_apart
-- What each hour of a day cost by resource and currency, of days whose lines are an hour long at most, where hours differ:
-- an hour without a line cost nothing. A day with lines of a single hour is told apart only where they are of no more than
-- an hour: some bills date the line of a whole day by its first hour.
SELECT resource, currency, on_day AS day, billed, amortised, net_amortised
FROM (
  SELECT resource_id AS resource, toString(billing_currency) AS currency, toUInt32(day) AS on_day,
         sumResample(0, 24, 1)(toFloat64(billed_cost), toUInt32(toHour(/*hour*/))) AS billed,
         sumResample(0, 24, 1)(toFloat64(effective_cost), toUInt32(toHour(/*hour*/))) AS amortised,
         sumResample(0, 24, 1)(toFloat64(net_effective_cost), toUInt32(toHour(/*hour*/))) AS net_amortised,
         max(toUnixTimestamp(charge_period_end) - toUnixTimestamp(charge_period_start)) AS longest,
         uniqExact(toHour(/*hour*/)) AS hours_told, max(greatest(consumed_quantity, pricing_quantity)) AS most
  FROM cost_lines
  WHERE resource_id != '' AND /*where*/
  GROUP BY resource, currency, on_day
)
WHERE longest <= 3600 AND (hours_told > 1 OR most <= 1)
  AND arrayExists(hours -> arrayMax(hours) - arrayMin(hours) > 1e-9, [billed, amortised, net_amortised])
ORDER BY resource, currency, day;

-- name: machine_time
-- How much time of a resource each day's lines count, of resources of some instance types or of some names; hour by hour
-- of a day whose lines are an hour long at most (as `hours_apart` tells). Kinds of use of one resource are rows of their own.
SELECT resource_id AS resource, any(resource_name) AS called, toString(sub_account_id) AS account,
       toString(region_id) AS region, toString(instance_type) AS type, toString(consumed_unit) AS unit, toUInt32(day) AS on_day,
       toFloat64(sum(consumed_quantity)) AS quantity,
       sumResample(0, 24, 1)(toFloat64(consumed_quantity), toUInt32(toHour(/*hour*/))) AS by_hour,
       max(toUnixTimestamp(charge_period_end) - toUnixTimestamp(charge_period_start)) <= 3600
         AND (uniqExact(toHour(/*hour*/)) > 1 OR max(greatest(consumed_quantity, pricing_quantity)) <= 1) AS apart
FROM cost_lines
WHERE resource_id != '' AND /*where*/
GROUP BY resource, account, region, type, unit, usage_type, on_day
ORDER BY resource, on_day, unit, quantity;

-- name: moving
-- The days of the groups of one currency whose days differ enough to matter, the dearest day first, as arrays.
-- Groups that cost too little in all are left out before their days are added up.
SELECT /*keys*/, sumResample(0, /*days*/, 1)(toFloat64(/*amount*/), toUInt32(day - {first:Date})) AS amounts
FROM /*table*/
WHERE /*where*/ AND (/*names*/) IN (
  SELECT /*groups*/ FROM /*table*/ WHERE /*where*/ GROUP BY /*groups*/ HAVING sum(toFloat64(/*amount*/)) >= {least:Float64}
)
GROUP BY /*names*/
HAVING arrayMax(amounts) - arrayMin(amounts) >= {swing:Float64}
ORDER BY arrayMax(amounts) DESC
LIMIT {most:UInt32};
