#!/usr/bin/env python3
"""Bad input: one clear line, the right exit status, and the others never notice."""

from __future__ import annotations

import sys

import bad_floods
import bad_hosts
import bad_peers
from runner import main

if __name__ == "__main__":
    sys.exit(main(__doc__, [*bad_floods.cases(), *bad_peers.cases(), *bad_hosts.cases()]))
