variable "database" {
  description = "HOURGLASS_SNOWFLAKE_DATABASE."
  type        = string
  default     = "AWS"
}

variable "schemas" {
  description = "HOURGLASS_SNOWFLAKE_SCHEMA of each deployment."
  type        = set(string)
  default     = ["PROD"]
}

variable "warehouse" {
  description = "HOURGLASS_SNOWFLAKE_WAREHOUSE."
  type        = string
  default     = "HOURGLASS"
}

variable "warehouse_size" {
  description = "Size of the warehouse; the models of an hour need no more than the smallest."
  type        = string
  default     = "XSMALL"
}

variable "suspend_after_seconds" {
  description = "Idle time after which the warehouse is suspended; each resume costs a minute."
  type        = number
  default     = 60
}

variable "statement_seconds_max" {
  description = "After which the warehouse cancels a statement; HOURGLASS_SNOWFLAKE_STATEMENT_TIMEOUT_SECONDS is shorter."
  type        = number
  default     = 3600
}

variable "credits_a_month" {
  description = "Quota of the resource monitor: at 100 % running statements end and no further ones begin."
  type        = number
  default     = 50
}

variable "integration" {
  description = "HOURGLASS_SNOWFLAKE_STORAGE_INTEGRATION."
  type        = string
  default     = "AWS_INTEGRATION"
}

variable "locations" {
  description = "Locations that stages of the integration may have, each with its last slash."
  type        = set(string)

  validation {
    condition     = alltrue([for location in var.locations : can(regex("^s3://[^/*]+/.+/$", location))])
    error_message = "s3://bucket/stream/landing/: a whole bucket is too much, and without the last slash another prefix matches, too."
  }
}

variable "role_arn" {
  description = "ARN of the role that the integration takes. It need not exist yet."
  type        = string
}

variable "writer" {
  description = "HOURGLASS_SNOWFLAKE_ROLE: creates and refreshes stages and tables, builds models."
  type        = string
  default     = "AWS_WRITER"
}

variable "reader" {
  description = "Role of people and tools that read tables and models."
  type        = string
  default     = "AWS_READER"
}

variable "parent_role" {
  description = "Role to which both are granted, so that administrators may do what they may."
  type        = string
  default     = "SYSADMIN"
}

variable "user" {
  description = "HOURGLASS_SNOWFLAKE_USER."
  type        = string
  default     = "HOURGLASS"
}

variable "user_public_key" {
  description = "RSA public key of the user, without header and line breaks (HOURGLASS_SNOWFLAKE_PRIVATE_KEY_FILE has the other half)."
  type        = string
}

variable "metering" {
  description = "Whether the metapipeline reads the metered credits (`credits: {metering: true}` of its document)."
  type        = bool
  default     = false
}
