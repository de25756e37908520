"""Readings to InfluxDB, and to other databases that take its line protocol."""
