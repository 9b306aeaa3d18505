# The account's side: where the hours land, who may do what, and what it may cost. Stages, external tables and models
# are not here: `hourglass snowflake apply` and dbt create them, as the writer.

resource "snowflake_database" "this" {
  name = var.database

  lifecycle {
    prevent_destroy = true
  }
}

resource "snowflake_schema" "this" {
  for_each = var.schemas

  database = snowflake_database.this.name
  name     = each.value
}

resource "snowflake_resource_monitor" "this" {
  name                      = var.warehouse
  credit_quota              = var.credits_a_month
  frequency                 = "MONTHLY"
  start_timestamp           = "IMMEDIATELY"
  notify_triggers           = [75, 90]
  suspend_trigger           = 95
  suspend_immediate_trigger = 100
}

resource "snowflake_warehouse" "this" {
  name                         = var.warehouse
  warehouse_size               = var.warehouse_size
  auto_suspend                 = var.suspend_after_seconds
  auto_resume                  = "true"
  initially_suspended          = true
  resource_monitor             = snowflake_resource_monitor.this.fully_qualified_name
  statement_timeout_in_seconds = var.statement_seconds_max
}

resource "snowflake_storage_integration_aws" "this" {
  name                      = var.integration
  enabled                   = true
  storage_provider          = "S3"
  storage_allowed_locations = var.locations
  storage_aws_role_arn      = var.role_arn
}

resource "snowflake_service_user" "this" {
  name              = var.user
  default_role      = snowflake_account_role.writer.name
  default_warehouse = snowflake_warehouse.this.name
  rsa_public_key    = var.user_public_key
}
