"""mbmd as a service of systemd: its unit, and what it takes to install, remove and look at it."""
