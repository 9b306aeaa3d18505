"""The entry point of the zip: settings from the runtime properties of the application, then the job's driver.

The service writes the properties to a file of JSON, a list of groups. The group `hourglass` has the variables of
docs/operations.md by their names. HOURGLASS_APPLICATION_PROPERTIES names another file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

PROPERTIES = "/etc/flink/application_properties.json"
GROUP = "hourglass"


def settings_of(text: str) -> dict[str, str]:
    """Return the variables of the group.

    Raises:
        ValueError: there is no such group, or one of its names is no variable of ours.
    """
    groups = {group["PropertyGroupId"]: group["PropertyMap"] for group in json.loads(text)}
    if GROUP not in groups:
        raise ValueError(f"the runtime properties have no group {GROUP}; they have {', '.join(sorted(groups))}")
    variables: dict[str, str] = groups[GROUP]
    foreign = sorted(name for name in variables if not name.startswith("HOURGLASS_"))
    if foreign:
        raise ValueError(f"no variables of Hourglass in the group {GROUP}: {', '.join(foreign)}")
    return variables


def main() -> None:
    """Set the environment and run the driver."""
    file = Path(os.environ.get("HOURGLASS_APPLICATION_PROPERTIES", PROPERTIES))
    try:
        variables = settings_of(file.read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"{file}: {error}")
    os.environ.update(variables)
    os.environ["HOURGLASS_FLINK_TARGET"] = "managed"
    from flink_jobs.landing_job import run  # noqa: PLC0415 - it reads the environment when it is imported

    run()


if __name__ == "__main__":
    main()
