"""A bus: one connection, its devices, and who is asked when."""
