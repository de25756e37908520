"""SunSpec devices."""
