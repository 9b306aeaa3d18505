"""dbt, run inside the Dagster process: build the models of one hour, and write the sources that they read."""
