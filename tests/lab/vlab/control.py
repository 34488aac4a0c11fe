# SPDX-License-Identifier: GPL-2.0-or-later
"""A door into a running lab for --exec and --push: one JSON line each way."""

import base64
import json
import os
import socket
import sys
import threading


class _Server:
    def __init__(self, lab, path):
        self._lab = lab
        self._path = path
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.bind(str(path))
        self._sock.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, client.makefile("rw") as stream:
            try:
                request = json.loads(stream.readline())
                if request["what"] == "push":
                    self._lab.push_build()
                    answer = {"code": 0, "out": "", "err": ""}
                else:
                    place = self._lab.place(request["on"])
                    data = base64.b64decode(request["input"])
                    result = place.run(request["command"], request["timeout"],
                                       data if data else None)
                    answer = {"code": result.code if result.code is not None else 128,
                              "out": base64.b64encode(result.out_bytes).decode(),
                              "err": result.err}
                    if result.timed_out:
                        answer["err"] += "timed out\n"
            except Exception as error:
                answer = {"code": 125, "out": "", "err": f"{error!r}\n"}
            try:
                stream.write(json.dumps(answer) + "\n")
            except OSError:
                pass

    def close(self):
        self._sock.close()
        self._path.unlink(missing_ok=True)


def serve(lab, log):
    """Listen in the case's log folder until close()."""
    return _Server(lab, log / "control")


def client(log, options):
    """Ask a running lab; returns the command's exit status."""
    os.chdir(log)       # socket paths are short
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect("control")
    except OSError as error:
        print(f"no lab is up in {log}: {error}", file=sys.stderr)
        return 125
    with sock, sock.makefile("rw") as stream:
        data = sys.stdin.buffer.read() if options.input else b""
        request = {"what": "push" if options.push else "exec", "on": options.on,
                   "command": options.exec, "timeout": options.timeout,
                   "input": base64.b64encode(data).decode()}
        stream.write(json.dumps(request) + "\n")
        stream.flush()
        line = stream.readline()
    if not line:
        print("the lab went away", file=sys.stderr)
        return 125
    answer = json.loads(line)
    sys.stdout.buffer.write(base64.b64decode(answer["out"]))
    sys.stdout.flush()
    sys.stderr.write(answer["err"])
    return answer["code"]
