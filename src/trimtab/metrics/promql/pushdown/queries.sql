-- name: grids
-- What a function makes of the samples of each series at every step; a row for each series that has any. Conditions on
-- the key may come before FINAL (samples that replace each other have one key), those on values may not.
WITH reinterpret(base64Decode({ids:String}), 'Array(UInt64)') AS ids
SELECT series, grid, seen, doubt
FROM (
  SELECT series, /*grid*/ AS grid, count() AS seen, /*doubt*/ AS doubt
  FROM metric_samples FINAL
  PREWHERE series IN (SELECT arrayJoin(ids))
    AND time > fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    /*where*/
  GROUP BY series
)
WHERE arrayExists(x -> x IS NOT NULL, grid)
ORDER BY series
SETTINGS enable_time_series_aggregate_functions = 1, do_not_merge_across_partitions_select_final = 1;

-- name: groups
-- The same, aggregated by group; `place` is that of the group's first series in the order of labels.
WITH reinterpret(base64Decode({ids:String}), 'Array(UInt64)') AS ids,
  reinterpret(base64Decode({groups:String}), 'Array(UInt32)') AS groups,
  reinterpret(base64Decode({places:String}), 'Array(UInt32)') AS places
SELECT transform(series, ids, groups, toUInt32(0)) AS number, min(transform(series, ids, places, toUInt32(0))) AS place,
  sum(seen) AS seen, sum(doubt) AS doubt, /*columns*/
FROM (
  SELECT series, /*grid*/ AS grid, count() AS seen, /*doubt*/ AS doubt
  FROM metric_samples FINAL
  PREWHERE series IN (SELECT arrayJoin(ids))
    AND time > fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    /*where*/
  GROUP BY series
)
WHERE arrayExists(x -> x IS NOT NULL, grid)
GROUP BY number
ORDER BY number
SETTINGS enable_time_series_aggregate_functions = 1, do_not_merge_across_partitions_select_final = 1;
