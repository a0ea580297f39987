"""CloudWatch metrics: one operation a file, over the metrics room."""
