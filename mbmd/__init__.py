"""mbmd: polls Modbus meters and inverters and serves their readings."""

__version__ = "0.1.0"
