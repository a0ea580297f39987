-- name: tag_keys
-- What of a billing month carries each tag key, as the bill writes it: cost, lines and how many values, by currency.
SELECT key, currency, toString(sum(toDecimal256(billed, 12))) AS cost, toUInt64(sum(count)) AS line_count,
  uniqExact(value) AS value_count
FROM (
  SELECT tag_set, toString(billing_currency) AS currency, sum(toDecimal256(billed_cost, 12)) AS billed,
    sum(lines) AS count
  FROM cost_daily WHERE month = {month:UInt32} GROUP BY tag_set, currency
) AS sums
INNER JOIN (
  SELECT set, arrayJoin(any(pairs)) AS pair, toString(pair.1) AS key, toString(pair.2) AS value
  FROM cost_sets WHERE kind = 'tags' AND month = {month:UInt32} GROUP BY set
) AS sets ON sets.set = sums.tag_set
WHERE value != ''
GROUP BY key, currency
ORDER BY key, currency;

-- name: month_totals
-- What a billing month was billed, by currency.
SELECT toString(billing_currency) AS currency, toString(sum(toDecimal256(billed_cost, 12))) AS cost
FROM cost_daily WHERE month = {month:UInt32} GROUP BY currency ORDER BY currency;
