-- name: days
-- What each day of a range was made from, the newest making.
SELECT day, version, until, marks, telemetry, bill
FROM fleet_days FINAL
WHERE day >= {first:UInt32} AND day < {last:UInt32}
ORDER BY day;

-- name: machines_of_day
-- The machines that a day has rows of.
SELECT machine FROM fleet_machine_days FINAL WHERE day = {day:UInt32} AND devices > 0;

-- name: sums
-- Whole days added up by machine, state, reason and holder.
SELECT day, machine, sum_state AS state, sum_reason AS reason, sum_holder AS holder, sum_team AS team,
       sum_amount AS amount, sum_active AS active, sum_known AS known, sum_stray AS stray, sum_assumed AS assumed
FROM fleet_machine_days FINAL
ARRAY JOIN sum_state, sum_reason, sum_holder, sum_team, sum_amount, sum_active, sum_known, sum_stray, sum_assumed
WHERE day >= {first:UInt32} AND day < {last:UInt32} /*and*/
ORDER BY day, machine, state, holder, reason;

-- name: parts
-- A part [start, end) of one day, in ms of the day, added up by step of it, machine, state, reason and holder.
SELECT day, intDiv(at, {step:UInt32}) AS bucket, machine, one_state AS state, one_reason AS reason,
       one_holder AS holder, one_team AS team, sum(inside * one_parts) AS amount, sum(one_active * inside / whole) AS active,
       sum(one_known * inside / whole) AS known, sum(one_stray * inside / whole) AS stray,
       sum(inside * one_parts * one_assumed) AS assumed
FROM (
  SELECT day, machine, greatest(one_start, {start:UInt32}) AS at,
         toInt64(least(one_end, {end:UInt32})) - toInt64(at) AS inside, toInt64(one_end) - toInt64(one_start) AS whole,
         one_state, one_reason, one_holder, one_team, one_parts, one_active, one_known, one_stray, one_assumed
  FROM fleet_machine_days FINAL
  ARRAY JOIN start AS one_start, end AS one_end, state AS one_state, reason AS one_reason, holder AS one_holder,
             team AS one_team, parts AS one_parts, active AS one_active, known AS one_known, stray AS one_stray,
             assumed AS one_assumed
  WHERE day >= {first:UInt32} AND day < {last:UInt32} AND one_start < {end:UInt32} AND one_end > {start:UInt32} /*and*/
)
GROUP BY day, bucket, machine, state, reason, holder, team
ORDER BY day, bucket, machine, state, holder, reason;

-- name: devices
-- A range by device, state, reason and holder: what a page of GPUs shows.
SELECT machine, one_device AS device, one_state AS state, one_reason AS reason, one_holder AS holder, one_team AS team,
       sum(inside * one_parts) AS amount, sum(one_active * inside / whole) AS active,
       sum(one_known * inside / whole) AS known, max(until) AS last
FROM (
  SELECT machine, greatest(day * 86400000 + one_start, {start:Int64}) AS at,
         least(day * 86400000 + one_end, {end:Int64}) AS until, toInt64(until) - toInt64(at) AS inside,
         toInt64(one_end) - toInt64(one_start) AS whole,
         one_device, one_state, one_reason, one_holder, one_team, one_parts, one_active, one_known
  FROM fleet_machine_days FINAL
  ARRAY JOIN device AS one_device, start AS one_start, end AS one_end, state AS one_state, reason AS one_reason,
             holder AS one_holder, team AS one_team, parts AS one_parts, active AS one_active, known AS one_known
  WHERE day >= {first:UInt32} AND day < {last:UInt32} /*and*/
)
WHERE inside > 0
GROUP BY machine, device, state, reason, holder, team
ORDER BY machine, device, state, holder, reason;

-- name: spans
-- The times of a range in which devices were held or down, each day's apart.
SELECT machine, one_device AS device, greatest(toInt64(day) * 86400000 + one_start, {start:Int64}) AS start,
       least(toInt64(day) * 86400000 + one_end, {end:Int64}) AS end, one_state AS state, one_reason AS reason,
       one_holder AS holder, one_parts AS parts
FROM (
  SELECT day, machine, one_device, one_start, one_end, one_state, one_reason, one_holder, one_parts
  FROM fleet_machine_days FINAL
  ARRAY JOIN device AS one_device, start AS one_start, end AS one_end, state AS one_state, reason AS one_reason,
             holder AS one_holder, parts AS one_parts
  WHERE day >= {first:UInt32} AND day < {last:UInt32} AND one_state IN (0, 1) /*and*/
)
WHERE start < end
ORDER BY machine, device, start;

