-- name: forget
-- Delete the rows of a lookup table but those of one version.
DELETE FROM log_lookup_rows
WHERE account = {account:String} AND region = {region:String} AND name = {name:String} AND version != {kept:UInt64};
