"""A client of files.v1.FileBroker.

client.py unix:PATH open FILE…      all calls in one packet; prints the content of each open file
client.py unix:PATH count FILE…     prints lines, words and bytes of each
client.py unix:PATH unknown         calls a method that no server serves
client.py unix:PATH cancel FILE     cancels a call, then makes another
client.py unix:PATH misplace FILE…  sends descriptors whose places are wrong

The exit status is the status code of the first call that failed.
"""

import os
import socket
import sys

from baton import wire_pb2
from files.v1 import broker_pb2

import wire


class Client:
    def __init__(self, address):
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connected.connect(address.removeprefix("unix:"))
        self.connection = wire.Connection(connected)
        self.last_call = 0
        self.first = [wire.hello()]  # waits to share a packet with the first call

    def request(self, method, message, descriptors=(), timeout=10 * 10**9):
        self.last_call += 1
        head = wire_pb2.RequestHead(timeout=timeout)
        return wire.Frame(wire.REQUEST, self.last_call, True,
                          wire.method_identity("files.v1.FileBroker/" + method),
                          head.SerializeToString(), message.SerializeToString(), list(descriptors))

    def send(self, *frames):
        frames = self.first + list(frames)
        self.first = []
        self.connection.send(*frames)

    def wait_for_hello(self):
        """A call with descriptors waits for the server's HELLO."""
        self.send()
        while self.connection.peer is None:
            if not self.connection.fill():
                raise wire.CallError(wire.CODES["UNAVAILABLE"], "the connection ended")

    def answers(self, *calls):
        """The answering frame of each call, by its number, in whatever order they come."""
        answers = {}
        while len(answers) < len(calls):
            frame = self.connection.receive()
            if frame is None:
                raise wire.CallError(wire.CODES["UNAVAILABLE"], "the connection ended")
            if frame.kind not in (wire.MESSAGE, wire.STATUS):
                raise wire.ProtocolError(f"kind {frame.kind} from a server")
            answers[frame.call] = frame
        return [answers[call] for call in calls]

    def close(self):
        self.send(wire.goodbye())
        self.connection.socket.shutdown(socket.SHUT_WR)
        while self.connection.receive() is not None:
            pass
        self.connection.close()


def message_of(frame, kind):
    if frame.kind == wire.STATUS:
        status = frame.parsed_head()
        raise wire.CallError(status.code, status.message)
    if frame.flaw:
        raise wire.CallError(wire.CODES["RESOURCE_EXHAUSTED"], frame.flaw)
    return kind.FromString(frame.message)


def open_files(client, paths):
    requests = [client.request("Open", broker_pb2.OpenRequest(path=path)) for path in paths]
    client.send(*requests)
    for answer in client.answers(*(request.call for request in requests)):
        reply = message_of(answer, broker_pb2.OpenReply)
        [number] = wire.claim(answer, [reply.file])
        content = os.pread(number, reply.size + 1, 0)
        os.close(number)
        if len(content) != reply.size:
            raise wire.ProtocolError(f"{len(content)} bytes of {reply.size}")
        sys.stdout.buffer.write(content)


def count(client, paths, places=None):
    client.wait_for_hello()
    files = [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in paths]
    request = client.request("Count", broker_pb2.CountRequest(
        files=places or range(1, len(files) + 1)), files)
    client.send(request)
    wire.close_all(files)
    [answer] = client.answers(request.call)
    for counts in message_of(answer, broker_pb2.CountReply).counts:
        print(counts.lines, counts.words, counts.bytes)


def unknown(client, _):
    request = client.request("Vanish", broker_pb2.OpenRequest())
    client.send(request)
    message_of(*client.answers(request.call), broker_pb2.OpenReply)


def cancel(client, paths):
    request = client.request("Open", broker_pb2.OpenRequest(path=paths[0]))
    client.send(request, wire.Frame(wire.CANCEL, request.call))
    # A server answers a cancelled call as any other; the client has forgotten it.
    [forgotten] = client.answers(request.call)
    wire.close_all(forgotten.descriptors)
    open_files(client, paths)


def misplace(client, paths):
    count(client, paths, places=[1] * len(paths) if len(paths) > 1 else [2])


def main(address, command, *paths):
    client = Client(address)
    commands = dict(open=open_files, count=count, unknown=unknown, cancel=cancel,
                    misplace=misplace)
    try:
        commands[command](client, paths)
    except wire.CallError as error:
        print(error, file=sys.stderr)
        return error.code
    finally:
        client.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
