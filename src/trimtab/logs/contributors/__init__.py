"""Contributor Insights: rules that say who contributes to what is logged, and reports of the top contributors."""
