# The settings of topics that the proof rests on. They are those of any Kafka, MSK among them.

resource "kafka_topic" "this" {
  for_each = var.topics

  name               = each.key
  partitions         = each.value.partitions
  replication_factor = var.replication_factor

  config = {
    # The hour of a record is the broker's: reading the topic again gives the same hours.
    "message.timestamp.type" = "LogAppendTime"
    # A record that is gone before it landed is lost. Time alone removes records, never their size or their key.
    "cleanup.policy"      = "delete"
    "retention.ms"        = tostring(each.value.retention_hours * 3600 * 1000)
    "retention.bytes"     = "-1"
    "min.insync.replicas" = tostring(var.replication_factor - 1)
    # An acknowledged record must not be cut off by a broker that missed it.
    "unclean.leader.election.enable" = "false"
    "max.message.bytes"              = tostring(var.message_bytes_max)
  }

  lifecycle {
    prevent_destroy = true
  }
}
