# SPDX-License-Identifier: GPL-2.0-or-later
#
# The documents say what the tree says: tests/static/doctool.py.
. tests/tap.sh

tool="$PWD/tests/static/doctool.py"
export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check NAME [ROOT]
check() {
	python3 "$tool" "${2:-.}" "$1" 2>&1
}

# The examples of PROTOCOL.md, decoded by what the drivers use, and encoded again.
examples() {
	check samples "$1" >"$work/samples.h"
	cat >"$work/examples.c" <<-'END'
		#include <stdio.h>
		#include <string.h>
		#include "vferry_mbx.c"
		#include "stream.c"
		#include "samples.h"

		#define NACK_OR_ACK (VFERRY_MBX_ACK | VFERRY_MBX_NACK)

		static unsigned int again(const __u32 *in, __u32 *out)
		{
			union {
				struct vferry_mbx_hello hello;
				struct vferry_mbx_welcome welcome;
				struct vferry_mbx_command command;
				struct vferry_mbx_status status;
			} u;

			if (!vferry_mbx_get_hello(in, &u.hello))
				return vferry_mbx_put_hello(out, &u.hello);
			if (!vferry_mbx_get_welcome(in, &u.welcome))
				return vferry_mbx_put_welcome(out, &u.welcome);
			if (!vferry_mbx_get_command(in, &u.command))
				return vferry_mbx_put_command(out, &u.command);
			if (!vferry_mbx_get_status(in, &u.status))
				return vferry_mbx_put_status(out, &u.status);
			return 0;
		}

		static __u32 id_of(const char *name, __u32 *ret_info)
		{
			static const struct { const char *name; __u32 id, info; } ids[] = {
				{ "RESET", VFERRY_MBX_RESET }, { "SET_MAC", VFERRY_MBX_SET_MAC },
				{ "SET_MULTICAST", VFERRY_MBX_SET_MULTICAST },
				{ "SET_VLAN", VFERRY_MBX_SET_VLAN },
				{ "SET_MAX_FRAME", VFERRY_MBX_SET_MAX_FRAME },
				{ "SET_PROMISC", VFERRY_MBX_SET_PROMISC },
				{ "HELLO", VFERRY_MBX_HELLO }, { "CONTROL", VFERRY_MBX_CONTROL },
				{ "STATUS", VFERRY_MBX_STATUS },
				{ "PING", VFERRY_MBX_CMD, VFERRY_CMD_PING },
				{ "MIGRATE", VFERRY_MBX_CMD, VFERRY_CMD_MIGRATE },
				{ "CANCEL", VFERRY_MBX_CMD, VFERRY_CMD_CANCEL },
				{ "SUSPEND", VFERRY_MBX_CMD, VFERRY_CMD_SUSPEND },
				{ "RESUME", VFERRY_MBX_CMD, VFERRY_CMD_RESUME },
			};
			unsigned int i;

			for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
				*ret_info = ids[i].info;
				if (!strcmp(ids[i].name, name))
					return ids[i].id;
			}
			return 0;
		}

		static void message(const char *name, const unsigned int *words, unsigned int count)
		{
			__u32 in[VFERRY_MBX_WORDS] = {}, out[VFERRY_MBX_WORDS] = {}, info;
			__u32 id = id_of(name, &info);

			memcpy(in, words, count * sizeof(*words));
			if (!id || vferry_mbx_id(in[0]) != id ||
			    (info && vferry_mbx_info(in[0]) != info))
				printf("%s %08x: not its id\n", name, in[0]);
			if (id < VFERRY_MBX_HELLO || id == VFERRY_MBX_CONTROL)
				return;
			if (again(in, out) != count || memcmp(in, out, sizeof(in)))
				printf("%s: decoded and encoded again it is another\n", name);
		}

		static void whole_stream(void)
		{
			static struct vferry_stream_reader r;
			static __u8 out[sizeof(stream) + 8];
			struct vferry_stream_writer w;

			vferry_stream_read(&r);
			if (vferry_stream_push(&r, stream, sizeof(stream)) || vferry_stream_done(&r)) {
				printf("stream: %s\n", r.reason);
				return;
			}
			r.state.link = true;
			vferry_stream_write(&w, out, sizeof(out));
			if (vferry_stream_put_compat(&w, &r.state) ||
			    vferry_stream_put_room(&w, &r.state) ||
			    vferry_stream_put_rest(&w, &r.state) || w.len != sizeof(stream) ||
			    memcmp(out, stream, w.len))
				printf("stream: read and written again it is another\n");
		}

		int main(void)
		{
			const unsigned int n = sizeof(messages) / sizeof(messages[0]);
			unsigned int i;

			if (n < 25)
				printf("only %u messages\n", n);
			for (i = 0; i < n; i++)
				message(messages[i].name, messages[i].words, messages[i].count);
			whole_stream();
			return 0;
		}
	END
	cc -std=gnu11 -w -Iinclude -Iqemu-hooks/vfio -I"$work" -o "$work/examples" "$work/examples.c" 2>&1 &&
		"$work/examples"
}

