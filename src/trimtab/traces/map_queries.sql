-- name: nodes
-- Services by what came to them: segments of a window, with a histogram of response times (powers of 1.1 of a second).
SELECT account, service, anyIf(origin, origin != '') AS type, countIf(parent_id = '') AS roots,
       min(toUnixTimestamp64Milli(time)) AS first_ms, max(intDiv(start_ns + duration_ns, 1000000)) AS last_ms,
       count() AS total, countIf(fault) AS faults, countIf(error) AS errors, countIf(throttle) AS throttles,
       sum(duration_ns) AS spent_ns,
       sumMapIf([toInt16(round(log(greatest(duration_ns, 1) / 1e9) / log(1.1)))], [toUInt64(1)], NOT partial) AS bins
FROM spans FINAL
WHERE segment AND service != '' AND /*and*/
GROUP BY account, service
ORDER BY total DESC, account, service
LIMIT {limit:UInt32};

-- name: calls
-- Calls of a window to what sends no segments itself, by caller and called.
SELECT account, service, peer, anyIf(origin, origin != '') AS type,
       min(toUnixTimestamp64Milli(time)) AS first_ms, max(intDiv(start_ns + duration_ns, 1000000)) AS last_ms,
       count() AS total, countIf(fault) AS faults, countIf(error) AS errors, countIf(throttle) AS throttles,
       sum(duration_ns) AS spent_ns,
       sumMapIf([toInt16(round(log(greatest(duration_ns, 1) / 1e9) / log(1.1)))], [toUInt64(1)], NOT partial) AS bins
FROM spans FINAL
WHERE kind IN ('client', 'producer') AND peer != '' AND service != '' AND /*and*/
  AND (trace_id, span_id) NOT IN (SELECT trace_id, parent_id FROM spans WHERE segment AND parent_id != '' AND /*and*/)
GROUP BY account, service, peer
ORDER BY total DESC, account, service, peer
LIMIT {limit:UInt32};

-- name: edges
-- Requests between services, as the caller saw them where it has a span of the call.
SELECT p.account AS account, p.service AS service, c.account AS to_account, c.service AS to_service,
       min(c.at_ms) AS first_ms, max(c.end_ms) AS last_ms, count() AS total,
       countIf(c.fault OR p.fault AND p.call) AS faults, countIf(c.error OR p.error AND p.call) AS errors,
       countIf(c.throttle OR p.throttle AND p.call) AS throttles,
       sum(if(p.call, p.duration_ns, c.duration_ns)) AS spent_ns,
       sumMapIf(
           [toInt16(round(log(greatest(if(p.call, p.duration_ns, c.duration_ns), 1) / 1e9) / log(1.1)))],
           [toUInt64(1)], NOT c.partial) AS bins
FROM (
    SELECT trace_id, parent_id, account, service, duration_ns, fault, error, throttle, partial,
           toUnixTimestamp64Milli(time) AS at_ms, intDiv(start_ns + duration_ns, 1000000) AS end_ms
    FROM spans FINAL
    WHERE segment AND parent_id != '' AND service != '' AND /*and*/
) AS c
INNER JOIN (
    SELECT trace_id, span_id, account, service, duration_ns, fault, error, throttle,
           kind IN ('client', 'producer') AS call
    FROM spans FINAL
    WHERE service != '' AND /*and*/
      AND (trace_id, span_id) IN (SELECT trace_id, parent_id FROM spans WHERE segment AND parent_id != '' AND /*and*/)
) AS p ON p.trace_id = c.trace_id AND p.span_id = c.parent_id
GROUP BY account, service, to_account, to_service
ORDER BY total DESC, account, service, to_service
LIMIT {limit:UInt32};

-- name: over_time
-- What came to the entities that `/*entities*/` selects, by period of `step` milliseconds.
SELECT intDiv(toUnixTimestamp64Milli(time), {step:Int64}) * {step:Int64} AS at_ms,
       count() AS total, countIf(fault) AS faults, countIf(error) AS errors, countIf(throttle) AS throttles,
       sum(duration_ns) AS spent_ns,
       sumMapIf([toInt16(round(log(greatest(duration_ns, 1) / 1e9) / log(1.1)))], [toUInt64(1)], NOT partial) AS bins
FROM spans FINAL
WHERE /*and*/ AND /*entities*/
GROUP BY at_ms
ORDER BY at_ms;
