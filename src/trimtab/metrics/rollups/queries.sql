-- Sketches: an exponential histogram at OTLP scale 6, as a map from key to count. Bucket i is (2^(i/64), 2^((i+1)/64)];
-- its key is i + 16384, negated for negative values, and 0 for zero. i is kept within 16383, that is 2^±256, so that
-- every key fits an Int16. A bucket is read as the value whose relative error is the least: 2 low high / (low + high),
-- which is low times 1.005415 and at most 0.55 % from any value of the bucket; never beyond the row's own extremes.

-- name: roll_samples
-- One row a series and bucket of gauges (their values) and counters (the increases between samples of one bucket). Of
-- gauges without details there is no sketch, first value and rise.
INSERT INTO {table:Identifier}
  (series, time, version, count, sum, minimum, maximum, opaque, first, last, last_offset, rise, rises, buckets)
SELECT series, fromUnixTimestamp64Milli(bucket * {period:Int64}, 'UTC'), {version:UInt32},
       sum(part.n), sumKahan(part.total), min(part.low), max(part.high), 0,
       if(any(part.rising), argMin(part.first, part.first_at), 0), argMax(part.last, part.last_at),
       max(part.last_at) - bucket * {period:Int64}, if(any(part.rising), sumKahan(part.rise), 0),
       if(any(part.rising), sum(part.rises), 0),
       CAST((groupArrayIf(part.key, part.n > 0 AND part.sketched), groupArrayIf(part.n, part.n > 0 AND part.sketched)),
            'Map(Int16, UInt64)')
FROM (
  SELECT series, bucket, key, countIf(counted) AS n, sumKahanIf(x, counted) AS total,
         min(if(counted, x, inf)) AS low, max(if(counted, x, -inf)) AS high,
         argMin(value, at) AS first, min(at) AS first_at, argMax(value, at) AS last, max(at) AS last_at,
         sumKahan(increase) AS rise, countIf(follows) AS rises, any(detailed) AS sketched,
         any(detailed OR counter) AS rising
  FROM (
    SELECT series, bucket, at, value, follows, increase, counter, detailed, follows OR NOT counter AS counted,
           if(counter, increase, value) AS x,
           toInt16(multiIf(NOT detailed OR x = 0, 0,
             sign(x) * (greatest(-16383., least(16383., ceil(log2(abs(x)) * 64) - 1)) + 16384))) AS key
    FROM (
      SELECT series, toUnixTimestamp64Milli(time) AS at, intDiv(at, {period:Int64}) AS bucket, value,
             lagInFrame(value) OVER w AS previous, row_number() OVER w > 1 AS follows,
             if(follows, if(value < previous, value, value - previous), 0) AS increase,
             series IN (SELECT series FROM metric_series WHERE kind = 'counter') AS counter,
             ({whole:UInt8} OR series IN (
               SELECT series FROM metric_series WHERE (namespace, name) IN (
                 SELECT namespace, name FROM metric_detailed WHERE what = 'metric'))) AS detailed
      FROM metric_samples FINAL
      WHERE series BETWEEN {low:UInt64} AND {high:UInt64} AND NOT isNaN(value)
        AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
        AND series NOT IN (
          SELECT series FROM {table:Identifier}
          WHERE {base:UInt32} != 0 AND version = {base:UInt32}
            AND toUnixTimestamp64Milli(time) >= {start:Int64} AND toUnixTimestamp64Milli(time) < {end:Int64})
      WINDOW w AS (PARTITION BY series, bucket ORDER BY time)
    )
  )
  GROUP BY series, bucket, key
) AS part
GROUP BY series, bucket;

-- name: roll_events
-- One row a series and bucket of raw values and statistic sets; samples that only a set tells of are opaque. Without
-- details there is no sketch.
INSERT INTO {table:Identifier}
  (series, time, version, count, sum, minimum, maximum, opaque, first, last, last_offset, rise, rises, buckets)
