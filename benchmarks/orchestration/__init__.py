"""What a tick of the sensor and a report cost on a bucket of any age."""
