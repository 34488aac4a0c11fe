# SPDX-License-Identifier: GPL-2.0-or-later
name=hook_dom
. "$(dirname "$0")/run.sh"
