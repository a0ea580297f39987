"""Where events come from beside PutEvents: alarms, audit, schedules, new objects, drift."""
