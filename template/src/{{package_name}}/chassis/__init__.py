"""What carries the ML: stages, files, settings, report. Keel keeps these files up to date.

The chassis calls the ML beside it through a few functions with fixed names; the ML never imports
the chassis. To change what is in here, change Keel, or copy what you need into a module of yours.
"""

import os

# Threads that wait for each other shall sleep: by default they spin, and on a machine that is busy
# with something else a fit then takes several times as long. It counts when LightGBM is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
