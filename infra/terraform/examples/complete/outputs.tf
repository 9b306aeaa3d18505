output "role_arns" {
  description = "For the annotation eks.amazonaws.com/role-arn, by service account."
  value = merge(
    { for name, account in local.accounts : account => module.landing[name].arn },
    { for account in var.dagster_service_accounts : account => module.dagster.arn },
  )
}

output "environment" {
  description = "Settings of landing jobs and Dagster."
  value = {
    HOURGLASS_BUCKET    = module.bucket.name
    HOURGLASS_S3_REGION = var.region
  }
}
