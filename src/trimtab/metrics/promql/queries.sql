-- name: points
-- Samples of series after a time up to another, by series and time, each (series, time) once. PREWHERE: rows that are
-- not asked for need not be merged first; what replaces each other has one key.
SELECT series, toUnixTimestamp64Milli(time) AS at, value
FROM metric_samples FINAL
PREWHERE series IN {ids:Array(UInt64)}
  AND time > fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')
ORDER BY series, time;

-- name: newest
-- The newest sample of each series up to each step of a grid and after the step before: all that an instant sees.
SELECT series, toUnixTimestamp64Milli(max(time)) AS at, argMax(metric_samples.value, time) AS value
FROM metric_samples FINAL
PREWHERE series IN {ids:Array(UInt64)}
  AND time > fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')
GROUP BY series, intDiv(toUnixTimestamp64Milli(time) - {origin:Int64} - 1, {step:Int64}) AS bucket
ORDER BY series, bucket;

-- name: events
-- Sum and count of raw values and statistic sets of series at each time.
SELECT series, at, sum(total) AS total, sum(seen) AS seen
FROM (
  SELECT series, toUnixTimestamp64Milli(time) AS at, value * count AS total, count AS seen
  FROM metric_values
  WHERE series IN {ids:Array(UInt64)} AND count > 0
    AND time > fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  UNION ALL
  SELECT series, toUnixTimestamp64Milli(time) AS at, metric_sets.sum AS total, count AS seen
  FROM metric_sets
  WHERE series IN {ids:Array(UInt64)} AND count > 0
    AND time > fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')
)
GROUP BY series, at
ORDER BY series, at;

-- name: histograms
-- Histograms of series as they came, by series and time, each (series, time) once.
SELECT series, toUnixTimestamp64Milli(time) AS at, toUnixTimestamp64Milli(start) AS start_at, cumulative,
       count, sum, bounds, counts, exponential, scale, zero_count, zero_threshold,
       positive_offset, positive, negative_offset, negative
FROM metric_histograms FINAL
WHERE series IN {ids:Array(UInt64)}
  AND time > fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time <= fromUnixTimestamp64Milli({end:Int64}, 'UTC')
ORDER BY series, time;
