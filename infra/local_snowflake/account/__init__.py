"""What belongs to the account: roles and their grants, warehouses, parameters."""
