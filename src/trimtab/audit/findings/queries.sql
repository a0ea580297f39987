-- name: findings
-- Calls that rules are about, by who made them within ten minutes. `/*about*/` names the rules of an event, or '' for each
-- that is not about it; `/*statements*/` are those of the policy that it sets, `/*and*/` is the search's condition.
WITH (SELECT groupUniqArray(toString(account)) FROM audit_events WHERE /*and*/) AS own
SELECT rule, account, user_arn, any(user_name) AS who, min(toUnixTimestamp64Milli(time)) AS first,
       max(toUnixTimestamp64Milli(time)) AS last, count() AS events, countIf(error_code != '') AS failed,
       uniqExact(event_name) AS different, groupUniqArray(8)(toString(event_name)) AS names,
       groupUniqArray(4)(toString(source_ip)) AS addresses, uniqExact(source_ip) AS places,
       arrayMap(one -> one.2, arraySlice(arraySort(groupArray((time, event_id))), 1, 1000)) AS ids
FROM (
    WITH /*statements*/ AS statements
    SELECT account, user_arn, user_name, time, error_code, event_name, source_ip, event_id,
           arrayFilter(one -> one != '', [/*about*/]) AS about
    FROM audit_events FINAL
    WHERE /*and*/ AND category IN ('Management', 'Data') AND notEmpty(about)
)
ARRAY JOIN about AS rule
GROUP BY rule, account, user_arn, toStartOfInterval(time, INTERVAL 10 MINUTE)
HAVING events >= transform(rule, {rules:Array(String)}, {least:Array(UInt32)}, 1::UInt32)
   AND different >= transform(rule, {rules:Array(String)}, {different:Array(UInt32)}, 1::UInt32)
   AND places >= transform(rule, {rules:Array(String)}, {places:Array(UInt32)}, 1::UInt32)
ORDER BY first DESC
LIMIT 100 BY rule;
