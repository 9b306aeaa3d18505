variable "name" {
  description = "Name of the bucket (HOURGLASS_BUCKET)."
  type        = string
}

variable "streams" {
  description = "Names of the streams that land in the bucket (HOURGLASS_STREAM of their landing jobs)."
  type        = set(string)

  validation {
    condition     = alltrue([for stream in var.streams : can(regex("^[a-z0-9][a-z0-9-]{0,62}$", stream))])
    error_message = "The name of a stream has lower-case letters, digits and hyphens, at most 63."
  }
}

variable "cold_after_days" {
  description = "Age in days at which landed objects move to the colder storage class; null: never."
  type        = number
  default     = 90

  validation {
    condition     = var.cold_after_days == null ? true : var.cold_after_days >= 30
    error_message = "S3 moves objects to a colder class after 30 days at the earliest."
  }
}

variable "cold_storage_class" {
  description = "Storage class of old hours. Snowflake and `hourglass hours verify` read them, so none that needs a restore."
  type        = string
  default     = "GLACIER_IR"

  validation {
    condition     = contains(["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"], var.cold_storage_class)
    error_message = "One of STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR: objects of the others must be restored before they are read, or are lost with their zone."
  }
}

variable "noncurrent_days" {
  description = "Days for which the former version of a landed object can be brought back. Those of the ledger and of the seals are kept for ever."
  type        = number
  default     = 90
}

variable "work_noncurrent_days" {
  description = "Days for which former versions of checkpoints, leases and logs are kept; these are written again all the time."
  type        = number
  default     = 7
}

variable "logs_days" {
  description = "Days for which the output of Dagster's runs is kept."
  type        = number
  default     = 90
}

variable "key_deletion_days" {
  description = "Days between the deletion of the key and its end."
  type        = number
  default     = 30
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
