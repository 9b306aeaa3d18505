"""How long the daemon needs for a tick when the instance holds three years of hourly partitions."""