-- name: held_steps
-- How many parts of a cluster's devices holders took and let go, by moment; what goes on at midnight is no step.
SELECT at, one_holder AS holder, one_team AS team, sum(delta) AS parts
FROM (
  SELECT one_holder, one_team, toInt64(one_parts) AS taken,
         greatest(toInt64(day) * 86400000 + one_start, {start:Int64}) AS begun,
         least(toInt64(day) * 86400000 + one_end, {end:Int64}) AS ended
  FROM fleet_machine_days FINAL
  ARRAY JOIN start AS one_start, end AS one_end, state AS one_state, holder AS one_holder, team AS one_team,
             parts AS one_parts
  WHERE day >= {first:UInt32} AND day < {last:UInt32} AND one_state = 1
    AND splitByChar('/', machine)[2] != ''
    AND ({cluster:String} = '' OR splitByChar('/', machine)[2] = {cluster:String}) /*and*/
)
ARRAY JOIN [begun, ended] AS at, [taken, -taken] AS delta
WHERE begun < ended
GROUP BY at, holder, team
HAVING parts != 0
ORDER BY at, holder, team;

-- name: device_days
-- A range by day and device: how long it existed, how long of that it was idle (free, or held, measured and not at work),
-- and how long free.
SELECT day, machine, one_device AS device, sum(inside * one_parts) AS amount,
       sum(multiIf(one_state = 2, toFloat64(inside * one_parts),
                   one_state = 1, greatest(one_known - one_active, 0) * inside / whole, 0)) AS idle,
       sum(if(one_state = 2, toFloat64(inside * one_parts), 0)) AS free
FROM (
  SELECT day, machine, greatest(day * 86400000 + one_start, {start:Int64}) AS at,
         least(day * 86400000 + one_end, {end:Int64}) AS until, toInt64(until) - toInt64(at) AS inside,
         toInt64(one_end) - toInt64(one_start) AS whole, one_device, one_state, one_parts, one_active, one_known
  FROM fleet_machine_days FINAL
  ARRAY JOIN device AS one_device, start AS one_start, end AS one_end, state AS one_state, parts AS one_parts,
             active AS one_active, known AS one_known
  WHERE day >= {first:UInt32} AND day < {last:UInt32} /*and*/
)
WHERE inside > 0
GROUP BY day, machine, device
ORDER BY day, machine, device;

-- name: device_hours
-- A range by hour and device: how long it existed.
SELECT day, machine, one_device AS device, toUInt32(intDiv(at - day * 86400000, 3600000)) AS hour,
       sum(inside * one_parts) AS amount
FROM (
  SELECT day, machine, greatest(day * 86400000 + one_start, {start:Int64}) AS at,
         toInt64(least(day * 86400000 + one_end, {end:Int64})) - toInt64(at) AS inside, one_device, one_parts
  FROM fleet_machine_days FINAL
  ARRAY JOIN device AS one_device, start AS one_start, end AS one_end, parts AS one_parts
  WHERE day >= {first:UInt32} AND day < {last:UInt32} /*and*/
)
WHERE inside > 0
GROUP BY day, machine, device, hour
ORDER BY day, machine, device, hour;

-- name: machines
-- The machines of a range as they were last.
SELECT machine, argMax(devices, day) AS last_devices, argMax(gpu_type, day) AS last_gpu_type,
       argMax(instance_type, day) AS last_instance_type, argMax(region, day) AS last_region,
       argMax(queue, day) AS last_queue,
       arrayDistinct(arrayFlatten(groupArray(bill_ids))) AS all_bill_ids
FROM fleet_machine_days FINAL
WHERE day >= {first:UInt32} AND day < {last:UInt32} AND devices > 0 /*and*/
GROUP BY machine
ORDER BY machine;

-- name: remarks
-- What did not fit, by day and machine.
SELECT day, machine, remark
FROM fleet_machine_days FINAL ARRAY JOIN remarks AS remark
WHERE day >= {first:UInt32} AND day < {last:UInt32} /*and*/
ORDER BY day, machine, remark;

-- name: telemetry_marks
-- How many late points each day has seen, by the marks of its hours.
SELECT intDiv(hour, 24) AS day, toUInt64(sum(marks)) AS marks
FROM metric_rollup_marks
WHERE hour >= {first:UInt32} * 24 AND hour < {last:UInt32} * 24
GROUP BY day;