SELECT series, fromUnixTimestamp64Milli(bucket * {period:Int64}, 'UTC'), {version:UInt32},
       sum(part.n), sumKahan(part.total), min(part.low), max(part.high), sumIf(part.n, NOT part.known), 0,
       argMax(part.last, part.last_at), max(part.last_at) - bucket * {period:Int64}, 0, 0,
       CAST((groupArrayIf(part.key, part.known AND part.sketched),
             groupArrayIf(toUInt64(part.n), part.known AND part.sketched)), 'Map(Int16, UInt64)')
FROM (
  SELECT series, bucket, known, key, sum(points.n) AS n, sumKahan(points.total) AS total,
         min(points.low) AS low, max(points.high) AS high, any(points.detailed) AS sketched, argMax(points.mean, points.at) AS last, max(points.at) AS last_at
  FROM (
    SELECT series, intDiv(at, {period:Int64}) AS bucket, at, mean, n, total, low, high,
           ({whole:UInt8} OR series IN (
             SELECT series FROM metric_series WHERE (namespace, name) IN (
               SELECT namespace, name FROM metric_detailed WHERE what = 'metric'))) AS detailed,
           NOT isNaN(x) AND n = floor(n) AS known,
           toInt16(multiIf(NOT detailed OR NOT known OR x = 0, 0,
             sign(x) * (greatest(-16383., least(16383., ceil(log2(abs(x)) * 64) - 1)) + 16384))) AS key
    FROM (
      SELECT series, toUnixTimestamp64Milli(time) AS at, value AS mean, metric_values.count AS n,
             value * metric_values.count AS total, value AS low, value AS high, value AS x
      FROM metric_values
      WHERE series BETWEEN {low:UInt64} AND {high:UInt64} AND metric_values.count > 0 AND NOT isNaN(value)
        AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
        AND series NOT IN (
          SELECT series FROM {table:Identifier}
          WHERE {base:UInt32} != 0 AND version = {base:UInt32}
            AND toUnixTimestamp64Milli(time) >= {start:Int64} AND toUnixTimestamp64Milli(time) < {end:Int64})
      UNION ALL
      SELECT series, toUnixTimestamp64Milli(time) AS at, metric_sets.sum / metric_sets.count AS mean,
             metric_sets.count AS n, metric_sets.sum AS total, minimum AS low, maximum AS high,
             multiIf(minimum = maximum, minimum, metric_sets.count = 1, metric_sets.sum, nan) AS x
      FROM metric_sets
      WHERE series BETWEEN {low:UInt64} AND {high:UInt64} AND metric_sets.count > 0
        AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
        AND series NOT IN (
          SELECT series FROM {table:Identifier}
          WHERE {base:UInt32} != 0 AND version = {base:UInt32}
            AND toUnixTimestamp64Milli(time) >= {start:Int64} AND toUnixTimestamp64Milli(time) < {end:Int64})
    )
  ) AS points
  GROUP BY series, bucket, known, key
) AS part
GROUP BY series, bucket;

-- name: carry_rollup
-- Rows of a version whose raw points are gone, taken over into the next version.
INSERT INTO {table:Identifier}
  (series, time, version, count, sum, minimum, maximum, opaque, first, last, last_offset, rise, rises, buckets)
SELECT series, time, {version:UInt32}, count, sum, minimum, maximum, opaque, first, last, last_offset, rise, rises,
       buckets
FROM {table:Identifier}
WHERE version = {base:UInt32} AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC');

-- name: carry_histograms
-- The same for histograms.
INSERT INTO {table:Identifier}
  (series, time, version, start, cumulative, count, sum, minimum, maximum, bounds, counts, exponential, scale,
   zero_count, zero_threshold, positive_offset, positive, negative_offset, negative)
SELECT series, time, {version:UInt32}, start, cumulative, count, sum, minimum, maximum, bounds, counts, exponential,
       scale, zero_count, zero_threshold, positive_offset, positive, negative_offset, negative
