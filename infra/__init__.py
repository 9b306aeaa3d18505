"""The command line, and everything that runs the chain on one machine."""
