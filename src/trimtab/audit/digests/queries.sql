-- name: hashes
-- The hash of everything that is kept of each record taken in a range, by id.
SELECT account, event_id, toUnixTimestamp64Milli(time) AS at,
       lower(hex(SHA256(concatWithSeparator('\x1f', account, region, toString(toUnixTimestamp64Milli(time)), event_id,
         event_name, event_source, event_type, category, toString(read_only), user_name, session_name, user_type,
         user_arn, access_key_id, source_ip, user_agent, error_code, error_message,
         arrayStringConcat(resource_types, '\x1e'), arrayStringConcat(resource_names, '\x1e'),
         arrayStringConcat(touched, '\x1e'), request_id, origin, record)))) AS hash
FROM audit_events FINAL
WHERE ingested >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
  AND ingested < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
ORDER BY account, event_id;

-- name: first
-- When the first record was taken.
SELECT toUnixTimestamp64Milli(min(ingested)) AS at, count() AS events
FROM audit_events;
