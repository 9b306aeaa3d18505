variable "topics" {
  description = "Topics by name. Partitions can be added later and never removed."
  type = map(object({
    partitions      = optional(number, 12)
    retention_hours = optional(number, 168)
  }))

  validation {
    condition     = alltrue([for topic in var.topics : topic.retention_hours >= 24])
    error_message = "Retention must be longer than the longest outage of the landing job; less than a day is surely too short."
  }
}

variable "replication_factor" {
  description = "Replicas of each partition: one in each availability zone."
  type        = number
  default     = 3

  validation {
    condition     = var.replication_factor >= 3
    error_message = "With fewer than three replicas a broker that is replaced stops the producers, or loses records."
  }
}

variable "message_bytes_max" {
  description = "Largest batch of a producer, HOURGLASS_EVENT_BYTES_MAX and its envelope."
  type        = number
  default     = 1048588
}
