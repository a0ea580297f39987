-- name: invocations
-- One row an invocation, from whatever was logged about it: REPORT and START lines, the platform's JSON, an event of
-- Lambda Insights, OpenTelemetry's faas attributes. `/*and*/` is the window of the lines that are read; an invocation is
-- of the time at which it ended. Lines without a request id belong to the request that their stream last began: a
-- sandbox has one at a time. A request that was tried again has a row for each try; where the platform reported it,
-- the event of Lambda Insights about the same request is left out. -1 is a number that nobody told.
SELECT account, region, function, request, version, group_id, log_group, stream, trace, architecture, cold, status,
       problem, source, duration, billed, memory, used, init, end_ms,
       least(if(began > 0, began, end_ms - toInt64(ceil(greatest(duration, 0)))) - toInt64(ceil(greatest(init, 0))), end_ms)
           AS start_ms
FROM (
    SELECT *, max(source = 'report') OVER (PARTITION BY account, region, function, request) AS reported
    FROM (
        SELECT account, region, function, request, `group` AS group_id, any(log_group) AS log_group, any(stream) AS stream,
               anyIf(told_version, told_version != '') AS version, anyIf(told_trace, told_trace != '') AS trace,
               anyIf(arch, arch != '') AS architecture,
               multiIf(countIf(kind = 'report') > 0, 'report', countIf(kind = 'insights') > 0, 'insights',
                       countIf(kind = 'otlp') > 0, 'otlp', '') AS source,
               argMax(number, rank) AS numbers,
               if(source = 'otlp', toFloat64(max(at) - min(at)), numbers.1) AS duration,
               numbers.2 AS billed, if(source = 'otlp', max(otlp_memory), numbers.3) AS memory, numbers.4 AS used,
               numbers.5 AS init,
               numbers.5 >= 0 OR max(told_cold) AS cold,
               multiIf(max(outcome) = 2, 'timeout', max(outcome) = 1, 'error', 'ok') AS status,
               argMax(told_problem, outcome * 2 + (told_problem != '')) AS problem,
               minIf(at, kind = 'start') AS began,
               multiIf(source = 'report', maxIf(at, kind = 'report'), source = 'insights', maxIf(at, kind = 'insights'),
                       max(at)) AS end_ms
        FROM (
            SELECT *, if(kind = 'trouble' AND carried != '', carried, own) AS request
            FROM (
                SELECT *, ifNull(anyLast(nullIf(if(kind = 'trouble', '', own), '')) OVER in_stream, '') AS carried,
                       sum(kind = 'start') OVER in_stream AS turn
                FROM (/*lines*/)
                WINDOW in_stream AS (PARTITION BY `group`, stream_id ORDER BY at, id ROWS UNBOUNDED PRECEDING)
            )
        )
        WHERE request != ''
        GROUP BY account, region, function, request, `group`, stream_id, turn
    )
    WHERE source != ''
)
WHERE (source != 'insights' OR NOT reported) AND end_ms >= {from:Int64} AND end_ms < {to:Int64};

