output "name" {
  description = "HOURGLASS_BUCKET."
  value       = aws_s3_bucket.this.id
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "key_arn" {
  description = "ARN of its key."
  value       = aws_kms_key.this.arn
}
