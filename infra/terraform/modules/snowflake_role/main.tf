# The role that the storage integration of Snowflake takes: it reads accepted lines, and nothing else.

data "aws_region" "current" {}

locals {
  policies = "${path.module}/../../policies"
}

resource "aws_iam_role" "this" {
  name = var.name
  tags = var.tags

  assume_role_policy = templatefile("${local.policies}/snowflake_trust.json.tftpl", {
    iam_user_arn = var.iam_user_arn
    external_id  = var.external_id
  })
}

resource "aws_iam_role_policy" "stream" {
  for_each = var.streams

  role = aws_iam_role.this.id
  name = each.value

  policy = templatefile("${local.policies}/snowflake.json.tftpl", {
    bucket_arn = var.bucket_arn
    key_arn    = var.key_arn
    region     = data.aws_region.current.name
    stream     = each.value
  })
}
