# SPDX-License-Identifier: GPL-2.0-or-later
name=mbx
. "$(dirname "$0")/run.sh"
