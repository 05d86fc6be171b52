"""`python -m wedsync_dr.cli`: the program, where it is not installed under its name."""

from wedsync_dr.cli.main import main

main()
