mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/1234" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::hourglass" }
  }
}

variables {
  name    = "hourglass"
  streams = ["platform-events", "dagster-events"]
}

run "closed_to_the_public_and_encrypted" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket is open to the public."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.this.arn
    error_message = "Objects are not encrypted with the key of the bucket."
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Enabled" && aws_kms_key.this.enable_key_rotation
    error_message = "Versions are not kept, or the key is not rotated."
  }

  assert {
    condition     = contains(jsondecode(aws_s3_bucket_policy.this.policy).Statement[*].Sid, "TlsOnly")
    error_message = "The bucket answers without TLS."
  }
}

run "proofs_are_kept_and_uploads_aborted" {
  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule : alltrue([
        for proof in ["ledger", "ledger-days", "seals", "chain", "published", "restatements"] :
        !startswith("platform-events/${proof}/", try(rule.filter[0].prefix, "")) || (length(rule.expiration) == 0 && length(rule.transition) == 0 && length(rule.noncurrent_version_expiration) == 0)
      ])
    ])
    error_message = "A rule moves or expires what proves an hour."
  }

  assert {
    condition = anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule : try(rule.abort_incomplete_multipart_upload[0].days_after_initiation, 0) == 7
    ])
    error_message = "Uploads are not aborted after seven days."
  }

  assert {
    condition = length([
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule if try(one(rule.transition).storage_class, "") == "GLACIER_IR"
    ]) == 4
    error_message = "Landed and rejected records of both streams move to the colder class."
  }
}

run "nothing_is_moved_when_asked_not_to" {
  variables {
    cold_after_days = null
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : length(rule.transition) == 0])
    error_message = "An object is moved."
  }
}

run "refuses_a_class_that_must_be_restored" {
  command = plan

  variables {
    cold_storage_class = "DEEP_ARCHIVE"
  }

  expect_failures = [var.cold_storage_class]
}