FROM {table:Identifier}
WHERE version = {base:UInt32} AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC');

-- name: roll_cumulative_histograms
-- Cumulative histograms that differences need: the last of each bucket, the first after an empty bucket, and both sides
-- of a reset or a change of layout. What lies between them follows from them.
INSERT INTO {table:Identifier}
  (series, time, version, start, cumulative, count, sum, minimum, maximum, bounds, counts, exponential, scale,
   zero_count, zero_threshold, positive_offset, positive, negative_offset, negative)
SELECT series, time, {version:UInt32}, start, cumulative, count, sum, minimum, maximum, bounds, counts, exponential,
       scale, zero_count, zero_threshold, positive_offset, positive, negative_offset, negative
FROM (
  SELECT *, intDiv(toUnixTimestamp64Milli(time), {period:Int64}) AS bucket,
         (start, cumulative, exponential, bounds) AS sort,
         lagInFrame(bucket, 1, -1000000) OVER w < bucket - 1 AS first_after_gap,
         leadInFrame(bucket, 1, -1) OVER w != bucket AS last_of_bucket,
         row_number() OVER w > 1 AND (lagInFrame(sort) OVER w != sort OR lagInFrame(count) OVER w > count) AS broken,
         leadInFrame(bucket, 1, -1) OVER w != -1
           AND (leadInFrame(sort) OVER w != sort OR leadInFrame(count) OVER w < count) AS breaks
  FROM metric_histograms FINAL
  WHERE series BETWEEN {low:UInt64} AND {high:UInt64}
    AND time >= fromUnixTimestamp64Milli({start:Int64} - {period:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    AND series NOT IN (
      SELECT series FROM {table:Identifier}
      WHERE {base:UInt32} != 0 AND version = {base:UInt32}
        AND toUnixTimestamp64Milli(time) >= {start:Int64} AND toUnixTimestamp64Milli(time) < {end:Int64})
  WINDOW w AS (PARTITION BY series ORDER BY time ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)
)
WHERE cumulative AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND (first_after_gap OR last_of_bucket OR broken OR breaks);

-- name: roll_delta_histograms
-- Delta histograms of one bucket and layout added up: bounds are kept, exponential buckets meet at their own scale.
INSERT INTO {table:Identifier}
  (series, time, version, start, cumulative, count, sum, minimum, maximum, bounds, counts, exponential, scale,
   zero_count, zero_threshold, positive_offset, positive, negative_offset, negative)
SELECT series, at, {version:UInt32}, begun, 0, n, total, low, high, bounds, each, exponential, scale, zeros,
       zero_threshold, if(empty(up.1), 0, up.1[1]),
       arrayMap(i -> up.2[indexOf(up.1, i)], range(up.1[1], if(empty(up.1), up.1[1], up.1[-1] + 1))),
       if(empty(down.1), 0, down.1[1]),
       arrayMap(i -> down.2[indexOf(down.1, i)], range(down.1[1], if(empty(down.1), down.1[1], down.1[-1] + 1)))
FROM (
  SELECT series, bounds, exponential, scale, zero_threshold, intDiv(toUnixTimestamp64Milli(time), {period:Int64}) AS bucket,
         max(time) AS at, min(start) AS begun, sum(h.count) AS n, sum(h.sum) AS total,
         min(minimum) AS low, max(maximum) AS high, sumForEach(counts) AS each, sum(zero_count) AS zeros,
         sumMap(arrayMap(i -> toInt32(positive_offset + i), range(length(positive))), positive) AS up,
         sumMap(arrayMap(i -> toInt32(negative_offset + i), range(length(negative))), negative) AS down
  FROM metric_histograms AS h FINAL
  WHERE series BETWEEN {low:UInt64} AND {high:UInt64} AND NOT cumulative
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    AND series NOT IN (
      SELECT series FROM {table:Identifier}
      WHERE {base:UInt32} != 0 AND version = {base:UInt32}
        AND toUnixTimestamp64Milli(time) >= {start:Int64} AND toUnixTimestamp64Milli(time) < {end:Int64})
  GROUP BY series, bounds, exponential, scale, zero_threshold, bucket, isNaN(minimum), isNaN(maximum)
);

-- name: hours
-- What is known of each hour's rollup: its committed version, how many marks that saw, and how many there are.
SELECT toInt64(h.hour) AS hour, version, attempt, sequence, h.marks AS marks, base, garbage, rolled_at,
       toUInt64(m.marks) AS seen
FROM (
  SELECT * FROM metric_rollup_hours FINAL WHERE hour >= {from:UInt32} AND hour < {to:UInt32}
) AS h
LEFT JOIN (
  SELECT hour, sum(marks) AS marks FROM metric_rollup_marks WHERE hour >= {from:UInt32} AND hour < {to:UInt32} GROUP BY hour
) AS m ON h.hour = m.hour
ORDER BY hour;

-- name: marks
-- How many marks each hour has.
SELECT toInt64(hour) AS hour, toUInt64(sum(metric_rollup_marks.marks)) AS marks
FROM metric_rollup_marks
GROUP BY hour;

-- name: details
-- What was asked for and what rows lack, each with the version from which on (details.py).
SELECT what, namespace, name, max(version) AS version
FROM metric_detailed
GROUP BY what, namespace, name;

-- name: raw_days
-- The days (as YYYYMMDD) that have raw points, with their rows.
SELECT toUInt32(partition_id) AS day, sum(rows) AS rows
FROM system.parts
WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)}
GROUP BY day
ORDER BY day;

