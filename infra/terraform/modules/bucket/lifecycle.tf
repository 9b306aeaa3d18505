locals {
  landed = toset(flatten([for stream in var.streams : ["${stream}/landing/", "${stream}/rejected/"]]))
  work   = toset(concat([for stream in var.streams : "flink/${stream}/"], ["dagster-logs/", "metapipeline/"]))
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket     = aws_s3_bucket.this.id
  depends_on = [aws_s3_bucket_versioning.this]

  # A start of the landing job completes or aborts what the former one has left. A job that is away for longer than this
  # loses the uploads that its newest checkpoint names, and its start is refused: `hourglass job start --from-ledger`.
  rule {
    id     = "abort-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = local.landed

    content {
      id     = "landed-${replace(trimsuffix(rule.value, "/"), "/", "-")}"
      status = "Enabled"

      filter {
        prefix = rule.value
      }

      dynamic "transition" {
        for_each = var.cold_after_days == null ? [] : [var.cold_after_days]

        content {
          days          = transition.value
          storage_class = var.cold_storage_class
        }
      }

      noncurrent_version_expiration {
        noncurrent_days = var.noncurrent_days
      }
    }
  }

  dynamic "rule" {
    for_each = local.work

    content {
      id     = "work-${replace(trimsuffix(rule.value, "/"), "/", "-")}"
      status = "Enabled"

      filter {
        prefix = rule.value
      }

      noncurrent_version_expiration {
        noncurrent_days = var.work_noncurrent_days
      }

      # the markers of deleted checkpoints, whose versions are gone
      expiration {
        expired_object_delete_marker = true
      }
    }
  }

  rule {
    id     = "logs"
    status = "Enabled"

    filter {
      prefix = "dagster-logs/"
    }

    expiration {
      days = var.logs_days
    }
  }
}
