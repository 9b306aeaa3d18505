output "names" {
  description = "HOURGLASS_TOPIC of the streams."
  value       = sort([for topic in kafka_topic.this : topic.name])
}
