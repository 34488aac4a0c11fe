# SPDX-License-Identifier: GPL-2.0-or-later
#
# The specifications of the netlink families (include/uapi/*.yaml) say what the headers say:
# names, values and types of commands, attributes and enums.
. tests/tap.sh

# compare SPEC: prints what differs.
compare() {
	perl -MCPAN::Meta::YAML -we '
		use strict;
		my ($dir, $spec) = @ARGV;
		my $y = CPAN::Meta::YAML->read("$dir/$spec")->[0];
		my (%value, %type);

		sub slurp { open my $f, "<", shift or die "$!"; local $/; <$f> }

		# enumerators of the headers, and the type that the comment of each names
		my $text = slurp("$dir/$y->{q(uapi-header)}") . slurp("$dir/vferry_state.h");
		$type{$1} = $2 while $text =~ m{^\t(VFERRY_\w+),\s*/\* (u32|u64|s32|string|flag|nest|binary)\b}mg;
		$text =~ s{/\*.*?\*/}{}gs;
		while ($text =~ /enum\s+\w+\s*\{(.*?)\}/gs) {
			my $next = 0;
			for (grep { /\w/ } split /,/, $1) {
				my ($name, $is) = /(\w+)\s*(?:=\s*(\d+))?/;
				$next = $is if defined $is;
				$value{$name} = $next++;
			}
		}

		my %seen;
		sub name { my $n = uc join "", @_; $n =~ tr/-/_/; $n }
		sub check {
			my ($prefix, $first, $types, @list) = @_;
			for (@list) {
				my $n = name($prefix, ref $_ ? $_->{name} : $_);
				$seen{$n} = 1;
				print "$n: ", $value{$n} // "nothing", " in the header, $first here\n"
					unless defined $value{$n} and $value{$n} == $first;
				$first++;
				next unless $types and $_->{type} ne "pad";
				print "$n: ", $type{$n} // "no type", " in the header, $_->{type} here\n"
					unless ($type{$n} // "") eq $_->{type};
			}
			$prefix = name($prefix);
			for (sort keys %value) {
				print "$_: only in the header\n"
					if /^$prefix/ and !$seen{$_} and !/_(?:MAX|STATES|UNSPEC)$/;
			}
		}
		check($_->{"name-prefix"}, $_->{"value-start"} // 0, 0, @{$_->{entries}})
			for @{$y->{definitions}};
		check($_->{"name-prefix"}, 1, 1, @{$_->{attributes}}) for @{$y->{"attribute-sets"}};
		check($y->{operations}{"name-prefix"}, 1, 0, @{$y->{operations}{list}});

		# an operation speaks of attributes and groups that there are
		my %attr = map { my $s = $_; ($s->{name} => { map { $_->{name} => 1 } @{$s->{attributes}} }) }
			@{$y->{"attribute-sets"}};
		my %group = map { $_->{name} => 1 } @{$y->{"mcast-groups"}{list}};
		for my $op (@{$y->{operations}{list}}) {
			print "$op->{name}: no group $op->{mcgrp}\n" if $op->{mcgrp} and !$group{$op->{mcgrp}};
			for my $part ($op->{event}, map { ($_->{request}, $_->{reply}) } grep { $_ } @$op{qw(do dump)}) {
				for (@{($part // {})->{attributes} // []}) {
					print "$op->{name}: no attribute $_\n" unless $attr{$op->{"attribute-set"}}{$_};
				}
			}
		}
	' "$1" "$2" 2>&1
}

echo 1..4
for spec in vferry_pf.yaml vferry_vf.yaml; do
	result "$spec says what its header says" "$(compare include/uapi "$spec")"
done

# and the comparison sees what is wrong
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp include/uapi/* "$copy/"
sed -i '/name: reason/,/type:/s/type: string/type: u32/; s/- suspended$/- asleep/' "$copy/vferry_vf.yaml"
sed -i 's/^\tVFERRY_PF_CMD_EVENT,$/\tVFERRY_PF_CMD_OTHER,\n&/' "$copy/vferry_pf.h"
wrong=$(compare "$copy" vferry_vf.yaml)
result "a wrong type and a wrong name are seen" "$(
	for name in VFERRY_VF_A_REASON VFERRY_MIG_ASLEEP VFERRY_MIG_SUSPENDED; do
		case $wrong in *"$name"*) ;; *) echo "$name: not seen" ;; esac
	done)"
wrong=$(compare "$copy" vferry_pf.yaml)
result "a command that was left out is seen" "$(
	for name in VFERRY_PF_CMD_OTHER VFERRY_PF_CMD_EVENT; do
		case $wrong in *"$name"*) ;; *) echo "$name: not seen" ;; esac
	done)"
