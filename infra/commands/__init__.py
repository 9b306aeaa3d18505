"""The sub-commands `hourglass job` and `hourglass ledger`, and the console that every command prints with."""
