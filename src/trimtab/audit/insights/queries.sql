-- name: busy
-- The calls (and the errors) of which some minute of a range has at least `least`.
SELECT DISTINCT account, region, event_source, event_name, error
FROM (
  SELECT account, region, event_source, event_name, arrayJoin(if(error_code = '', [''], ['', toString(error_code)])) AS error,
         toStartOfMinute(time) AS minute, count() AS calls
  FROM audit_events FINAL
  WHERE time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    AND category = 'Management'
  GROUP BY account, region, event_source, event_name, error, minute
  HAVING calls >= {least:UInt32}
);

-- name: minutes
-- The calls of each minute of those that were busy, in order.
SELECT account, region, event_source, event_name, error, toUnixTimestamp(minute) * 1000 AS at, calls
FROM (
  SELECT account, region, event_source, event_name, arrayJoin(if(error_code = '', [''], ['', toString(error_code)])) AS error,
         toStartOfMinute(time) AS minute, count() AS calls
  FROM audit_events FINAL
  WHERE time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    AND category = 'Management' AND account IN {accounts:Array(String)} AND event_name IN {names:Array(String)}
  GROUP BY account, region, event_source, event_name, error, minute
)
ORDER BY account, region, event_source, event_name, error, at;

-- name: attributions
-- Who made calls, with what, and with which error: the most frequent values of a range and of the baseline before it.
SELECT pair.1 AS attribute, pair.2 AS value,
       countIf(time >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')) AS insight,
       countIf(time < fromUnixTimestamp64Milli({start:Int64}, 'UTC')) AS baseline
FROM (
  SELECT time, arrayJoin([('userIdentityArn', toString(user_arn)), ('userAgent', toString(user_agent)),
                          ('errorCode', toString(error_code))]) AS pair
  FROM audit_events FINAL
  WHERE time >= fromUnixTimestamp64Milli({before:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    AND category = 'Management' AND account = {account:String} AND region = {region:String}
    AND event_source = {source:String} AND event_name = {name:String}
    AND ({error:String} = '' OR error_code = {error:String})
)
WHERE value != ''
GROUP BY attribute, value
HAVING insight > 0
ORDER BY attribute, insight DESC, value
LIMIT 5 BY attribute;
