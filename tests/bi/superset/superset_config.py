"""Configuration of Superset for a test: one SQLite file, no cache server, no worker, no browser."""

from __future__ import annotations

import os
from datetime import timedelta

SECRET_KEY = "opens-nothing-0123456789abcdef0123456789abcdef"
SQLALCHEMY_DATABASE_URI = f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db?check_same_thread=false"
FEATURE_FLAGS = {"TAGGING_SYSTEM": True}
PREVENT_UNSAFE_DB_CONNECTIONS = False  # otherwise SQLite is refused as a data source
TALISMAN_ENABLED = False
CONTENT_SECURITY_POLICY_WARNING = False
WTF_CSRF_ENABLED = True  # the default of a production server: a write needs token, cookie and Referer
RATELIMIT_ENABLED = "HOURGLASS_TEST_RATE" in os.environ
RATELIMIT_APPLICATION = os.environ.get("HOURGLASS_TEST_RATE", "50 per second")
RATELIMIT_HEADERS_ENABLED = os.environ.get("HOURGLASS_TEST_RATE_HEADERS") == "1"
JWT_ACCESS_TOKEN_EXPIRES = timedelta(seconds=int(os.environ.get("HOURGLASS_TEST_TOKEN_SECONDS", "900")))
