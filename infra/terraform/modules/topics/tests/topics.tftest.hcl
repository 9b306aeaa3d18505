mock_provider "kafka" {}

variables {
  topics = { platform-events = { retention_hours = 72 } }
}

run "record_time_is_the_brokers" {
  command = plan # what prevent_destroy keeps, a test could not remove

  assert {
    condition     = kafka_topic.this["platform-events"].config["message.timestamp.type"] == "LogAppendTime"
    error_message = "Record time is the producer's."
  }

  assert {
    condition     = kafka_topic.this["platform-events"].config["retention.ms"] == "259200000" && kafka_topic.this["platform-events"].config["min.insync.replicas"] == "2"
    error_message = "Retention or replicas."
  }
}

run "refuses_a_short_retention" {
  command = plan

  variables {
    topics = { platform-events = { retention_hours = 1 } }
  }

  expect_failures = [var.topics]
}
