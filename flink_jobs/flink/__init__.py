"""Everything that is Flink's: its configuration, properties of its clients, REST interface, home and jars."""
