mock_provider "snowflake" {}

variables {
  locations       = ["s3://hourglass/platform-events/landing/"]
  role_arn        = "arn:aws:iam::111122223333:role/hourglass-snowflake"
  user_public_key = "MIIB"
}

run "the_writer_has_what_the_file_says" {
  command = plan # what prevent_destroy keeps, a test could not remove

  assert {
    condition = snowflake_grant_privileges_to_account_role.schema["writer.PROD"].privileges == toset([
      "CREATE EXTERNAL TABLE", "CREATE FILE FORMAT", "CREATE STAGE", "CREATE TABLE", "CREATE VIEW", "USAGE",
    ])
    error_message = "The privileges of the writer."
  }

  assert {
    condition     = snowflake_grant_privileges_to_account_role.schema["reader.PROD"].privileges == toset(["USAGE"])
    error_message = "The privileges of the reader."
  }

  assert {
    condition     = length(snowflake_grant_database_role.metering) == 0
    error_message = "The metering is read without being asked for."
  }
}

run "refuses_a_whole_bucket" {
  command = plan

  variables {
    locations = ["s3://hourglass/"]
  }

  expect_failures = [var.locations]
}
