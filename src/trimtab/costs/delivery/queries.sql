-- name: export_days
-- How many lines of a billing month each day has, in a scope.
SELECT day, toUInt64(sum(lines)) AS lines
FROM cost_daily
WHERE month = {month:UInt32} AND /*scope*/
GROUP BY day
ORDER BY day;

-- name: export_keys
-- The keys of tags and cost categories that lines of a billing month carry.
SELECT DISTINCT kind, arrayJoin(mapKeys(pairs)) AS key
FROM cost_sets
WHERE month = {month:UInt32}
ORDER BY kind, key;
