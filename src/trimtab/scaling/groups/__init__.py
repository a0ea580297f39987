"""Auto Scaling groups: instances, activities, hooks, warm pools, refreshes, schedules and policies."""
