"""The platform graph and its findings as one static HTML page."""
