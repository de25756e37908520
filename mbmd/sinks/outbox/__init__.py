"""What waits for a broker or database that is away: the newest in memory, all else on disk."""