-- name: partitions
-- The partitions of a table.
SELECT DISTINCT toUInt32(partition_id) AS part
FROM system.parts
WHERE active AND database = currentDatabase() AND table = {table:String}
ORDER BY part;

-- name: scattered
-- The partitions of a table that are in several parts, and of at most so many bytes.
SELECT toUInt32(partition_id) AS part
FROM system.parts
WHERE active AND database = currentDatabase() AND table = {table:String}
GROUP BY part
HAVING count() > 1 AND sum(bytes_on_disk) <= {most:UInt64}
ORDER BY part;

-- name: merge
-- Merge one day of a table into one part.
OPTIMIZE TABLE {table:Identifier} PARTITION ID {part:String} FINAL;

-- name: drop_partition
-- Drop one day or month of a table.
ALTER TABLE {table:Identifier} DROP PARTITION ID {part:String};

-- name: drop_replaced
-- Delete the rows of the given hours that are neither of the version to keep nor of the base.
ALTER TABLE {table:Identifier}
DELETE IN PARTITION ID {part:String}
WHERE transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)}, {versions:Array(UInt32)}, version)
        != version
  AND transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)}, {bases:Array(UInt32)}, version)
        != version
SETTINGS mutations_sync = 1;

-- name: prune_hours
-- Forget the hours that no tier keeps.
ALTER TABLE {table:Identifier} DELETE WHERE hour < {oldest:UInt32} SETTINGS mutations_sync = 1;

-- name: rollup_totals
-- Count, sum and extremes by atom and bucket, out of rollup rows of the given hours and versions.
SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
       intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
       sum(rows.count) AS count, sum(rows.sum) AS total, min(minimum) AS low, max(maximum) AS high
FROM {table:Identifier} AS rows
WHERE series IN {ids:Array(UInt64)}
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)}, {versions:Array(UInt32)},
                          toUInt32(0))
GROUP BY atom, bucket
ORDER BY atom, bucket;

-- name: rollup_sums
-- Count and sum out of rollup rows of the given hours and versions, one array of steps a series.
SELECT series, sumResample(0, {steps:UInt32}, 1)(samples, step) AS count,
       sumResample(0, {steps:UInt32}, 1)(summed, step) AS total
