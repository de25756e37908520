"""Looks for devices on a bus: asks each unit, tells what it is, and sees through gateways that answer for all."""
