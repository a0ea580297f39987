-- name: forward
-- The events of a window in the order of their times, after a position; `/*and*/` is further conditions.
SELECT `group`, log_group, stream, toUnixTimestamp64Milli(time) AS at, toUnixTimestamp64Milli(ingested) AS ingested_ms,
       id, severity, trace_id, span_id, attributes, message
FROM log_events
WHERE /*and*/ AND time >= fromUnixTimestamp64Milli({after:Int64}, 'UTC')
  AND (time, id) > (fromUnixTimestamp64Milli({after:Int64}, 'UTC'), {after_id:UInt64})
ORDER BY time, id
LIMIT {limit:UInt32};

-- name: backward
-- The events of a window before a position, the newest first; `/*and*/` is further conditions.
SELECT `group`, log_group, stream, toUnixTimestamp64Milli(time) AS at, toUnixTimestamp64Milli(ingested) AS ingested_ms,
       id, severity, trace_id, span_id, attributes, message
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
       id, severity, trace_id, span_id, attributes, message
FROM log_events
WHERE /*and*/ AND time = fromUnixTimestamp64Milli({at:Int64}, 'UTC') AND id = {id:UInt64}
LIMIT 1;

-- name: days
-- The partitions there are, as YYYYMMDD, oldest first.
SELECT DISTINCT toUInt32(partition) AS day
FROM system.parts
WHERE database = currentDatabase() AND table = 'log_events' AND active
ORDER BY day;

-- name: bytes_of_groups
-- How many bytes of messages each of these groups holds.
SELECT `group`, sum(length(message)) AS bytes
FROM log_events
WHERE `group` IN {groups:Array(UInt64)}
GROUP BY `group`;

-- name: left_of
-- Whether events of a deleted group (stream 0), or of one stream of it, are still there.
SELECT count() AS left
FROM (
    SELECT 1
    FROM log_events
    WHERE `group` = {group:UInt64} AND ({stream:UInt64} = 0 OR stream_id = {stream:UInt64})
    LIMIT 1
);

-- name: delete_of
-- Delete the events of a deleted group (stream 0), or of one stream of it.
DELETE FROM log_events
WHERE `group` = {group:UInt64} AND ({stream:UInt64} = 0 OR stream_id = {stream:UInt64});

-- name: delete_expired
-- Delete the events of a group that are past its retention.
DELETE FROM log_events
WHERE `group` = {group:UInt64} AND time < fromUnixTimestamp64Milli({before:Int64}, 'UTC');

-- name: expired
-- The groups that hold events past their retention: `groups` and the time before which each has none, in one order.
SELECT DISTINCT `group`
FROM log_events
WHERE `group` IN {groups:Array(UInt64)} AND time < fromUnixTimestamp64Milli({latest:Int64}, 'UTC')
  AND time < fromUnixTimestamp64Milli(transform(`group`, {groups:Array(UInt64)}, {before:Array(Int64)}, toInt64(0)), 'UTC');
