"""What a daemon consists of while it runs, and how that becomes another without a stop."""
