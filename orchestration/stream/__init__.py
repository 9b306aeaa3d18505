"""A stream as one YAML document: `HourlyStreamComponent` makes its assets, checks, job and sensors.

`document` describes the document, `catalog` reads all documents of the project without Dagster's definitions,
`component` makes definitions of one document from `assets`, `checks`, `hours` (job and sensor) and `observing`
(sensor), `binding` creates the clients that these use.
"""
