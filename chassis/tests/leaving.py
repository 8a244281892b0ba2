"""Says a word of its environment and ends with a status, or stays: `python -m leaving 3`."""

import os
import signal
import sys

print(os.environ["WORD"], os.getsid(0) == os.getpid(), flush=True)
if sys.argv[1] == "stay":
    signal.pause()
sys.exit(int(sys.argv[1]))
