"""Forecasts: candidates judged on the series' own past, combined, with intervals that held there."""
