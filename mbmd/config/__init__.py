"""What the user asked for, typed and checked."""
