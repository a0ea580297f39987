"""Scraping of Prometheus and OpenMetrics text endpoints, delivered as remote write under the endpoints' own names."""
