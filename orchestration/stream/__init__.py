"""A stream as one YAML document: `HourlyStreamComponent` makes its assets, checks, jobs and sensors.

`document` describes the document, `catalog` reads all documents of the project without Dagster's definitions,
`binding` creates the clients of one, and `component` makes its definitions from those of `definitions`.
"""
