-- name: daily
-- Quantiles, maximum, mean and number of points of each series and day, out of parts that give points.
SELECT series, day,
       quantilesExactInclusive(0., 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995)(value) AS levels,
       max(most) AS highest, avg(value) AS mean, count() AS points
FROM (/*parts*/)
GROUP BY series, day;

-- name: values
-- A part: raw values.
SELECT series, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, 86400000) AS day, value, value AS most
FROM metric_values
WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)} AND NOT isNaN(value)
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC') /*apart*/;

-- name: sets
-- A part: statistic sets as their means, and their maxima.
SELECT series, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, 86400000) AS day,
       metric_sets.sum / metric_sets.count AS value, maximum AS most
FROM metric_sets
WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)} AND metric_sets.count > 0
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC') /*apart*/;

-- name: has_sets
-- Whether some of the series have statistic sets in the range.
SELECT toUInt8(count() > 0) AS found
FROM (
  SELECT 1 FROM metric_sets
  WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)}
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  LIMIT 1
);

-- name: samples
-- A part: gauges, each (series, time) once.
SELECT series, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, 86400000) AS day, value, value AS most
FROM metric_samples FINAL
WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)} AND NOT isNaN(value)
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC') /*apart*/;

-- name: rates
-- A part: what counters grow by in a second; a drop is a reset, a sample without predecessor says nothing.
SELECT series, intDiv(at - {start:Int64}, 86400000) AS day,
       if(value < previous, value, value - previous) * 1000 / (at - previous_at) AS value, value AS most
FROM (
  SELECT series, toUnixTimestamp64Milli(time) AS at, value, lagInFrame(value) OVER w AS previous,
         lagInFrame(toUnixTimestamp64Milli(time)) OVER w AS previous_at
  FROM metric_samples FINAL
  WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)} AND NOT isNaN(value)
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC') /*apart*/
  WINDOW w AS (PARTITION BY series ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE previous_at != 0 AND at > previous_at;

-- name: rolled
-- A part: rollups of hours whose raw points are gone, each bucket as its mean and maximum.
SELECT series, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, 86400000) AS day,
       rolled.sum / rolled.count AS value, maximum AS most
FROM /*table*/ AS rolled
WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)} AND rolled.count > 0
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), /*hours*/, /*versions*/, toUInt32(0));

-- name: rolled_rates
-- A part: the same of counters, as what they grew by in a second: of n samples n - 1 differences are within the bucket.
SELECT series, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, 86400000) AS day,
       rise * (rises + 1) / rises / /*seconds*/ AS value, value AS most
FROM /*table*/ AS rolled
WHERE series >= {first:UInt64} AND series <= {last:UInt64} AND series IN {ids:Array(UInt64)} AND rises > 0
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), /*hours*/, /*versions*/, toUInt32(0));

-- name: oldest_rows
-- Where the rows of a rollup tier begin, in ms.
SELECT toInt64(toUnixTimestamp64Milli(min(time))) AS oldest FROM /*table*/;

-- name: apart
-- A condition of a part: without the points of the first minutes after a start.
AND NOT (time >= fromUnixTimestamp64Milli(transform(series, {started:Array(UInt64)}, {starts:Array(Int64)}, toInt64(0)), 'UTC')
  AND time < fromUnixTimestamp64Milli(transform(series, {started:Array(UInt64)}, {settled:Array(Int64)}, toInt64(0)), 'UTC'));
