# SPDX-License-Identifier: GPL-2.0-or-later
"""What a host's neighbourhood hears and asks, with VLAN tags: for the peer, whose kernel
need not know VLANs. A program and, below, the test's end of it.

    python3 -m vlab.neighbours watch IFNAME
        a JSON line for each announcement: time_ns, vlan (0: none), kind ("arp", "na",
        "igmp", "mld"), address, mac
    python3 -m vlab.neighbours ask IFNAME MAC VLAN FROM ADDRESS
        who has ADDRESS? Prints the MAC of whoever answers; exit status 1 after 2 s
"""

import json
import socket
import struct
import sys
import time

from vlab.wait import wait_until

PACKET_AUXDATA, SOL_PACKET, OUTGOING = 8, 263, 4
TP_STATUS_VLAN_VALID = 0x10


def _open(ifname):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((ifname, 3))
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)     # SO_RCVBUFFORCE
    return sock


def _receive(sock):
    """(frame without tag, VLAN), of others only."""
    frame, extra, _, address = sock.recvmsg(4096, 256)
    if address[2] == OUTGOING:
        return None, 0
    vlan = 0
    for level, kind, data in extra:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, _ = struct.unpack("=IIIHHHH", data[:20])
            vlan = tci & 0xfff if status & TP_STATUS_VLAN_VALID else 0
    if frame[12:14] == b"\x81\x00":
        vlan = int.from_bytes(frame[14:16], "big") & 0xfff
        frame = frame[:12] + frame[16:]
    return frame, vlan


def _describe(frame):
    """(kind, address) of an announcement, or None."""
    kind = frame[12:14]
    if kind == b"\x08\x06" and frame[28:32] == frame[38:42]:
        return "arp", socket.inet_ntoa(frame[28:32])
    if kind == b"\x86\xdd" and frame[20] == 58 and frame[54] == 136 and frame[58] & 0x20:
        return "na", socket.inet_ntop(socket.AF_INET6, frame[62:78])
    if kind == b"\x08\x00" and frame[23] == 2 and frame[38] in (0x16, 0x22):
        at = 42 if frame[38] == 0x16 else 50
        return "igmp", socket.inet_ntoa(frame[at:at + 4])
    if kind == b"\x86\xdd" and frame[20] == 0 and frame[62] in (131, 143):
        return "mld", ""
    return None


def _watch(ifname):
    sock = _open(ifname)
    print(json.dumps({"kind": "watching"}), flush=True)
    while True:
        frame, vlan = _receive(sock)
        now = time.time_ns()
        found = frame and _describe(frame)
        if found:
            print(json.dumps({"time_ns": now, "vlan": vlan, "kind": found[0],
                              "address": found[1], "mac": frame[6:12].hex(":")}), flush=True)


def _checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def _question(mac, source, address):
    """An ARP request or a neighbour solicitation, without its VLAN tag's place."""
    if ":" not in address:
        return b"\xff" * 6 + mac + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + \
            mac + socket.inet_aton(source) + b"\0" * 6 + socket.inet_aton(address)
    from6, to6 = (socket.inet_pton(socket.AF_INET6, a) for a in (source, address))
    group = socket.inet_pton(socket.AF_INET6, "ff02::1:ff00:0")[:13] + to6[13:]
    body = b"\x87\0\0\0" + b"\0" * 4 + to6 + b"\x01\x01" + mac
    pseudo = from6 + group + struct.pack(">II", len(body), 58)
    body = body[:2] + struct.pack(">H", _checksum(pseudo + body)) + body[4:]
    return b"\x33\x33" + group[12:] + mac + b"\x86\xdd" + \
        struct.pack(">IHBB", 0x60000000, len(body), 58, 255) + from6 + group + body


def _answers(frame, address):
    if ":" not in address:
        return frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2" and \
            frame[28:32] == socket.inet_aton(address)
    return frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == 136 and \
        frame[62:78] == socket.inet_pton(socket.AF_INET6, address)


def _ask(ifname, mac, vlan, source, address):
    sock = _open(ifname)
    question = _question(bytes.fromhex(mac.replace(":", "")), source, address)
    if int(vlan):
        question = question[:12] + struct.pack(">HH", 0x8100, int(vlan)) + question[12:]
    deadline = time.monotonic() + 2
    sock.settimeout(0.2)
    while time.monotonic() < deadline:
        sock.send(question)
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            try:
                frame, seen = _receive(sock)
            except TimeoutError:
                continue
            if frame and seen == int(vlan) and _answers(frame, address):
                print(frame[6:12].hex(":"))
                return 0
    return 1


class Announcements:
    """Collects what is announced on the peer's interface from now on, until stop()."""

    def __init__(self, peer, ifname="data0"):
        self._process = peer.start(f"exec python3 -m vlab.neighbours watch {ifname}")
        wait_until(lambda: "watching" in self._process.out or not self._process.running, 15,
                   "vlab.neighbours")
        if not self._process.running:
            raise RuntimeError(self._process.err)

    def since(self, time_ns):
        """{(vlan, kind, address, mac): [seconds after time_ns]}"""
        found = {}
        for line in self._process.out.split("\n")[1:-1]:
            one = json.loads(line)
            if one["time_ns"] >= time_ns:
                key = (one["vlan"], one["kind"], one["address"], one["mac"])
                found.setdefault(key, []).append((one["time_ns"] - time_ns) / 1e9)
        return found

    def stop(self):
        self._process.kill()


def ask(peer, vlan, source, address, ifname="data0"):
    """The MAC that answers for an address on a VLAN (0: none), or None."""
    mac = peer.sh(f"cat /sys/class/net/{ifname}/address")
    result = peer.run(f"python3 -m vlab.neighbours ask {ifname} {mac} {vlan} {source} {address}")
    return result.out.strip() or None


if __name__ == "__main__":
    sys.exit({"watch": _watch, "ask": _ask}[sys.argv[1]](*sys.argv[2:]))
