"""Alert rules for Prometheus, their tests, and promtool, which evaluates them."""
