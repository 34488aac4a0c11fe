# SPDX-License-Identifier: GPL-2.0-or-later
"""No tests: a host to play with. tests/lab/run --keep shell"""

from vlab import case

case(hosts=["a"])
