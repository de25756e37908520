"""The proof that the wheels work where they shall."""
