# SPDX-License-Identifier: GPL-2.0-or-later
name=config
. "$(dirname "$0")/run.sh"
