"""A server of files.v1.FileBroker, one connection after the other: server.py ROOT

Its standard input is the socket that listens. Serves until it is ended by a signal.
"""

import os
import socket
import sys

from files.v1 import broker_pb2

import wire


class Broker:
    """The handlers: the request and the frame it came in, to the reply and its descriptors."""

    def __init__(self, root):
        self.root = os.path.realpath(root)

    def open(self, frame):
        request = broker_pb2.OpenRequest.FromString(frame.message)
        wire.claim(frame, [])
        path = os.path.realpath(os.path.join(self.root, request.path))
        if os.path.commonpath([path, self.root]) != self.root:
            raise wire.CallError(wire.CODES["PERMISSION_DENIED"], f"{request.path} leads outside")
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise wire.CallError(wire.CODES["NOT_FOUND"], f"{request.path}: no such file") from error
        return broker_pb2.OpenReply(file=1, size=os.fstat(file).st_size), [file]

    def count(self, frame):
        request = broker_pb2.CountRequest.FromString(frame.message)
        reply = broker_pb2.CountReply()
        for number in wire.claim(frame, request.files):
            content = b"".join(iter(lambda: os.read(number, 65536), b""))
            reply.counts.add(lines=content.count(b"\n"), words=len(content.split()),
                             bytes=len(content))
        return reply, []


class Served:
    """One connection, until the client is gone or has said GOODBYE."""

    def __init__(self, connected, broker):
        self.connection = wire.Connection(connected)
        self.methods = {
            wire.method_identity("files.v1.FileBroker/Open"): broker.open,
            wire.method_identity("files.v1.FileBroker/Count"): broker.count,
        }

    def run(self):
        self.connection.send(wire.hello())
        try:
            while (frame := self.connection.receive()) is not None:
                if frame.kind == wire.REQUEST:
                    self.answer(frame)
                elif frame.kind == wire.STATUS:
                    self.connection.fail(wire.ProtocolError("STATUS from a client"))
                    return
                # Calls are answered one by one, so CANCEL comes too late, and after GOODBYE
                # nothing is left to do but to read to the end.
        except (wire.ProtocolError, BrokenPipeError) as error:
            print(error, file=sys.stderr)
        self.connection.close()

    def answer(self, frame):
        files = []
        try:
            if frame.flaw:
                raise wire.CallError(wire.CODES["RESOURCE_EXHAUSTED"], frame.flaw)
            handler = self.methods.get(frame.method)
            if handler is None:
                raise wire.CallError(wire.CODES["UNIMPLEMENTED"],
                                     f"no method with the identity {frame.method:#018x}")
            reply, files = handler(frame)
            self.connection.send(wire.Frame(wire.MESSAGE, frame.call, True,
                                            message=reply.SerializeToString(), descriptors=files))
        except wire.CallError as error:
            self.connection.send(wire.status(frame.call, error.code, error.message))
        finally:
            wire.close_all(files + frame.descriptors)


def main(root):
    with socket.socket(fileno=0) as listener:
        while True:
            Served(listener.accept()[0], Broker(root)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
