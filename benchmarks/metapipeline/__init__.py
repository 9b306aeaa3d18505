"""What the metapipeline costs: graph, SQL texts, page."""
