"""The metapipeline as assets: model runs, the dbt graph, importance, unused models and a chart."""
