"""What is shown: the page of the graph, the charts, the notebook."""
