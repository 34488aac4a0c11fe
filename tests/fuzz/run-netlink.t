# SPDX-License-Identifier: GPL-2.0-or-later
name=netlink
. "$(dirname "$0")/run.sh"
