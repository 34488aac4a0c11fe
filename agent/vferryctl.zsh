#compdef vferryctl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# zsh completion for vferryctl(8)

_arguments -s \
	'(-j --json)'{-j,--json}'[for programs: JSON objects, one on a line]' \
	'(-r --runtime)'{-r+,--runtime=}'[where the socket of the agent is]:directory:_directories' \
	'(- :)'{-h,--help}'[say how it is called]' \
	'(- :)'{-V,--version}'[say which version it is]' \
	'1:command:((
		status\:"each VF, and the migration that goes on"
		history\:"the last migrations"
		watch\:"what goes on, as it happens"
		check\:"what would keep the agent from its work"
	))'
