-- name: held
-- Which of these records are held already.
SELECT account, event_id
FROM audit_events
WHERE account IN {accounts:Array(String)}
  AND time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
  AND event_id IN {ids:Array(String)};

-- name: page
-- Events, the newest first; `/*and*/` is the conditions of scope, range, filter and position.
SELECT account, region, toUnixTimestamp64Milli(time) AS at, event_id, event_name, event_source, event_type, category,
       read_only, user_name, session_name, user_type, user_arn, access_key_id, source_ip, user_agent, error_code,
       error_message, resource_types, resource_names, touched, request_id, origin, record,
       toUnixTimestamp64Milli(ingested) AS ingested_ms
FROM audit_events FINAL
WHERE /*and*/
ORDER BY time DESC, event_id DESC
LIMIT {limit:UInt32};

-- name: taken
-- Events in the order in which they were taken, after a position; `/*and*/` is further conditions.
SELECT account, region, toUnixTimestamp64Milli(time) AS at, event_id, event_name, event_source, event_type, category,
       read_only, user_name, session_name, user_type, user_arn, access_key_id, source_ip, user_agent, error_code,
       error_message, resource_types, resource_names, touched, request_id, origin, record,
       toUnixTimestamp64Milli(ingested) AS ingested_ms
FROM audit_events FINAL
WHERE /*and*/
  AND ingested >= fromUnixTimestamp64Milli({after:Int64}, 'UTC')
  AND ingested < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
  AND (ingested, event_id) > (fromUnixTimestamp64Milli({after:Int64}, 'UTC'), {after_id:String})
ORDER BY ingested, event_id
LIMIT {limit:UInt32};

-- name: facets
-- The values of each facet that most events have; `/*and*/` is the conditions.
SELECT pair.1 AS facet, pair.2 AS value, count() AS events
FROM (
  SELECT arrayJoin([('user', toString(user_name)), ('source', toString(event_source)), ('name', toString(event_name)),
                    ('error', toString(error_code)), ('ip', toString(source_ip)), ('account', toString(account)),
                    ('region', toString(region)), ('category', toString(category))]) AS pair
  FROM audit_events FINAL
  WHERE /*and*/
)
WHERE value != ''
GROUP BY facet, value
ORDER BY facet, events DESC, value
LIMIT {limit:UInt32} BY facet;

-- name: timeline
-- How many events each step has: those that read, those that changed something, those that failed.
SELECT intDiv(toUnixTimestamp64Milli(time), {step:Int64}) * {step:Int64} AS at,
       countIf(read_only = 1 AND error_code = '') AS reads, countIf(read_only = 0 AND error_code = '') AS changes,
       countIf(error_code != '') AS errors
FROM audit_events FINAL
WHERE /*and*/
GROUP BY at
ORDER BY at;

-- name: count
-- How many events there are.
SELECT count() AS events, countIf(read_only = 0) AS changes, countIf(error_code != '') AS errors
FROM audit_events FINAL
WHERE /*and*/;
