"""Create a metadata database with its administrator; run by Superset's own Python.

One process does what `superset db upgrade`, `superset fab create-admin` and `superset init` do in three.
"""

from __future__ import annotations

from flask_migrate import upgrade
from superset.app import create_app

ADMIN = "admin"

app = create_app()
with app.app_context():
    upgrade(directory=app.extensions["migrate"].directory)
    app.appbuilder.add_permissions(update_perms=True)
    security = app.appbuilder.sm
    security.sync_role_definitions()
    security.add_user(ADMIN, "Ada", "Admin", "admin@example.com", security.find_role("Admin"), password=ADMIN)
