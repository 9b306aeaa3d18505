"""HTTP: login, sessions, statements, and the interface to fakesnow."""
