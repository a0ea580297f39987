-- name: top
-- The contributors of a range by what they add up to, or by their largest single value; series have a number for each
-- part of the range in which they did.
SELECT keys, sum(value) AS total, max(value) AS most, sumMap([part], [value]) AS sums, maxMap([part], [value]) AS mosts
FROM (/*matched*/)
GROUP BY keys
ORDER BY /*rank*/ DESC, keys
LIMIT {most:UInt32};

-- name: points
-- By part of the range: how many contributors, what the first of them has, and what single events have.
SELECT part, count() AS contributors, max(sum_) AS most_of_one, sum(events) AS samples, sum(sum_) AS total,
       min(least_) AS least, max(most_) AS most
FROM (
    SELECT part, keys, count() AS events, sum(value) AS sum_, min(value) AS least_, max(value) AS most_
    FROM (/*matched*/)
    GROUP BY part, keys
)
GROUP BY part
ORDER BY part;

-- name: whole
-- Of the whole range: how many contributors, and what they add up to.
SELECT uniqExact(keys) AS contributors, sum(value) AS total
FROM (/*matched*/);

-- name: matched
-- The events that a rule counts: the part of the range, the contributor, the value; `/*and*/` is window and filters.
SELECT part, arrayMap(k -> assumeNotNull(k), found) AS keys, assumeNotNull(counted) AS value
FROM (
    SELECT toUInt32(intDiv(toUnixTimestamp64Milli(time) - {from:Int64}, {step:Int64})) AS part, /*keys*/ AS found,
           /*value*/ AS counted
    FROM log_events
    WHERE /*and*/
)
WHERE NOT arrayExists(k -> k IS NULL, found) AND counted IS NOT NULL;
