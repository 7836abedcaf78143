"""`python -m vrest` is `vrest`."""

import sys

from .cli import main

sys.exit(main())
