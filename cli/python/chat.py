#!/usr/bin/env python3
"""Chat through a mailbox of a DIPC server: dipc-chat without an installation."""

import sys

from dipc.chat import main

sys.exit(main())