# The tables of states in ARCHITECTURE.md, beside those of the drivers.
states() {
	check states "$1" >"$work/states.h"
	cat >"$work/states.c" <<-'END'
		#include <stdio.h>
		#include "vferry_mbx.c"
		#include PF_STATES
		#undef TO
		#define steps steps_of_vf
		#include VF_STATES
		#include "arcs.c"
		#include "states.h"
		#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

		static void pf(void)
		{
			unsigned int i;

			if (COUNT(pf_steps) != VFERRY_MIG_STATES * 9)
				printf("PF: %zu steps\n", COUNT(pf_steps));
			for (i = 0; i < COUNT(pf_steps); i++) {
				struct vpf_mig_step x = vpf_mig_step(pf_steps[i].state, pf_steps[i].event,
								     VFERRY_MIG_IDLE);

				if (x.err != pf_steps[i].err || x.failed != pf_steps[i].failed ||
				    x.next != (unsigned int)pf_steps[i].next)
					printf("PF: state %s, event %d: %s, error %d, failed %d in the driver\n",
					       vferry_mig_state_name(pf_steps[i].state), pf_steps[i].event,
					       vferry_mig_state_name(x.next), x.err, x.failed);
			}
		}

		static void vf(void)
		{
			unsigned int i;

			if (COUNT(vf_steps) != 3 * VFERRY_CMD_LAST)
				printf("VF: %zu steps\n", COUNT(vf_steps));
			for (i = 0; i < COUNT(vf_steps); i++) {
				struct vvf_mig_step x = vvf_mig_step(vf_steps[i].state, vf_steps[i].cmd, 0);

				if (x.next != (unsigned int)vf_steps[i].next ||
				    x.result != (unsigned int)vf_steps[i].result)
					printf("VF: state %s, %s: %s, %s in the driver\n",
					       vferry_mig_state_name(vf_steps[i].state),
					       vferry_mbx_cmd_name(vf_steps[i].cmd),
					       vferry_mig_state_name(x.next), vferry_mbx_result_name(x.result));
			}
		}

		static void vm(void)
		{
			unsigned int from, to, i, found;

			for (from = 0; from < VFERRY_VM_STATES; from++) {
				for (to = 0; to < VFERRY_VM_STATES; to++) {
					for (i = found = 0; i < COUNT(vm_arcs); i++)
						found += vm_arcs[i].from == (int)from && vm_arcs[i].to == (int)to;
					if (found != (vferry_arc(from, to) != VFERRY_ARC_NONE))
						printf("VFIO: %s to %s: %u times\n", vferry_arc_state_name(from),
						       vferry_arc_state_name(to), found);
				}
			}
		}

		int main(void)
		{
			pf();
			vf();
			vm();
			return 0;
		}
	END
	cc -std=gnu11 -w -Iinclude -Iqemu-hooks/vfio -I"$work" \
		-DPF_STATES="\"$PWD/$(find pfdrv -name mig_state.c)\"" \
		-DVF_STATES="\"$PWD/$(find vfdrv -name mig_state.c)\"" \
		-o "$work/states" "$work/states.c" 2>&1 &&
		"$work/states"
}

