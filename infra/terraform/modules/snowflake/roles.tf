# The privileges are in policies/snowflake_grants.json: a test holds them equal to what the statements need.

locals {
  grants = jsondecode(file("${path.module}/../../policies/snowflake_grants.json"))
  roles = {
    writer = snowflake_account_role.writer.name
    reader = snowflake_account_role.reader.name
  }
  in_schemas = { for pair in setproduct(keys(local.roles), var.schemas) : "${pair[0]}.${pair[1]}" => pair }
  future = {
    for pair in setproduct(keys(local.grants.reader_of_future), var.schemas) : "${pair[0]}.${pair[1]}" => pair
  }
}

resource "snowflake_account_role" "writer" {
  name    = var.writer
  comment = "Stages, tables and models of Hourglass"
}

resource "snowflake_account_role" "reader" {
  name    = var.reader
  comment = "Reads the tables and models of Hourglass"
}

resource "snowflake_grant_account_role" "to_parent" {
  for_each = local.roles

  role_name        = each.value
  parent_role_name = var.parent_role
}

resource "snowflake_grant_account_role" "to_user" {
  role_name = snowflake_account_role.writer.name
  user_name = snowflake_service_user.this.name
}

resource "snowflake_grant_privileges_to_account_role" "database" {
  for_each = local.roles

  account_role_name = each.value
  privileges        = local.grants[each.key].database

  on_account_object {
    object_type = "DATABASE"
    object_name = snowflake_database.this.name
  }
}

resource "snowflake_grant_privileges_to_account_role" "schema" {
  for_each = local.in_schemas

  account_role_name = local.roles[each.value[0]]
  privileges        = local.grants[each.value[0]].schema

  on_schema {
    schema_name = snowflake_schema.this[each.value[1]].fully_qualified_name
  }
}

resource "snowflake_grant_privileges_to_account_role" "warehouse" {
  for_each = local.roles

  account_role_name = each.value
  privileges        = local.grants[each.key].warehouse

  on_account_object {
    object_type = "WAREHOUSE"
    object_name = snowflake_warehouse.this.name
  }
}

resource "snowflake_grant_privileges_to_account_role" "integration" {
  account_role_name = snowflake_account_role.writer.name
  privileges        = local.grants.writer.integration

  on_account_object {
    object_type = "INTEGRATION"
    object_name = snowflake_storage_integration_aws.this.name
  }
}

resource "snowflake_grant_privileges_to_account_role" "future" {
  for_each = local.future

  account_role_name = snowflake_account_role.reader.name
  privileges        = local.grants.reader_of_future[each.value[0]]

  on_schema_object {
    future {
      object_type_plural = each.value[0]
      in_schema          = snowflake_schema.this[each.value[1]].fully_qualified_name
    }
  }
}

resource "snowflake_grant_database_role" "metering" {
  count = var.metering ? 1 : 0

  database_role_name = "\"SNOWFLAKE\".\"USAGE_VIEWER\""
  parent_role_name   = snowflake_account_role.writer.name
}
