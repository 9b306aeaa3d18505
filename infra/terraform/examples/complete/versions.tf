terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
    kafka = {
      source  = "Mongey/kafka"
      version = "0.9.0"
    }
    snowflake = {
      source  = "snowflakedb/snowflake"
      version = "2.20.0"
    }
  }
}

provider "aws" {
  region = var.region
}

provider "kafka" {
  bootstrap_servers = var.bootstrap_servers
  tls_enabled       = true
  sasl_mechanism    = "aws-iam"
  sasl_aws_region   = var.region
}

# Account, user and key come from the variables of the provider, SNOWFLAKE_ORGANIZATION_NAME and its neighbours. The role
# must be able to create all of it.
provider "snowflake" {
  role = "ACCOUNTADMIN"
}
