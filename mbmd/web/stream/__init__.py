"""Readings and the status as they come, to any number of clients, by websocket and by server-sent events."""
