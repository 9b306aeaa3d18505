variable "region" {
  description = "Region of bucket and topics."
  type        = string
}

variable "bucket" {
  description = "Name of the bucket."
  type        = string
}

variable "bootstrap_servers" {
  description = "Brokers of the MSK cluster, host:port."
  type        = list(string)
}

variable "streams" {
  description = "Streams by name, with the topic of each. The service account of a landing job is <stream>-landing-job unless it is named."
  type = map(object({
    topic           = string
    partitions      = optional(number, 12)
    retention_hours = optional(number, 168)
    service_account = optional(string)
  }))
}

variable "namespace" {
  description = "Kubernetes namespace of the service accounts."
  type        = string
  default     = "hourglass"
}

variable "dagster_service_accounts" {
  description = "Service accounts of code server, daemon, webserver and runs."
  type        = set(string)
  default     = ["dagster"]
}

variable "oidc_provider_arn" {
  description = "ARN of the identity provider of the EKS cluster."
  type        = string
}

variable "user_public_key" {
  description = "RSA public key of the Snowflake user."
  type        = string
}

variable "msk_cluster_arn" {
  description = "ARN of the MSK cluster, where its login is IAM."
  type        = string
  default     = null
}
