"""What the Costs page says before there is a bill."""

IMPORT_COMMANDS = """\
# a Cost and Usage Report, FOCUS, a rate card or LLM API costs: a file, a folder …
trimtab import ./cur-2026-08.parquet

# … or where AWS Data Exports puts it
trimtab import s3://my-billing-bucket/exports/"""
