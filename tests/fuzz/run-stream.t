# SPDX-License-Identifier: GPL-2.0-or-later
name=stream
. "$(dirname "$0")/run.sh"