# a copy of the tree, by links, of which single files can be made wrong
copy() {
	rm -rf "$work/tree"
	mkdir "$work/tree"
	ln -s "$PWD"/* "$work/tree/"
	for name in "$@"; do
		rm "$work/tree/$name"
		cp -r "$name" "$work/tree/"
	done
}

# seen CHECK TEXT...: the check of the copy names each
seen() {
	said=$(check "$1" "$work/tree")
	shift
	for text; do
		case $said in *"$text"*) ;; *) echo "not seen: $text" ;; esac
	done
}

echo 1..11
result "PROTOCOL.md has every message, record, command and attribute" "$(check names)"
result "its examples are what the drivers read and write" "$(examples .)"
result "ARCHITECTURE.md's states are those of the drivers" "$(states .)"
result "no link leads nowhere" "$(check links)"
result "make targets, commands, options and parameters exist" "$(check words)"
result "docs/trouble.md quotes what is said, and has every refusal" "$(check messages)"
result "CONTRIBUTING.md counts right" "$(check places)"
result "the benchmark's figures are those of its report" "$(check figures)"

# and each of them sees what is wrong
copy PROTOCOL.md ARCHITECTURE.md SECURITY.md README.md docs CONTRIBUTING.md include
sed -i 's/^\(| `VFERRY_STREAM_HOME` |\) 9/\1 10/; /^| `VFERRY_PF_A_HELD`/d
	s/^    PING: 2001/    PING: 2002/; s/^\(    0020  \)01/\102/' "$work/tree/PROTOCOL.md"
sed -i 's/^\tVFERRY_MBX_STATUS\b.*/&\n\tVFERRY_MBX_FRESH = 0x0042,/' "$work/tree/include/vferry_mbx.h"
sed -i 's/^| suspended | -EALREADY | -EALREADY | resume-sent/| suspended | -EALREADY | -EALREADY | idle/
	s/^| migrating | answer | count anew/| migrating | answer | wrong state/; /^| STOP | RESUMING/d' "$work/tree/ARCHITECTURE.md"
printf '\n[a](docs/none.md) [b](PROTOCOL.md#none)\n\n    make none\n    vferry none\n    vferry list --none\n\nVFERRY_NONE\n' \
	>>"$work/tree/README.md"
sed -i '0,/^| `[^`]*` |/s//| `nobody says this` |/' "$work/tree/docs/trouble.md"
sed -i 's/| `hold_ms` | 2000 |/| `hold_ms` | 2001 |/' "$work/tree/docs/by-hand.md"
sed -i 's/"requests as fast/"request as fast/' "$work/tree/SECURITY.md"
sed -i 's/| 178 (213) |/| 177 (213) |/' "$work/tree/docs/benchmark.md"
sed -i '0,/^| `[^`]*` | [0-9]* |/s//| `nowhere at all` | 7 |/' "$work/tree/CONTRIBUTING.md"
result "what is wrong is seen" "$(
	seen names "VFERRY_STREAM_HOME: 0xa" "VFERRY_PF_A_HELD: not in" "VFERRY_MBX_FRESH: not in" \
		"VFERRY_NONE is nowhere"
	seen links "docs/none.md: no such file" "PROTOCOL.md#none: no such heading" \
		'no test "request as fast as it goes"'
	seen words "make none: no such target" "vferry none: no such sub-command" "--none: no such option" \
		"hold_ms: 2001"
	seen messages "nothing in the sources says: nobody says this" "not in docs/trouble.md"
	seen figures "idle, vferry: 177 (213)"
	seen places "nowhere at all: 0 lines in 0 files")"
result "and so is a wrong example" "$(
	wrong=$(examples "$work/tree")
	for text in "PING 20020140: not its id" "stream: checksum is wrong"; do
		case $wrong in *"$text"*) ;; *) echo "not seen: $text" ;; esac
	done)"
result "and so are wrong states" "$(
	wrong=$(states "$work/tree")
	for text in "PF: state suspended, event 2: resume-sent" "VF: state migrating, migrate: migrating, done" \
		"VFIO: stop to resuming: 0 times"; do
		case $wrong in *"$text"*) ;; *) echo "not seen: $text" ;; esac
	done)"
