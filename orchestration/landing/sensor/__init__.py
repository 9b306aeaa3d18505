"""One tick of the sensor `landed_hours`, its cursor, the tags of the runs it requests, and their asset selection."""
