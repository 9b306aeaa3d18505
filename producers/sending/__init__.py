"""Between a program that sends and the broker: connection, limits, outcomes."""
