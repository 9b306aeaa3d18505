"""Turn measurements into rows, tables and the chart."""
