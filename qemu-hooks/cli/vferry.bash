# SPDX-License-Identifier: GPL-2.0-or-later
#
# bash completion for vferry(8)

# PFs and VFs of this host, by name
_vferry_targets()
{
	local dev

	for dev in /sys/class/net/*/device/sriov_numvfs; do
		[[ -e $dev ]] || continue
		dev=${dev%/device/*}
		echo "${dev##*/}"
		for vf in "$dev"/device/virtfn*; do
			[[ -e $vf ]] && echo "${dev##*/}/${vf##*virtfn}"
		done
	done
}

# Domains of libvirt
_vferry_domains()
{
	virsh --quiet list --all --name 2>/dev/null
}

_vferry()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} words="--json --help"

	COMPREPLY=()
	# readline takes --option=value for three words
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if ((COMP_CWORD == 1)); then
		words="list watch check migrate vf history setup libvirt help --help --version"
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
		return
	fi
	case $prev in
	--connect|--bandwidth|--buffer|--downtime-limit|--timeout|--lines|--wait|-n)
		# of a value nothing is known; -n of setup takes none
		[[ $prev == -n && $command == setup ]] || return ;;
	-c)
		[[ $command == libvirt ]] && return ;;&
	--qmp|--plot|--config|--file|-c|-f)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--to)
		COMPREPLY=($(compgen -A hostname -- "$cur"))
		return ;;
	--vf)
		COMPREPLY=($(compgen -W "$(_vferry_targets)" -- "$cur"))
		return ;;
	esac
	case $command in
	help)	words="list watch check migrate vf history setup libvirt" ;;
	list)	words+=" $(_vferry_targets)" ;;
	watch)	words+=" --journal --buffer $(_vferry_targets)" ;;
	check)	words+=" --to --facts $(_vferry_targets)" ;;
	migrate) words+=" --qmp --vf --bandwidth --downtime-limit --timeout --no-check" ;;
	vf)	words+=" --wait migrate cancelmigration suspend resume $(_vferry_targets)" ;;
	history) words+=" --lines --plot" ;;
	setup)	words+=" --config --dry-run" ;;
	libvirt) words+=" prepare sync --apply --follow --connect --file --xml $(_vferry_domains)" ;;
	*)	words= ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}

complete -F _vferry vferry
