"""Metric streams: what metrics say, minute by minute, sent on continuously."""
