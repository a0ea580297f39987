"""A Prometheus server, or what speaks its API (Thanos, Mimir, VictoriaMetrics), as a source."""
