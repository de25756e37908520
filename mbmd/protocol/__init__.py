"""Modbus: PDUs, their framings, and what the answers mean."""
