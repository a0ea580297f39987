"""What the Costs page says before there is a bill."""

IMPORT_FILE = """\
trimtab import ./cur-2026-08.parquet
trimtab import ./folder-of-exports/"""
IMPORT_S3 = """\
trimtab import s3://my-billing-bucket/exports/
trimtab costs imports"""
