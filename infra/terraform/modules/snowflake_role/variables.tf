variable "name" {
  description = "Name of the role, which the storage integration has been given (STORAGE_AWS_ROLE_ARN)."
  type        = string
}

variable "streams" {
  description = "Streams whose accepted lines Snowflake reads."
  type        = set(string)
}

variable "bucket_arn" {
  description = "ARN of the bucket."
  type        = string
}

variable "key_arn" {
  description = "ARN of the bucket's key."
  type        = string
}

variable "iam_user_arn" {
  description = "STORAGE_AWS_IAM_USER_ARN of DESC INTEGRATION."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:user/.+$", var.iam_user_arn))
    error_message = "The ARN of the one user of Snowflake, not of an account."
  }
}

variable "external_id" {
  description = "STORAGE_AWS_EXTERNAL_ID of DESC INTEGRATION."
  type        = string

  validation {
    condition     = length(var.external_id) > 0 && !strcontains(var.external_id, "*")
    error_message = "Without an external id any account of Snowflake could name this role."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
