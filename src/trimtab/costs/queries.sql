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
