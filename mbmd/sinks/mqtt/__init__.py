"""Readings by MQTT: one connection, and what is said on it in several conventions."""
