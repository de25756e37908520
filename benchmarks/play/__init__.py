"""Who plays the rest of the world: meters, lines, brokers, browsers; and the daemon as a child."""