-- name: lines
-- What the lines of a window say of invocations: their kind, request and numbers (duration, billed, memory, used, init).
SELECT account, region, `group`, log_group, stream, stream_id, id, toUnixTimestamp64Milli(time) AS at,
       startsWith(message, '{') AS is_json, if(is_json, JSONExtractString(message, 'type'), '') AS platform,
       multiIf(startsWith(message, 'START RequestId: ') OR platform = 'platform.start', 'start',
               startsWith(message, 'REPORT RequestId: ') OR platform = 'platform.report', 'report',
               is_json AND JSONHas(message, 'billed_mb_ms'), 'insights',
               mapContains(attributes, 'faas.invocation_id') OR mapContains(attributes, 'faas.execution'), 'otlp',
               'trouble') AS kind,
       toUInt8(transform(kind, ['report', 'insights'], [2, 1], 0)) AS rank,
       multiIf(is_json AND kind IN ('start', 'report'), JSONExtractString(message, 'record', 'requestId'),
               kind = 'insights', JSONExtractString(message, 'request_id'),
               kind = 'otlp', if(mapContains(attributes, 'faas.invocation_id'), attributes['faas.invocation_id'],
                                 attributes['faas.execution']),
               extract(message, '([0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+)')) AS own,
       extract(stream, '^[0-9]+/[0-9]+/[0-9]+/([^\\[]*)\\[') AS in_stream_name,
       multiIf(attributes['faas.name'] != '', attributes['faas.name'],
               kind = 'insights', JSONExtractString(message, 'function_name'),
               startsWith(log_group, '/aws/lambda/'), substring(log_group, 13),
               in_stream_name != '', in_stream_name,
               log_group) AS function,
       multiIf(kind = 'start' AND is_json, JSONExtractString(message, 'record', 'version'),
               kind = 'start', extract(message, 'Version: (\\S+)'),
               kind = 'insights', JSONExtractString(message, 'version'),
               attributes['faas.version'] != '', attributes['faas.version'],
               extract(stream, '\\[([$A-Z0-9]+)\\]')) AS told_version,
       multiIf(kind = 'report' AND is_json,
               extract(JSONExtractString(message, 'record', 'tracing', 'value'), 'Root=([^;]+)'),
               kind = 'report', extract(message, 'XRAY TraceId: (\\S+)'),
               kind = 'insights', JSONExtractString(message, 'trace_id'),
               toString(trace_id)) AS told_trace,
       transform(attributes['host.arch'], ['arm64', 'amd64'], ['arm64', 'x86_64'], '') AS arch,
       multiIf(
           kind = 'report' AND is_json,
           (JSONExtract(message, 'record', 'metrics', 'durationMs', 'Nullable(Float64)'),
            JSONExtract(message, 'record', 'metrics', 'billedDurationMs', 'Nullable(Float64)'),
            JSONExtract(message, 'record', 'metrics', 'memorySizeMB', 'Nullable(Float64)'),
            JSONExtract(message, 'record', 'metrics', 'maxMemoryUsedMB', 'Nullable(Float64)'),
            coalesce(JSONExtract(message, 'record', 'metrics', 'initDurationMs', 'Nullable(Float64)'),
                     JSONExtract(message, 'record', 'metrics', 'restoreDurationMs', 'Nullable(Float64)'))),
           kind = 'report',
           (toFloat64OrNull(extract(message, 'RequestId: \\S+\\s+Duration: ([0-9.]+)')),
            toFloat64OrNull(extract(message, 'Billed Duration: ([0-9.]+)')),
            toFloat64OrNull(extract(message, 'Memory Size: ([0-9.]+)')),
            toFloat64OrNull(extract(message, 'Max Memory Used: ([0-9.]+)')),
            coalesce(toFloat64OrNull(extract(message, 'Init Duration: ([0-9.]+)')),
                     toFloat64OrNull(extract(message, 'MB\\s+Restore Duration: ([0-9.]+)')))),
           kind = 'insights',
           (JSONExtract(message, 'duration', 'Nullable(Float64)'), JSONExtract(message, 'billed_duration', 'Nullable(Float64)'),
            JSONExtract(message, 'total_memory', 'Nullable(Float64)'), JSONExtract(message, 'used_memory_max', 'Nullable(Float64)'),
            JSONExtract(message, 'init_duration', 'Nullable(Float64)')),
           (NULL, NULL, NULL, NULL, NULL)) AS perhaps,
       (ifNull(perhaps.1, -1), ifNull(perhaps.2, -1), ifNull(perhaps.3, -1), ifNull(perhaps.4, -1), ifNull(perhaps.5, -1))
           AS number,
       ifNull(toFloat64OrNull(attributes['faas.max_memory']) / 1048576, -1) AS otlp_memory,
       if(kind = 'insights', JSONExtractBool(message, 'cold_start'), attributes['faas.coldstart'] = 'true') AS told_cold,
       multiIf(kind = 'report' AND is_json, JSONExtractString(message, 'record', 'status'),
               kind = 'report', extract(message, 'Status: (\\w+)'), '') AS told_status,
       multiIf(told_status = 'timeout' OR position(message, 'Task timed out after') > 0
                   OR (kind = 'insights' AND JSONExtractBool(message, 'timeout')), 2,
               told_status IN ('error', 'failure') OR kind = 'trouble'
                   OR (kind = 'insights' AND JSONExtractString(message, 'shutdown_reason') = 'Failure')
                   OR (kind = 'otlp' AND upper(toString(severity)) IN ('ERROR', 'FATAL')), 1, 0) AS outcome,
       multiIf(outcome = 0, '',
               kind = 'report' AND is_json, JSONExtractString(message, 'record', 'errorType'),
               kind = 'report', extract(message, 'Error Type: (\\S+)'),
               kind = 'insights', JSONExtractString(message, 'shutdown_reason'),
               position(message, 'Task timed out after') > 0, extract(message, '(Task timed out after [0-9.]+ seconds)'),
               left(replaceRegexpOne(extract(message, '^([^\\n]*)'), '^[0-9TZ:.-]+\\s+[0-9a-f-]+\\s+', ''), 300))
           AS told_problem
