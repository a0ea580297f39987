-- name: daily_values
-- Quantiles, mean and number of points of each series and day: raw values, and statistic sets as their means.
SELECT series, day, quantilesExactInclusive(0., 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995)(value) AS levels,
       levels[1] AS q1, levels[2] AS q2, levels[3] AS q3, levels[4] AS q4, levels[5] AS q5, levels[6] AS q6,
       levels[7] AS q7, levels[8] AS q8, levels[9] AS q9, levels[10] AS q10, max(most) AS q11, avg(value) AS mean,
       count() AS points
FROM (
  SELECT series, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, 86400000) AS day, value, value AS most
  FROM metric_values
  WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)} AND NOT isNaN(value)
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  UNION ALL
  SELECT series, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, 86400000) AS day,
         metric_sets.sum / metric_sets.count AS value, maximum AS most
  FROM metric_sets
  WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)}
    AND metric_sets.count > 0
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
)
GROUP BY series, day;

-- name: daily_samples
-- The same of gauges, each (series, time) once.
SELECT series, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, 86400000) AS day,
       quantilesExactInclusive(0., 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995)(value) AS levels,
       levels[1] AS q1, levels[2] AS q2, levels[3] AS q3, levels[4] AS q4, levels[5] AS q5, levels[6] AS q6,
       levels[7] AS q7, levels[8] AS q8, levels[9] AS q9, levels[10] AS q10, max(value) AS q11, avg(value) AS mean,
       count() AS points
FROM metric_samples FINAL
WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)} AND NOT isNaN(value)
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
GROUP BY series, day;

-- name: daily_rates
-- The same of what counters grow by in a second: a drop is a reset, a sample without predecessor says nothing.
SELECT series, day, quantilesExactInclusive(0., 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995)(rate) AS levels,
       levels[1] AS q1, levels[2] AS q2, levels[3] AS q3, levels[4] AS q4, levels[5] AS q5, levels[6] AS q6,
       levels[7] AS q7, levels[8] AS q8, levels[9] AS q9, levels[10] AS q10, max(rate) AS q11, avg(rate) AS mean,
       count() AS points
FROM (
  SELECT series, intDiv(at - {start:Int64}, 86400000) AS day,
         if(value < previous, value, value - previous) * 1000 / (at - previous_at) AS rate
  FROM (
    SELECT series, toUnixTimestamp64Milli(time) AS at, value, lagInFrame(value) OVER w AS previous,
           lagInFrame(toUnixTimestamp64Milli(time)) OVER w AS previous_at
    FROM metric_samples FINAL
    WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)} AND NOT isNaN(value)
      AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
      AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    WINDOW w AS (PARTITION BY series ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  )
  WHERE previous_at != 0 AND at > previous_at
)
GROUP BY series, day;
