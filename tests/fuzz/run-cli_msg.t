# SPDX-License-Identifier: GPL-2.0-or-later
name=cli_msg
. "$(dirname "$0")/run.sh"
