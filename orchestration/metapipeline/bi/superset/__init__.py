"""Apache Superset: dashboards, datasets and saved queries over its REST API, and use from its log."""
