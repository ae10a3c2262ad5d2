"""``python -m twinmatch`` is ``twinmatch``."""

import sys

from twinmatch.cli import main

sys.exit(main())
