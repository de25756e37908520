"""Simulated meters behind pymodbus servers: the independent witness, which uses neither _native nor protocol."""
