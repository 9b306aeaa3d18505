output "integration_iam_user_arn" {
  description = "STORAGE_AWS_IAM_USER_ARN: whom the role must trust."
  value       = one(snowflake_storage_integration_aws.this.describe_output[*].iam_user_arn)
}

output "integration_external_id" {
  description = "STORAGE_AWS_EXTERNAL_ID: with which external id."
  value       = one(snowflake_storage_integration_aws.this.describe_output[*].external_id)
}
