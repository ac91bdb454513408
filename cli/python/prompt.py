#!/usr/bin/env python3
"""Talk to a DIPC server by hand: dipc-prompt without an installation."""

import sys

from dipc.prompt import main

sys.exit(main())
