# SPDX-License-Identifier: GPL-2.0-or-later
name=groups
. "$(dirname "$0")/run.sh"
