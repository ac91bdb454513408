"""Pass descriptors to a command as a supervisor does, and become it.

    launcher.py DESCRIPTOR... -- COMMAND [ARGUMENT...]

The descriptors become 3, 4, ... in this order.
"""

import fcntl
import os
import sys

FIRST = 3
ABOVE_ALL = 64

end = sys.argv.index("--")
# First out of the way of each other, then to their places.
moved = [
    fcntl.fcntl(int(given), fcntl.F_DUPFD_CLOEXEC, ABOVE_ALL)
    for given in sys.argv[1:end]
]
for place, descriptor in enumerate(moved, FIRST):
    os.dup2(descriptor, place, inheritable=True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = str(len(moved))
os.execvp(sys.argv[end + 1], sys.argv[end + 1 :])
