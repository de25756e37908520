"""Where readings are sent to: brokers, databases, and whatever a package of the user's adds."""
