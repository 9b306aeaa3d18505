"""The values that clients bind, and inserts of many rows."""
