mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
}

variables {
  name         = "hourglass-snowflake"
  streams      = ["platform-events"]
  bucket_arn   = "arn:aws:s3:::hourglass"
  key_arn      = "arn:aws:kms:eu-central-1:111122223333:key/1234"
  iam_user_arn = "arn:aws:iam::999999999999:user/abcd-s"
  external_id  = "ABC_SFCRole=2_abc="
}

run "trusts_the_integration_alone" {
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["sts:ExternalId"] == var.external_id
    error_message = "The role is taken without the external id."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.AWS == var.iam_user_arn
    error_message = "The role trusts another user."
  }
}

run "refuses_a_whole_account" {
  command = plan

  variables {
    iam_user_arn = "arn:aws:iam::999999999999:root"
  }

  expect_failures = [var.iam_user_arn]
}
