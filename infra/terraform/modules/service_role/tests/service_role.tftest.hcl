mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
}

variables {
  name              = "hourglass-landing"
  policy            = "landing"
  streams           = ["platform-events"]
  bucket_arn        = "arn:aws:s3:::hourglass"
  key_arn           = "arn:aws:kms:eu-central-1:111122223333:key/1234"
  oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/ABCD"
  namespace         = "hourglass"
  service_accounts  = ["landing-job"]
}

run "trusts_its_service_account_alone" {
  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "oidc.eks.eu-central-1.amazonaws.com/id/ABCD:aud" = "sts.amazonaws.com"
        "oidc.eks.eu-central-1.amazonaws.com/id/ABCD:sub" = ["system:serviceaccount:hourglass:landing-job"]
      }
    }
    error_message = "The trust of the role."
  }

  assert {
    condition     = length(aws_iam_role_policy.instance) == 0
    error_message = "The landing job may do what is Dagster's."
  }
}

run "dagster_has_its_instance_and_each_stream" {
  variables {
    policy  = "dagster"
    streams = ["platform-events", "dagster-events"]
  }

  assert {
    condition     = keys(aws_iam_role_policy.stream) == ["dagster-events", "platform-events"] && length(aws_iam_role_policy.instance) == 1
    error_message = "The policies of Dagster."
  }
}

run "refuses_a_pattern_of_accounts" {
  command = plan

  variables {
    service_accounts = ["landing-*"]
  }

  expect_failures = [var.service_accounts]
}

run "reads_its_topics_of_the_msk_cluster_alone" {
  variables {
    msk_cluster_arn = "arn:aws:kafka:eu-central-1:111122223333:cluster/main/1234-5"
    topics          = ["platform-events"]
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.msk[0].policy).Statement : statement.Resource] == [
      "arn:aws:kafka:eu-central-1:111122223333:cluster/main/1234-5",
      ["arn:aws:kafka:eu-central-1:111122223333:topic/main/1234-5/platform-events"],
      [
        "arn:aws:kafka:eu-central-1:111122223333:group/main/1234-5/hourglass-ledger-check",
        "arn:aws:kafka:eu-central-1:111122223333:group/main/1234-5/hourglass-platform-events",
      ],
    ]
    error_message = "The rights on Kafka."
  }
}

run "has_no_rights_on_kafka_without_a_cluster" {
  command = plan

  assert {
    condition     = length(aws_iam_role_policy.msk) == 0
    error_message = "Rights on Kafka that nobody asked for."
  }
}

run "refuses_all_clusters" {
  command = plan

  variables {
    msk_cluster_arn = "arn:aws:kafka:eu-central-1:111122223333:cluster/*/*"
    topics          = ["platform-events"]
  }

  expect_failures = [var.msk_cluster_arn]
}
