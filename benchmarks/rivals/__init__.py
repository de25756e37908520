"""Others that poll the same meters for the same registers, each in a process of its own, until they are ended."""
