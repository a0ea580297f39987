-- name: window
-- Spans of a window, each once (a span that was sent again, as it is now); `/*columns*/` and `/*and*/` by the reader.
SELECT /*columns*/
FROM spans FINAL
WHERE /*and*/
ORDER BY time, trace_id, span_id
LIMIT {limit:UInt64};

-- name: days
-- On which days these traces have spans; days since the epoch. `/*and*/` is the places of the scope.
SELECT DISTINCT trace_id, toInt32(day) AS on_day
FROM trace_times
WHERE /*and*/ AND trace_id IN {traces:Array(String)};

-- name: traces
-- Every span of these traces, the newest version of each first; `/*and*/` is the window of their days.
SELECT /*columns*/
FROM spans
WHERE /*and*/ AND trace_id IN {traces:Array(String)}
ORDER BY ingested DESC
LIMIT 1 BY trace_id, span_id;

-- name: search
-- Traces of a window that have a span for which `/*and*/` holds, the newest first, after a position.
SELECT trace_id, min(toUnixTimestamp64Milli(time)) AS at
FROM spans /*final*/
WHERE /*and*/
GROUP BY trace_id
HAVING (at, trace_id) < ({before:Int64}, {before_id:String})
ORDER BY at DESC, trace_id DESC
LIMIT {limit:UInt32};

-- name: search_whole
-- Traces for whose spans of the window (`/*window*/`) together `/*having*/` holds, of those with a span like `/*and*/`.
SELECT trace_id, min(toUnixTimestamp64Milli(time)) AS at
FROM spans /*final*/
WHERE /*window*/ AND trace_id IN (SELECT trace_id FROM spans WHERE /*and*/)
GROUP BY trace_id
HAVING (/*having*/) AND (at, trace_id) < ({before:Int64}, {before_id:String})
ORDER BY at DESC, trace_id DESC
LIMIT {limit:UInt32};

-- name: services
-- The services of a window: spans, entries, faults, errors, throttles and the percentiles of the entries' durations.
SELECT service, count() AS spans, countIf(segment) AS requests, countIf(segment AND fault) AS faults,
       countIf(segment AND error) AS errors, countIf(segment AND throttle) AS throttles,
       quantilesTDigestIf(0.5, 0.9, 0.99)(duration_ns, segment AND NOT partial) AS durations
FROM spans
WHERE /*and*/
GROUP BY service
ORDER BY spans DESC, service
LIMIT {limit:UInt32};

-- name: places
-- The accounts and regions that have spans in `[from, to)`.
SELECT DISTINCT account, region
FROM spans
WHERE time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
ORDER BY account, region;

-- name: faults
-- Requests and faults by minute of each service, entries of traces apart; `/*and*/` is the window and its traces.
SELECT service, anyIf(origin, origin != '') AS type, parent_id = '' AS root,
       intDiv(toUnixTimestamp64Milli(time), 60000) AS minute, count() AS total, countIf(fault) AS faults
FROM spans
WHERE segment AND service != '' AND /*and*/
GROUP BY service, root, minute
ORDER BY service, minute;

-- name: days_held
-- The days that have spans, as YYYYMMDD.
SELECT DISTINCT toUInt32(toYYYYMMDD(time)) AS on_day
FROM spans
ORDER BY on_day;

-- name: drop_trace_times
-- Forget on which days before one (days since the epoch) traces had spans.
DELETE FROM trace_times
WHERE day < toDate({day:UInt32});

-- name: let_go
-- Delete traces of a place that ended within a range, neither failed nor slow, and not of the share that is kept.
DELETE FROM spans
WHERE account = {account:String} AND region = {region:String}
  AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  AND trace_id IN (
    SELECT trace_id
    FROM spans
    WHERE account = {account:String} AND region = {region:String}
      AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
      AND cityHash64(trace_id) % {shares:UInt64} >= {share:UInt64}
    GROUP BY trace_id
    HAVING countIf(fault OR error OR throttle OR status = 'error' OR partial) = 0
       AND max(start_ns + duration_ns) - min(start_ns) < {slow_ns:Int64}
       AND max(ingested) < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  );

-- name: model_calls
-- Calls of models by hour, model, version, tenant and service: how many, failed, tokens, seconds, and the longest one.
-- The tenant is whom the span names, else whom another span of its trace names. A span around another with usage is no
-- call of its own, and spans that name the same answer are one call.
SELECT account, region, hour_ms, service, model, version, if(own != '', own, told.tenant) AS tenant, count() AS calls,
       countIf(bad) AS failed, sum(input) AS input_tokens, sum(output) AS output_tokens, sum(prefill) AS prefill_s,
       sum(decode) AS decode_s, argMax(trace_id, duration_ns) AS example
