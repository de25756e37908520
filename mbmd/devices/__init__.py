"""Meters as data: one TOML table for each device type, its schema and the registry of the built-in ones."""
