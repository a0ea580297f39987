-- name: findings
-- Calls that a rule is about, by who made them within ten minutes; `/*rule*/` is its condition, `/*and*/` the search's.
SELECT account, user_arn, any(user_name) AS who, min(toUnixTimestamp64Milli(time)) AS first,
       max(toUnixTimestamp64Milli(time)) AS last, count() AS events, countIf(error_code != '') AS failed,
       uniqExact(event_name) AS different, groupUniqArray(8)(toString(event_name)) AS names,
       groupUniqArray(4)(toString(source_ip)) AS addresses, uniqExact(source_ip) AS places,
       arrayMap(one -> one.2, arraySlice(arraySort(groupArray((time, event_id))), 1, 1000)) AS ids
FROM audit_events FINAL
WHERE /*and*/ AND category = 'Management' AND (/*rule*/)
GROUP BY account, user_arn, toStartOfInterval(time, INTERVAL 10 MINUTE)
HAVING events >= {least:UInt32} AND different >= {different:UInt32} AND places >= {places:UInt32}
ORDER BY first DESC
LIMIT 100;
