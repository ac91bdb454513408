#!/usr/bin/env python3
"""A window onto the mailboxes of a DIPC server: dipc-window without an installation."""

import sys

from dipc.window import main

sys.exit(main())
