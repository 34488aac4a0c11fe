# SPDX-License-Identifier: GPL-2.0-or-later
name=hookmsg
. "$(dirname "$0")/run.sh"
