"""`python -m bicoastal.cli`, the same as the command `bicoastal`."""

from bicoastal.cli.app import main

main()
