"""Print the sections of a Dagster instance that the relay reads: `storage` and `telemetry`."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

instance = yaml.safe_load(Path(sys.argv[1]).read_text())
sys.stdout.write(yaml.safe_dump({name: instance[name] for name in ("storage", "telemetry")}))
