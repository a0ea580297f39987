-- name: forward
-- The events of a window in the order of their times, after a position; `/*and*/` is further conditions.
-- `shown` is the message as it may be seen; see `unmasked`.
SELECT `group`, log_group, stream, toUnixTimestamp64Milli(time) AS at, toUnixTimestamp64Milli(ingested) AS ingested_ms,
       id, severity, trace_id, span_id, attributes, message AS shown
FROM log_events
WHERE /*and*/ AND time >= fromUnixTimestamp64Milli({after:Int64}, 'UTC')
  AND (time, id) > (fromUnixTimestamp64Milli({after:Int64}, 'UTC'), {after_id:UInt64})
ORDER BY time, id
LIMIT {limit:UInt32};

-- name: backward
-- The events of a window before a position, the newest first; `/*and*/` is further conditions.
SELECT `group`, log_group, stream, toUnixTimestamp64Milli(time) AS at, toUnixTimestamp64Milli(ingested) AS ingested_ms,
       id, severity, trace_id, span_id, attributes, message AS shown
FROM log_events
WHERE /*and*/ AND time <= fromUnixTimestamp64Milli({after:Int64}, 'UTC')
  AND (time, id) < (fromUnixTimestamp64Milli({after:Int64}, 'UTC'), {after_id:UInt64})
ORDER BY time DESC, id DESC
LIMIT {limit:UInt32};

-- name: forward_sizes
-- The bytes of each of those messages, in the same order.
SELECT length(message) AS bytes
FROM log_events
WHERE /*and*/ AND time >= fromUnixTimestamp64Milli({after:Int64}, 'UTC')
  AND (time, id) > (fromUnixTimestamp64Milli({after:Int64}, 'UTC'), {after_id:UInt64})
ORDER BY time, id
LIMIT {limit:UInt32};

-- name: backward_sizes
-- The bytes of each of those messages, in the same order.
SELECT length(message) AS bytes
FROM log_events
WHERE /*and*/ AND time <= fromUnixTimestamp64Milli({after:Int64}, 'UTC')
  AND (time, id) < (fromUnixTimestamp64Milli({after:Int64}, 'UTC'), {after_id:UInt64})
ORDER BY time DESC, id DESC
LIMIT {limit:UInt32};

-- name: one
-- One event, by what its @ptr holds.
SELECT `group`, log_group, stream, toUnixTimestamp64Milli(time) AS at, toUnixTimestamp64Milli(ingested) AS ingested_ms,
       id, severity, trace_id, span_id, attributes, message AS shown
FROM log_events
WHERE /*and*/ AND time = fromUnixTimestamp64Milli({at:Int64}, 'UTC') AND id = {id:UInt64}
LIMIT 1;

-- name: seen_fields
-- The first and the last event that have each of some fields, by the place of the field's condition in a list.
SELECT number, toUnixTimestamp64Milli(min(time)) AS first, toUnixTimestamp64Milli(max(time)) AS last
FROM log_events
ARRAY JOIN arrayEnumerate([/*fields*/]) AS number, [/*fields*/] AS has
WHERE /*and*/ AND has
GROUP BY number;

-- name: bytes_of_groups
-- How many bytes of messages each of these groups holds.
SELECT `group`, sum(length(message)) AS bytes
FROM log_events
WHERE `group` IN {groups:Array(UInt64)}
GROUP BY `group`;

-- name: holders
-- The groups that have events on each day, days as YYYYMMDD.
SELECT DISTINCT toUInt32(toYYYYMMDD(time)) AS day, `group`
FROM log_events;

-- name: streams_left
-- Which of these streams still have events.
SELECT DISTINCT stream_id
FROM log_events
WHERE stream_id IN {streams:Array(UInt64)};

-- name: delete_group
-- Delete the events of a group before a time; lightweight: they are hidden now and gone with the next merge.
DELETE FROM log_events
WHERE `group` = {group:UInt64} AND time < fromUnixTimestamp64Milli({before:Int64}, 'UTC');

-- name: delete_streams
-- Delete the events of streams.
DELETE FROM log_events
WHERE stream_id IN {streams:Array(UInt64)};

-- name: histogram
-- How many events of a window fall into each step of it; `/*and*/` is the window.
SELECT intDiv(toUnixTimestamp64Milli(time) - {from:Int64}, {step:Int64}) AS part, count() AS events
FROM log_events
WHERE /*and*/
GROUP BY part
ORDER BY part;