FROM (
  SELECT account, region, trace_id, service, duration_ns, intDiv(toUnixTimestamp64Milli(time), 3600000) * 3600000 AS hour_ms,
         fault OR error OR status = 'error' AS bad,
         coalesce(nullIf(attributes['gen_ai.response.model'], ''), nullIf(attributes['gen_ai.request.model'], ''),
                  attributes['triton.model_name']) AS model,
         coalesce(nullIf(attributes['model.version'], ''), nullIf(attributes['triton.model_version'], ''),
                  resource_attributes['service.version']) AS version,
         coalesce(nullIf(attributes['tenant.id'], ''), nullIf(attributes['tenant'], ''),
                  nullIf(attributes['enduser.id'], ''), attributes['user.id']) AS own,
         toFloat64OrZero(attributes['gen_ai.usage.input_tokens']) AS input,
         toFloat64OrZero(attributes['gen_ai.usage.output_tokens']) AS output,
         toFloat64OrZero(attributes['gen_ai.latency.time_in_model_prefill']) AS prefill,
         toFloat64OrZero(attributes['gen_ai.latency.time_in_model_decode']) AS decode
  FROM spans
  WHERE /*and*/ AND model != ''
    AND (trace_id, span_id) NOT IN (
      SELECT trace_id, parent_id
      FROM spans
      WHERE /*window*/ AND parent_id != '' AND hasAny(mapKeys(attributes), {marks:Array(String)})
    )
  LIMIT 1 BY account, if(attributes['gen_ai.response.id'] = '', span_id, attributes['gen_ai.response.id'])
) AS made
LEFT ANY JOIN (
  SELECT trace_id,
         max(coalesce(nullIf(attributes['tenant.id'], ''), nullIf(attributes['tenant'], ''),
                      nullIf(attributes['enduser.id'], ''), attributes['user.id'])) AS tenant
  FROM spans
  WHERE /*window*/
  GROUP BY trace_id
) AS told USING trace_id
GROUP BY account, region, hour_ms, service, model, version, tenant
ORDER BY calls DESC, account, region, hour_ms, service, model, version, tenant
LIMIT {limit:UInt32};

-- name: hour_marks
-- By hour how many spans it has and when the newest of them came: what changes when spans come.
SELECT intDiv(toUnixTimestamp64Milli(time), 3600000) * 3600000 AS hour_ms, count() AS number,
       toUnixTimestamp64Milli(max(ingested)) AS newest_ms
FROM spans
WHERE /*window*/
GROUP BY hour_ms;

-- name: model_spans
-- Spans of traces in which one has any of these attributes, with what is asked of their attributes; each once.
SELECT account, region, service, trace_id, span_id, parent_id, start_ns, duration_ns,
       fault OR error OR throttle OR status = 'error' AS failed,
       hasAny(mapKeys(attributes), {marks:Array(String)}) AS marked,
       mapFilter((name, value) -> (marked AND has({names:Array(String)}, name)) OR has({around:Array(String)}, name),
                 attributes) AS said,
       mapFilter((name, value) -> marked AND has({names:Array(String)}, name), resource_attributes) AS resource_said
FROM spans
WHERE /*window*/
  AND trace_id IN (
    SELECT trace_id
    FROM spans
    WHERE /*window*/ AND hasAny(mapKeys(attributes), {marks:Array(String)})
  )
ORDER BY start_ns, trace_id, span_id, ingested DESC
LIMIT 1 BY account, trace_id, span_id
LIMIT {limit:UInt32};

-- name: operations
-- Operations of services with what came to them in a window, the busiest first; '' asks for every service.
SELECT service, name AS operation, /*environment*/ AS environment, count() AS requests, countIf(fault) AS faults
FROM spans FINAL
WHERE segment AND service != '' AND ({service:String} = '' OR service = {service:String}) AND /*and*/
GROUP BY service, operation, environment
ORDER BY requests DESC, service, operation
LIMIT {limit:UInt32};

-- name: requests_over_time
-- Requests to a service by period of `step` ms: all, failed ones, those within `limit_ns`, and how long they took.
SELECT intDiv(toUnixTimestamp64Milli(time), {step:Int64}) * {step:Int64} AS at_ms, count() AS total,
       countIf(fault) AS faults, countIf(duration_ns /*compared*/ {limit_ns:Float64}) AS within,
       avg(duration_ns) AS mean_ns, quantileExact(/*share*/)(duration_ns) AS share_ns
FROM spans FINAL
WHERE segment AND NOT partial AND service = {service:String} AND /*and*/
  AND ({operation:String} = '' OR name = {operation:String})
  AND ({environment:String} = '' OR /*environment*/ = {environment:String})
GROUP BY at_ms
ORDER BY at_ms;
