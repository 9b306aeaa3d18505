variable "name" {
  description = "Name of the role."
  type        = string
}

variable "policy" {
  description = "Which policy of policies/ the role has for each stream: landing or dagster."
  type        = string

  validation {
    condition     = contains(["landing", "dagster"], var.policy)
    error_message = "One of landing, dagster."
  }
}

variable "streams" {
  description = "Streams that the role may touch. A landing job has one; give each its own role."
  type        = set(string)

  validation {
    condition     = length(var.streams) <= 4
    error_message = "The policies of one role hold four streams; give further streams another role."
  }
}

variable "bucket_arn" {
  description = "ARN of the bucket."
  type        = string
}

variable "key_arn" {
  description = "ARN of the bucket's key."
  type        = string
}

variable "oidc_provider_arn" {
  description = "ARN of the identity provider of the Kubernetes cluster."
  type        = string
}

variable "namespace" {
  description = "Kubernetes namespace of the service accounts."
  type        = string
}

variable "service_accounts" {
  description = "Kubernetes service accounts that may take the role."
  type        = set(string)

  validation {
    condition     = length(var.service_accounts) > 0 && !anytrue([for name in var.service_accounts : strcontains(name, "*")])
    error_message = "At least one service account, each by its full name."
  }
}

variable "msk_cluster_arn" {
  description = "ARN of the MSK cluster, where its login is IAM; its topics are then read with this role."
  type        = string
  default     = null

  validation {
    condition     = var.msk_cluster_arn == null || can(regex("^arn:[^:]+:kafka:[^:]+:[0-9]+:cluster/[^/*]+/[^/*]+$", var.msk_cluster_arn))
    error_message = "The ARN of one cluster, arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>."
  }
}

variable "topics" {
  description = "Topics of the streams, for msk_cluster_arn; each by its full name."
  type        = set(string)
  default     = []

  validation {
    condition     = !anytrue([for topic in var.topics : strcontains(topic, "*")]) && (var.msk_cluster_arn == null || length(var.topics) > 0)
    error_message = "With msk_cluster_arn at least one topic, each by its full name."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