FROM log_events
WHERE /*and*/ AND (
    message LIKE 'REPORT RequestId: %' OR message LIKE 'START RequestId: %'
    OR message LIKE '%"platform.start"%' OR message LIKE '%"platform.report"%' OR message LIKE '%"billed_mb_ms"%'
    OR message LIKE '%Task timed out after%' OR message LIKE '[ERROR] %Traceback (most recent call last)%'
    OR message LIKE '%ERROR%Invoke Error%' OR message LIKE '%ERROR%Uncaught Exception%' OR message LIKE '{"errorMessage":%'
    OR message LIKE '%Process exited before completing request%'
    OR mapContains(attributes, 'faas.invocation_id') OR mapContains(attributes, 'faas.execution'))
    AND length(message) <= 262144;

-- name: groups
-- The log groups of a window in which something is said of invocations; each part is one that an index answers.
SELECT DISTINCT `group` AS found
FROM log_events
WHERE /*and*/ AND (message LIKE '%REPORT RequestId: %' OR message LIKE '%"platform.report"%' OR message LIKE '%"billed_mb_ms"%')
UNION DISTINCT
SELECT DISTINCT `group` AS found
FROM log_events
WHERE /*and*/ AND (mapContains(attributes, 'faas.invocation_id') OR mapContains(attributes, 'faas.execution'));

-- name: functions
-- What the invocations of a window add up to by function and, where `by_version`, by version; `billed_mb_ms` is exact.
-- `series` counts them in equal parts of the range; `concurrency` is the most that ran at one time, from the overlap of
-- their `[start, end)`: what ends at a moment makes room for what starts at it.
SELECT account, region, function, if({by_version:UInt8} = 1, version, '') AS of_version, count() AS invocations,
       countIf(status = 'error') AS errors, countIf(status = 'timeout') AS timeouts, countIf(cold) AS colds,
       quantilesExactInclusive(0.5, 0.95, 0.99)(duration) AS durations, max(duration) AS longest,
       ifNull(quantilesExactInclusiveIf(0.5, 0.95, 1)(init, init >= 0), [nan, nan, nan]) AS inits,
       max(memory) AS memory_most, max(used) AS used_most, quantileExactInclusiveIf(0.99)(used, used >= 0) AS used_p99,
       sumIf(toUInt64(greatest(billed, 0)) * toUInt64(greatest(memory, 0)), billed >= 0 AND memory >= 0) AS billed_mb_ms,
       sumIf(toUInt64(greatest(billed, 0)), billed >= 0) AS billed_ms,
       countIf(billed < 0 OR memory < 0) AS unbilled, anyIf(architecture, architecture != '') AS arch,
       any(group_id) AS in_group, any(log_group) AS in_log_group, max(end_ms) AS last_ms,
       sumMap([toUInt32(intDiv(end_ms - {from:Int64}, {step:Int64}))], [toUInt64(1)]) AS series,
       arrayMax(arrayCumSum(edge -> edge.2, arraySort(groupArrayArray([(start_ms, toInt8(1)), (end_ms, toInt8(-1))])))) AS concurrency
FROM (/*invocations*/)
WHERE {function:String} = '' OR function = {function:String}
GROUP BY account, region, function, of_version
ORDER BY invocations DESC, account, region, function, of_version
LIMIT {most:UInt32};

-- name: listed
-- Single invocations of a function, or of all; `/*order*/` is one of the orders that are known.
SELECT *
FROM (/*invocations*/)
WHERE ({function:String} = '' OR function = {function:String}) AND ({account:String} = '' OR account = {account:String})
  AND ({version:String} = '' OR version = {version:String}) AND ({only:String} = '' OR status = {only:String} OR ({only:String} = 'cold' AND cold))
ORDER BY /*order*/, end_ms DESC, request
LIMIT {limit:UInt32};

-- name: durations
-- How many invocations of a function took how long: ten buckets a decade of milliseconds, cold ones apart; and by part
-- of the range how many there were, how many failed, how many were cold.
SELECT toInt32(floor(log10(greatest(duration, 0.1)) * 10)) AS bucket, toInt32(intDiv(end_ms - {from:Int64}, {step:Int64})) AS part,
       count() AS invocations, countIf(cold) AS colds, countIf(status != 'ok') AS failed
FROM (/*invocations*/)
WHERE function = {function:String} AND ({account:String} = '' OR account = {account:String})
  AND ({version:String} = '' OR version = {version:String})
GROUP BY bucket, part;
