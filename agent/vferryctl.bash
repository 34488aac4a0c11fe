# SPDX-License-Identifier: GPL-2.0-or-later
#
# bash completion for vferryctl(8)

_vferryctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local words="status history watch check --json --runtime --help --version" i

	COMPREPLY=()
	if [[ $prev == --runtime || $prev == -r ]]; then
		COMPREPLY=($(compgen -d -- "$cur"))
		return
	fi
	# One command is all.
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--runtime|-r)
			((i++)) ;;
		status|history|watch|check)
			words="--json --runtime" ;;
		--help|--version)
			return ;;
		esac
	done
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _vferryctl vferryctl
