"""What a time line is read from: a file a room that knows what happened."""
