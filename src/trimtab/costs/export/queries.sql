-- name: export_sizes
-- How many lines each account has in a range of days and a scope.
SELECT toString(sub_account_id) AS account, toUInt64(sum(lines)) AS lines
FROM cost_daily
WHERE day >= {first:Date} AND day <= {last:Date} AND /*scope*/
GROUP BY account
ORDER BY account;
