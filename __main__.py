"""What `pulumi up` runs. Everything is in `bicoastal.stack`."""

from bicoastal.stack.program import main

main()
