-- name: in_range
-- Anomalies that touch a range, the newest row of each, the most unusual first; none lasts longer than `longest` ms.
SELECT series, toUnixTimestamp64Milli(start) AS start_ms, toUnixTimestamp64Milli(end) AS end_ms, account, region,
       open, score, toUnixTimestamp64Milli(peak) AS peak_ms, direction, value, low, high,
       toUnixTimestamp64Milli(picture) AS picture_ms, revision, points, lows, highs
FROM anomalies FINAL
WHERE start >= fromUnixTimestamp64Milli({from:Int64} - {longest:Int64}, 'UTC')
  AND start < fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND end > fromUnixTimestamp64Milli({from:Int64}, 'UTC')
  AND ({any:UInt8} OR series IN {series:Array(UInt64)}) AND series NOT IN {muted:Array(UInt64)}
ORDER BY score DESC, start, series
LIMIT {limit:UInt32};

-- name: one
-- The newest row of one anomaly.
SELECT series, toUnixTimestamp64Milli(start) AS start_ms, toUnixTimestamp64Milli(end) AS end_ms, account, region,
       open, score, toUnixTimestamp64Milli(peak) AS peak_ms, direction, value, low, high,
       toUnixTimestamp64Milli(picture) AS picture_ms, revision, points, lows, highs
FROM anomalies FINAL
WHERE start = fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND series = {series:UInt64};

-- name: months
-- The partitions there are, as YYYYMM.
SELECT DISTINCT toUInt32(partition) AS month
FROM system.parts
WHERE database = currentDatabase() AND table = 'anomalies' AND active;
