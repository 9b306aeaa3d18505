#!/bin/sh
exec python -c 'import sys; sys.argv[0] = "hourglass"; from infra.cli import main; main()' "$@"
