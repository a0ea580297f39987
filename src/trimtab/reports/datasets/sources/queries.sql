-- name: bill_extent
-- Until which day the bill goes, as days since 1970.
SELECT toUInt32(max(day)) AS last, toUInt64(sum(lines)) AS lines
FROM cost_daily;

-- name: metrics
-- The rolled-up hours of every series of a scope (`/*and*/`), by the committed version of each hour.
FROM (
  SELECT series, time, count, sum, minimum, maximum, last
  FROM metric_rollup_1h
  WHERE time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)},
                            {versions:Array(UInt32)}, toUInt32(0))
) AS m
INNER JOIN (
  SELECT series, account, region, namespace, name, unit, kind, resource, dimensions
  FROM metric_series FINAL
  WHERE /*and*/
) AS s ON m.series = s.series;

-- name: spans
-- Spans of a window (`/*and*/`), each as it is now.
FROM spans FINAL
WHERE /*and*/;

-- name: logs
-- Log events of a window (`/*and*/`), masked where data protection masks.
FROM log_events
WHERE /*and*/;

-- name: audit
-- Audit events of a scope (`/*and*/`) in a range.
FROM audit_events FINAL
WHERE /*and*/ AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC');

-- name: costs
-- Lines of bills, or their sums by day, of a scope (`/*and*/`).
FROM /*table*/
WHERE /*and*/;