FROM (
  SELECT series, rows.count AS samples, rows.sum AS summed, rows.minimum AS least, rows.maximum AS most,
         toUInt32(intDiv(toUnixTimestamp64Milli(time) - {first:Int64}, {period:Int64})) AS step
  FROM {table:Identifier} AS rows
  WHERE series IN {ids:Array(UInt64)}
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)},
                            {versions:Array(UInt32)}, toUInt32(0)))
GROUP BY series;

-- name: rollup_extremes
-- Count and extremes out of rollup rows, one array of steps a series; where the count is 0 they are no numbers.
SELECT series, sumResample(0, {steps:UInt32}, 1)(samples, step) AS count,
       minResample(0, {steps:UInt32}, 1)(least, step) AS low, maxResample(0, {steps:UInt32}, 1)(most, step) AS high
FROM (
  SELECT series, rows.count AS samples, rows.sum AS summed, rows.minimum AS least, rows.maximum AS most,
         toUInt32(intDiv(toUnixTimestamp64Milli(time) - {first:Int64}, {period:Int64})) AS step
  FROM {table:Identifier} AS rows
  WHERE series IN {ids:Array(UInt64)}
    AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)},
                            {versions:Array(UInt32)}, toUInt32(0)))
GROUP BY series;

-- name: rollup_last
-- The newest value by atom and bucket, with its time.
SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
       intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
       max(toUnixTimestamp64Milli(time) + last_offset) AS at,
       argMax(rows.last, toUnixTimestamp64Milli(time) + last_offset) AS value
FROM {table:Identifier} AS rows
WHERE series IN {ids:Array(UInt64)}
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)}, {versions:Array(UInt32)},
                          toUInt32(0))
GROUP BY atom, bucket
ORDER BY atom, bucket;

-- name: rollup_samples
-- The values that the sketches tell of, by atom, bucket and value; opaque samples are NaN.
SELECT atom, bucket, value, count
FROM (
  SELECT atom, bucket, arrayJoin(arrayPushBack(CAST(sketch, 'Array(Tuple(Int16, UInt64))'), (toInt16(-32768), opaque))) AS held,
         toFloat64(held.2) AS count,
         if(held.1 = -32768, nan,
            greatest(low, least(high, if(held.1 = 0, 0., sign(held.1) * exp2((abs(held.1) - 16384) / 64) * 1.005415)))) AS value
  FROM (
    SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
           intDiv(toUnixTimestamp64Milli(time) - {origin:Int64}, {period:Int64}) AS bucket,
           sumMap(buckets) AS sketch, toUInt64(ceil(sum(rows.opaque))) AS opaque, min(minimum) AS low, max(maximum) AS high
    FROM {table:Identifier} AS rows
    WHERE series IN {ids:Array(UInt64)}
      AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
      AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)},
                              {versions:Array(UInt32)}, toUInt32(0))
    GROUP BY atom, bucket
  )
)
WHERE count > 0
ORDER BY atom, bucket, value;

-- name: rollup_histograms
-- Thinned histograms of the given hours and versions, by series and time.
SELECT series, toUnixTimestamp64Milli(time) AS at, toUnixTimestamp64Milli(start) AS start_at, cumulative,
       count, sum, minimum, maximum, bounds, counts, exponential, scale, zero_count, zero_threshold,
       positive_offset, positive, negative_offset, negative
FROM {table:Identifier}
WHERE series IN {ids:Array(UInt64)}
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)}, {versions:Array(UInt32)},
                          toUInt32(0))
ORDER BY series, time;

