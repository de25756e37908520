"""The latest values and the last minute of each device, and how they reach whoever wants them."""
