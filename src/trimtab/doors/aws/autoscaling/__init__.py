"""EC2 Auto Scaling: groups, launch configurations, policies, hooks, warm pools, refreshes."""
