"""Jobs over selections of assets, at the times of a cron expression, as YAML."""
