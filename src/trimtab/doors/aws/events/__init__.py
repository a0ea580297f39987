"""EventBridge on the AWS door."""
