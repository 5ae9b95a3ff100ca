#!/usr/bin/env python3
"""faulty_proxy.py ARGUMENTS...: the real `kubectl proxy`, but for one request, which faulty_kubectl.sh's plan breaks.

Each request is noted in FAULT_DIR/calls beside the calls of kubectl, so that the plan's index counts both.
"""
import fcntl
import json
import os
import pathlib
import signal
import socket
import socketserver
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = pathlib.Path(os.environ["FAULT_DIR"])
REASONS = {"401": "Unauthorized", "403": "Forbidden", "409": "Conflict", "429": "TooManyRequests", "500": "InternalError"}
SOCKET = next(one for one in sys.argv if one.startswith("--unix-socket=")).partition("=")[2]
REAL = SOCKET + ".real"


def note(request_line):
    """The fault of this request, or None."""
    with open(FOLDER / "calls", "a+") as calls:
        fcntl.flock(calls, fcntl.LOCK_EX)
        calls.write(request_line + "\n")
        calls.flush()
        calls.seek(0)
        index = len(calls.readlines())
    planned, fault = (FOLDER / "plan").read_text().split()
    return fault if int(planned) == index else None


def answer_of(request):
    with socket.socket(socket.AF_UNIX) as real:
        real.connect(REAL)
        real.sendall(request)
        answer = b""
        while piece := real.recv(1 << 16):
            answer += piece
        return answer


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        request = b""
        while b"\r\n\r\n" not in request:
            piece = self.request.recv(1 << 16)
            if not piece:
                return
            request += piece
        fault = note(request.split(b"\r\n", 1)[0].decode())
        if fault == "kill":
            os.kill(os.getppid(), signal.SIGKILL)  # the tool itself
        elif fault == "fail":
            pass
        elif fault == "hang":
            self.request.recv(1)  # until the other side gives up
        elif fault == "empty":
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        elif fault in REASONS:
            status = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": REASONS[fault], "code": int(fault)})
            self.request.sendall(f"HTTP/1.1 {fault} {REASONS[fault]}\r\nContent-Type: application/json\r\n"
                                 f"Content-Length: {len(status)}\r\n\r\n{status}".encode())
        else:
            if fault in ("flip", "delete", "recreate"):
                subprocess.run([HERE / "adversary.sh", fault], check=True)
            answer = answer_of(request)
            if fault == "gone":
                (FOLDER / "kubectl").unlink()
            elif fault == "truncate":
                answer = answer[:len(answer) // 2]
            elif fault == "rc1":
                answer = answer.replace(b" 200 OK", b" 500 Internal Server Error", 1)
            elif fault == "warn":
                answer = answer.replace(b"\r\n", b'\r\nWarning: 299 - "injected"\r\n', 1)
            elif fault == "effect":
                answer = b""
            self.request.sendall(answer)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # the other side may leave at any moment


def main():
    command = [os.environ["FAULT_REAL"], *(one.replace(SOCKET, REAL) for one in sys.argv[1:])]
    with Server(SOCKET, Connection) as server, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as real:
        def leave(*_):
            real.kill()
            os._exit(1)
        signal.signal(signal.SIGTERM, leave)
        real.stdout.readline()  # Starting to serve
        while not os.path.exists(REAL):
            if real.poll() is not None:
                sys.exit(real.returncode)
            time.sleep(0.01)
        print(f"Starting to serve on {SOCKET}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
