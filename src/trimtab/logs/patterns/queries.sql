-- name: shapes
-- How often each shape of line came in each part of a window; lines that differ in numbers only are one shape, so
-- that few are masked. `/*and*/` is the window, `/*mask*/` the masking expression over `shape`.
SELECT /*mask*/ AS masked, part, sum(lines) AS lines, any(example) AS example, anyIf(severity, severity != '') AS level
FROM (
    SELECT replaceRegexpAll(text, {digits:String}, '0') AS shape, part, count() AS lines, any(text) AS example,
           any(toString(severity)) AS severity
    FROM (
        SELECT left(
                   if(startsWith(message, '{'),
                      coalesce(nullIf(JSONExtractString(message, 'message'), ''),
                               nullIf(JSONExtractString(message, 'msg'), ''), message),
                      message),
                   {longest:UInt32}) AS text,
               if(severity != '', toString(severity),
                  if(startsWith(message, '{'), JSONExtractString(message, 'level'), '')) AS severity,
               intDiv(toUnixTimestamp64Milli(time) - {from:Int64}, {step:Int64}) AS part
        FROM log_events
        WHERE /*and*/ AND (id % {one_in:UInt64} = 0)
    )
    GROUP BY shape, part
    ORDER BY lines DESC
    LIMIT {most:UInt32}
)
GROUP BY masked, part;


-- name: lines_between
-- How many lines of a window there are.
SELECT count() AS lines
FROM log_events
WHERE /*and*/;

-- name: slots
-- How often each shape of line came in each slot of each group; as `shapes`, with groups apart.
SELECT in_group, /*mask*/ AS masked, slot, sum(lines) AS lines, any(example) AS example,
       anyIf(severity, severity != '') AS level
FROM (
    SELECT in_group, replaceRegexpAll(text, {digits:String}, '0') AS shape, slot, count() AS lines, any(text) AS example,
           any(toString(severity)) AS severity
    FROM (
        SELECT `group` AS in_group,
               left(
                   if(startsWith(message, '{'),
                      coalesce(nullIf(JSONExtractString(message, 'message'), ''),
                               nullIf(JSONExtractString(message, 'msg'), ''), message),
                      message),
                   {longest:UInt32}) AS text,
               if(severity != '', toString(severity),
                  if(startsWith(message, '{'), JSONExtractString(message, 'level'), '')) AS severity,
               intDiv(toUnixTimestamp64Milli(time), {step:Int64}) * {step:Int64} AS slot
        FROM log_events
        WHERE /*and*/ AND (id % {one_in:UInt64} = 0)
    )
    GROUP BY in_group, shape, slot
    ORDER BY lines DESC
    LIMIT {most:UInt32}
)
GROUP BY in_group, masked, slot;
