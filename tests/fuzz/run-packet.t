# SPDX-License-Identifier: GPL-2.0-or-later
name=packet
. "$(dirname "$0")/run.sh"
