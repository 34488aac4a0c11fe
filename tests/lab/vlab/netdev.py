# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel tells of a network interface's queues."""

# Asks the kernel's family "netdev" about the interface sys.argv[1], and prints what it says
# of queues, NAPIs and statistics by queue, as dictionaries of attributes.
NETDEV = r"""
import json, socket, struct, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
s.bind((0, 0))
def attr(kind, data):
    return struct.pack("HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
def attrs(data):
    found = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("HH", data)
        found[kind & 0x3fff] = int.from_bytes(data[4:size], "little")
        data = data[(size + 3) & ~3:]
    return found
def ask(family, command, body, dump):
    s.send(struct.pack("IHHIIBBH", 20 + len(body), family, 0x301 if dump else 1, 1, 0,
                       command, 1, 0) + body)
    while True:
        data = s.recv(1 << 16)
        while data:
            size, kind = struct.unpack_from("IH", data)
            if kind == 2:
                raise OSError(-struct.unpack_from("i", data, 16)[0], "netdev")
            if kind == 3:
                return
            yield attrs(data[20:size])
            data = data[(size + 3) & ~3:]
        if not dump:
            return
family = next(ask(16, 3, attr(2, b"netdev\0"), False))[1]
index = struct.pack("I", socket.if_nametoindex(sys.argv[1]))
print(json.dumps([list(ask(family, 10, attr(2, index), True)),
                  list(ask(family, 11, attr(1, index), True)),
                  list(ask(family, 12, attr(1, index) + attr(4, struct.pack("Q", 1)), True))]))
"""
