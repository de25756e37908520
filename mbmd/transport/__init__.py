"""Moves bytes and knows no Modbus."""
