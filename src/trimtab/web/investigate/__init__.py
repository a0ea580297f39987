"""The pages of investigations: what their addresses ask, and how time lines are shown."""
