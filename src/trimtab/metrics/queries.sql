-- name: ids_since
-- The ids of the series that were first seen at or after a time; one that was registered again may be there twice.
-- Asked every second: without FINAL, of all rows only their times are read.
SELECT series
FROM metric_series
WHERE first_seen >= fromUnixTimestamp64Milli({since:Int64}, 'UTC');

-- name: series_since
-- The series that were first seen at or after a time, their newest rows. FINAL reads every row: ask ids_since before.
SELECT series, account, region, namespace, name, mapKeys(dimensions) AS names, mapValues(dimensions) AS values,
       unit, kind, resource, toUnixTimestamp64Milli(first_seen) AS first_seen
FROM metric_series FINAL
WHERE first_seen >= fromUnixTimestamp64Milli({since:Int64}, 'UTC');

-- name: last_seen_values
-- When each series last had a raw value, since a time.
SELECT series, toUnixTimestamp64Milli(max(time)) AS last
FROM metric_values
WHERE time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
GROUP BY series;

-- name: last_seen_sets
-- When each series last had a statistic set, since a time.
SELECT series, toUnixTimestamp64Milli(max(time)) AS last
FROM metric_sets
WHERE time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
GROUP BY series;

-- name: last_seen_samples
-- When each series last had a sample, since a time.
SELECT series, toUnixTimestamp64Milli(max(time)) AS last
FROM metric_samples
WHERE time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
GROUP BY series;

-- name: last_seen_histograms
-- When each series last had a histogram, since a time.
SELECT series, toUnixTimestamp64Milli(max(time)) AS last
FROM metric_histograms
WHERE time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
GROUP BY series;

-- name: events_totals
-- Count, sum and extremes of raw values and statistic sets by atom and bucket; a bucket may come once from each.
SELECT atom, bucket, count, total, low, high
FROM (
  SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
         intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
         sum(metric_values.count) AS count, sum(value * metric_values.count) AS total,
         min(value) AS low, max(value) AS high
  FROM metric_values
  WHERE series IN {ids:Array(UInt64)} AND metric_values.count > 0 AND NOT isNaN(value)
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  GROUP BY atom, bucket
  UNION ALL
  SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
         intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
         sum(metric_sets.count) AS count, sum(metric_sets.sum) AS total,
         min(minimum) AS low, max(maximum) AS high
  FROM metric_sets
  WHERE series IN {ids:Array(UInt64)} AND metric_sets.count > 0
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  GROUP BY atom, bucket
)
ORDER BY atom, bucket;

-- name: events_last
-- The newest raw value (or mean of a statistic set) by atom and bucket, with its time.
SELECT atom, bucket, max(points.at) AS at, argMax(points.value, points.at) AS value
FROM (
  SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
         intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
         toUnixTimestamp64Milli(time) AS at, value
  FROM metric_values
  WHERE series IN {ids:Array(UInt64)} AND metric_values.count > 0 AND NOT isNaN(value)
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  UNION ALL
  SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
         intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
         toUnixTimestamp64Milli(time) AS at, metric_sets.sum / metric_sets.count AS value
  FROM metric_sets
  WHERE series IN {ids:Array(UInt64)} AND metric_sets.count > 0
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
) AS points
GROUP BY atom, bucket
ORDER BY atom, bucket;

-- name: events_samples
-- Raw values sorted by atom, bucket and value; a statistic set counts where its samples are known, else it is NaN.
SELECT atom, bucket, value, count
FROM (
  SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
         intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket, value, count
  FROM metric_values
  WHERE series IN {ids:Array(UInt64)} AND count > 0 AND NOT isNaN(value)
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  UNION ALL
  SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
         intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
         multiIf(minimum = maximum, minimum, count = 1, metric_sets.sum, nan) AS value, count
  FROM metric_sets
  WHERE series IN {ids:Array(UInt64)} AND count > 0
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
)
ORDER BY atom, bucket, value;

-- name: gauges_totals
-- Count, sum and extremes of samples by atom and bucket, each (series, time) once.
SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
       intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
       count() AS count, sum(value) AS total, min(value) AS low, max(value) AS high
FROM metric_samples FINAL
WHERE series IN {ids:Array(UInt64)} AND NOT isNaN(value)
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
GROUP BY atom, bucket
ORDER BY atom, bucket;

-- name: gauges_sums
-- Count and sum of samples, one array of steps a series.
SELECT series, countResample(0, {steps:UInt32}, 1)(value, step) AS count,
       sumResample(0, {steps:UInt32}, 1)(value, step) AS total
