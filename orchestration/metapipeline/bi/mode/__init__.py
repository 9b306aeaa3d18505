"""Mode, through its documented API: the management API, and the Discovery API where the account has it."""
