data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  streams  = toset(keys(var.streams))
  accounts = { for name, stream in var.streams : name => coalesce(stream.service_account, "${name}-landing-job") }
  # The integration needs the ARN before the role exists: the role needs the user of the integration.
  snowflake_role     = "${var.bucket}-snowflake"
  snowflake_role_arn = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${local.snowflake_role}"
}

module "bucket" {
  source = "../../modules/bucket"

  name    = var.bucket
  streams = local.streams
}

module "topics" {
  source = "../../modules/topics"

  topics = {
    for stream in var.streams : stream.topic => {
      partitions      = stream.partitions
      retention_hours = stream.retention_hours
    }
  }
}

module "landing" {
  source   = "../../modules/service_role"
  for_each = var.streams

  name              = "${var.bucket}-landing-${each.key}"
  policy            = "landing"
  streams           = [each.key]
  bucket_arn        = module.bucket.arn
  key_arn           = module.bucket.key_arn
  oidc_provider_arn = var.oidc_provider_arn
  namespace         = var.namespace
  service_accounts  = [local.accounts[each.key]]
  msk_cluster_arn   = var.msk_cluster_arn
  topics            = [each.value.topic]
}

module "dagster" {
  source = "../../modules/service_role"

  name              = "${var.bucket}-dagster"
  policy            = "dagster"
  streams           = local.streams
  bucket_arn        = module.bucket.arn
  key_arn           = module.bucket.key_arn
  oidc_provider_arn = var.oidc_provider_arn
  namespace         = var.namespace
  service_accounts  = var.dagster_service_accounts
  msk_cluster_arn   = var.msk_cluster_arn
  topics            = [for stream in var.streams : stream.topic]
}

module "snowflake" {
  source = "../../modules/snowflake"

  locations       = [for stream in local.streams : "s3://${var.bucket}/${stream}/landing/"]
  role_arn        = local.snowflake_role_arn
  user_public_key = var.user_public_key
}

module "snowflake_role" {
  source = "../../modules/snowflake_role"

  name         = local.snowflake_role
  streams      = local.streams
  bucket_arn   = module.bucket.arn
  key_arn      = module.bucket.key_arn
  iam_user_arn = module.snowflake.integration_iam_user_arn
  external_id  = module.snowflake.integration_external_id
}