FROM (
  SELECT series, value, toUInt32(intDiv(toUnixTimestamp64Milli(time) - {first:Int64}, {period:Int64})) AS step
  FROM metric_samples FINAL
  WHERE series IN {ids:Array(UInt64)} AND NOT isNaN(value)
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC'))
GROUP BY series;

-- name: gauges_extremes
-- Count and extremes of samples, one array of steps a series; where the count is 0 they are no numbers.
SELECT series, countResample(0, {steps:UInt32}, 1)(value, step) AS count,
       minResample(0, {steps:UInt32}, 1)(value, step) AS low, maxResample(0, {steps:UInt32}, 1)(value, step) AS high
FROM (
  SELECT series, value, toUInt32(intDiv(toUnixTimestamp64Milli(time) - {first:Int64}, {period:Int64})) AS step
  FROM metric_samples FINAL
  WHERE series IN {ids:Array(UInt64)} AND NOT isNaN(value)
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC'))
GROUP BY series;

-- name: gauges_last
-- The newest sample by atom and bucket, with its time.
SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
       intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
       toUnixTimestamp64Milli(max(time)) AS at, argMax(metric_samples.value, time) AS value
FROM metric_samples FINAL
WHERE series IN {ids:Array(UInt64)} AND NOT isNaN(metric_samples.value)
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
GROUP BY atom, bucket
ORDER BY atom, bucket;

-- name: gauges_samples
-- Samples sorted by atom, bucket and value, each (series, time) once.
SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
       intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket, value, toFloat64(1) AS count
FROM metric_samples FINAL
WHERE series IN {ids:Array(UInt64)} AND NOT isNaN(value)
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
ORDER BY atom, bucket, value;

-- name: increases_totals
-- Count, sum and extremes of the increases of cumulative series; a drop is a reset, a sample without predecessor none.
SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
       intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
       count() AS count, sum(increase) AS total, min(increase) AS low, max(increase) AS high
FROM (
  SELECT series, time, if(value < previous, value, value - previous) AS increase
  FROM (
    SELECT series, time, value, lagInFrame(value) OVER w AS previous,
           lagInFrame(toUnixTimestamp64Milli(time)) OVER w AS previous_time
    FROM metric_samples FINAL
    WHERE series IN {ids:Array(UInt64)} AND NOT isNaN(value)
      AND time >= fromUnixTimestamp64Milli({lookback:Int64}, 'UTC')
      AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    WINDOW w AS (PARTITION BY series ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  )
  WHERE previous_time != 0 AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
)
GROUP BY atom, bucket
ORDER BY atom, bucket;

-- name: increases_samples
-- The increases themselves, sorted by atom, bucket and value.
SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
       intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
       if(sample < previous, sample, sample - previous) AS value, toFloat64(1) AS count
FROM (
  SELECT series, time, value AS sample, lagInFrame(value) OVER w AS previous,
         lagInFrame(toUnixTimestamp64Milli(time)) OVER w AS previous_time
  FROM metric_samples FINAL
  WHERE series IN {ids:Array(UInt64)} AND NOT isNaN(value)
    AND time >= fromUnixTimestamp64Milli({lookback:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  WINDOW w AS (PARTITION BY series ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE previous_time != 0 AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
ORDER BY atom, bucket, value;

-- name: histograms_samples
-- Histograms as they came, by series and time, each (series, time) once.
SELECT series, toUnixTimestamp64Milli(time) AS at, toUnixTimestamp64Milli(start) AS start_at, cumulative,
       count, sum, minimum, maximum, bounds, counts, exponential, scale, zero_count, zero_threshold,
       positive_offset, positive, negative_offset, negative
FROM metric_histograms FINAL
WHERE series IN {ids:Array(UInt64)}
  AND time >= fromUnixTimestamp64Milli({lookback:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
ORDER BY series, time;

-- name: raw_events
-- The raw values and statistic sets (as their mean) of a series, by time.
SELECT at, value, count
FROM (
  SELECT toUnixTimestamp64Milli(time) AS at, value, count
  FROM metric_values
  WHERE series = {series:UInt64}
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  UNION ALL
  SELECT toUnixTimestamp64Milli(time) AS at, metric_sets.sum / count AS value, count
  FROM metric_sets
  WHERE series = {series:UInt64} AND count > 0
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
)
ORDER BY at, value;

-- name: raw_samples
-- The samples of a series as they came, by time.
SELECT toUnixTimestamp64Milli(time) AS at, value, toFloat64(1) AS count
FROM metric_samples FINAL
WHERE series = {series:UInt64}
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
ORDER BY at;

-- name: raw_histograms
-- The mean and count of each histogram of a series as it came, by time.
SELECT toUnixTimestamp64Milli(time) AS at, sum / metric_histograms.count AS value,
       toFloat64(metric_histograms.count) AS count
FROM metric_histograms FINAL
WHERE series = {series:UInt64}
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
ORDER BY at;

-- name: latest
-- The newest point of each series since a time: a value, or the mean of a statistic set or histogram.
SELECT series, toUnixTimestamp64Milli(max(time)) AS at, argMax(points.value, time) AS value
FROM (
  SELECT series, time, value
  FROM metric_values
  WHERE series IN {ids:Array(UInt64)} AND time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND NOT isNaN(value)
  UNION ALL
  SELECT series, time, sum / count AS value
  FROM metric_sets
  WHERE series IN {ids:Array(UInt64)} AND time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND count > 0
  UNION ALL
  SELECT series, time, value
  FROM metric_samples FINAL
  WHERE series IN {ids:Array(UInt64)} AND time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND NOT isNaN(value)
  UNION ALL
  SELECT series, time, sum / count AS value
  FROM metric_histograms FINAL
  WHERE series IN {ids:Array(UInt64)} AND time >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND count > 0
) AS points
GROUP BY series;