-- name: rolled_increases_totals
-- Count, sum and extremes of increases: within the rollup rows of rolled hours, between rows, and between raw samples.
SELECT atom, bucket, count, total, low, high
FROM (
  SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
         intDiv(at - {origin:Int64}, {period:Int64}) AS bucket, sum(rises + follows) AS count, sum(rise + step) AS total,
         min(least(minimum, if(follows, step, inf))) AS low, max(greatest(maximum, if(follows, step, -inf))) AS high
  FROM (
    SELECT series, at, rise, rises, minimum, maximum,
           lagInFrame(last) OVER w AS previous, row_number() OVER w > 1 AS follows,
           if(follows, if(first < previous, first, first - previous), 0) AS step
    FROM (
      SELECT series, toUnixTimestamp64Milli(time) AS at, rows.first AS first, rows.last AS last, rise, rises,
             minimum, maximum
      FROM {table:Identifier} AS rows
      WHERE series IN {ids:Array(UInt64)}
        AND time >= fromUnixTimestamp64Milli({lookback:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
        AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)},
                                {versions:Array(UInt32)}, toUInt32(0))
      UNION ALL
      SELECT series, toUnixTimestamp64Milli(time) AS at, value AS first, value AS last, 0 AS rise, 0 AS rises,
             inf AS minimum, -inf AS maximum
      FROM metric_samples FINAL
      WHERE series IN {ids:Array(UInt64)} AND NOT isNaN(value)
        AND time >= fromUnixTimestamp64Milli({lookback:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
        AND intDiv(toUnixTimestamp64Milli(time), 3600000) IN {raw_hours:Array(Int64)}
    )
    WINDOW w AS (PARTITION BY series ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  )
  WHERE at >= {start:Int64}
  GROUP BY atom, bucket
)
WHERE count > 0
ORDER BY atom, bucket;

-- name: rolled_increases_samples
-- The increases themselves, by atom, bucket and value: estimates out of sketches, exact between rows and raw samples.
SELECT atom, bucket, value, sum(held) AS count
FROM (
  SELECT transform(series, {ids:Array(UInt64)}, {atoms:Array(UInt32)}, toUInt32(0)) AS atom,
         intDiv(at - {origin:Int64}, {period:Int64}) AS bucket,
         arrayJoin(arrayConcat(
           arrayMap((key, n) -> (greatest(minimum, least(maximum,
             if(key = 0, 0., sign(key) * exp2((abs(key) - 16384) / 64) * 1.005415))), n),
             mapKeys(buckets), mapValues(buckets)),
           if(follows, [(step, toUInt64(1))], []))) AS pair, pair.1 AS value, pair.2 AS held
  FROM (
    SELECT series, at, minimum, maximum, buckets,
           lagInFrame(last) OVER w AS previous, row_number() OVER w > 1 AS follows,
           if(follows, if(first < previous, first, first - previous), 0) AS step
    FROM (
      SELECT series, toUnixTimestamp64Milli(time) AS at, rows.first AS first, rows.last AS last, rise, rises,
             minimum, maximum, buckets
      FROM {table:Identifier} AS rows
      WHERE series IN {ids:Array(UInt64)}
        AND time >= fromUnixTimestamp64Milli({lookback:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
        AND version = transform(intDiv(toUnixTimestamp64Milli(time), 3600000), {hours:Array(Int64)},
                                {versions:Array(UInt32)}, toUInt32(0))
      UNION ALL
      SELECT series, toUnixTimestamp64Milli(time) AS at, value AS first, value AS last, 0 AS rise, 0 AS rises,
             inf AS minimum, -inf AS maximum,
             CAST(map(), 'Map(Int16, UInt64)') AS buckets
      FROM metric_samples FINAL
      WHERE series IN {ids:Array(UInt64)} AND NOT isNaN(value)
        AND time >= fromUnixTimestamp64Milli({lookback:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
        AND intDiv(toUnixTimestamp64Milli(time), 3600000) IN {raw_hours:Array(Int64)}
    )
    WINDOW w AS (PARTITION BY series ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  )
  WHERE at >= {start:Int64}
)
GROUP BY atom, bucket, value
ORDER BY atom, bucket, value;
