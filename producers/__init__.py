"""Platform events to Kafka: the event contract, the client, and the programs that send."""
