# SPDX-License-Identifier: GPL-2.0-or-later
name=vfmsg
. "$(dirname "$0")/run.sh"
