#!/bin/sh
exec python -c 'from infra.cli import main; main()' "$@"
