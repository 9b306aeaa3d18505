# A role for service accounts of Kubernetes (IRSA): what its programs ask of the bucket, and nothing more. The programs
# find it by AWS's own chain; no key is set anywhere.

data "aws_region" "current" {}

locals {
  policies = "${path.module}/../../policies"
  # arn:aws:iam::<account>:oidc-provider/<issuer>
  issuer = split(":oidc-provider/", var.oidc_provider_arn)[1]
  groups = {
    landing = concat([for stream in var.streams : "hourglass-${stream}"], ["hourglass-ledger-check"])
    dagster = ["hourglass-attestation"]
  }
  scope = { bucket_arn = var.bucket_arn, key_arn = var.key_arn, region = data.aws_region.current.name }
}

resource "aws_iam_role" "this" {
  name = var.name
  tags = var.tags

  assume_role_policy = templatefile("${local.policies}/irsa.json.tftpl", {
    oidc_provider_arn = var.oidc_provider_arn
    oidc_issuer       = local.issuer
    subjects          = jsonencode(sort([for name in var.service_accounts : "system:serviceaccount:${var.namespace}:${name}"]))
  })
}

resource "aws_iam_role_policy" "stream" {
  for_each = var.streams

  role   = aws_iam_role.this.id
  name   = each.value
  policy = templatefile("${local.policies}/${var.policy}.json.tftpl", merge(local.scope, { stream = each.value }))
}

# what Dagster keeps beside the streams: the output of its runs, and the state of the metapipeline
resource "aws_iam_role_policy" "instance" {
  count = var.policy == "dagster" ? 1 : 0

  role   = aws_iam_role.this.id
  name   = "instance"
  policy = templatefile("${local.policies}/dagster_instance.json.tftpl", local.scope)
}

# reading the topics of an MSK cluster whose login is IAM
resource "aws_iam_role_policy" "msk" {
  count = var.msk_cluster_arn == null ? 0 : 1

  role = aws_iam_role.this.id
  name = "msk"
  policy = templatefile("${local.policies}/msk.json.tftpl", {
    cluster_arn = var.msk_cluster_arn
    topic_arns  = jsonencode(sort([for topic in var.topics : "${replace(var.msk_cluster_arn, ":cluster/", ":topic/")}/${topic}"]))
    group_arns  = jsonencode(sort([for group in local.groups[var.policy] : "${replace(var.msk_cluster_arn, ":cluster/", ":group/")}/${group}"]))
  })
}
