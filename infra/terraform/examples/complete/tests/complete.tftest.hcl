mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::hourglass" }
  }
}

mock_provider "kafka" {}

mock_provider "snowflake" {
  override_during = plan

  mock_resource "snowflake_storage_integration_aws" {
    defaults = {
      describe_output = [{
        iam_user_arn = "arn:aws:iam::999999999999:user/abcd-s"
        external_id  = "ABC_SFCRole=2_abc="
      }]
    }
  }
}

variables {
  region            = "eu-central-1"
  bucket            = "hourglass"
  bootstrap_servers = ["b-1.example:9098"]
  streams = {
    platform-events = { topic = "platform-events" }
    dagster-events  = { topic = "dagster-events", service_account = "relayed" }
  }
  dagster_service_accounts = ["dagster", "dagster-run"]
  oidc_provider_arn        = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABCD"
  user_public_key          = "MIIB"
}

run "joins_the_modules" {
  command = plan # what prevent_destroy keeps, a test could not remove

  assert {
    condition     = keys(output.role_arns) == ["dagster", "dagster-run", "platform-events-landing-job", "relayed"]
    error_message = "Each service account has a role."
  }

  assert {
    condition     = output.environment.HOURGLASS_S3_REGION == "eu-central-1"
    error_message = "The settings of the programs."
  }
}
