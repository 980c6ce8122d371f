"""A server and a client of relay.v1.Relay.

relay.py serve                  accepts one connection of the socket that is its standard input
relay.py SCENARIO unix:PATH     one of the scenarios below, which prints what happened
"""

import os
import socket
import sys

import relay_pb2
from baton import wire_pb2

import wire
from calls import Link

NAME = "relay.v1.Relay/"
WINDOW = wire_pb2.Credit(messages=16, bytes=4096, descriptors=4)
LIMITS = dict(most_descriptors=1024, largest_message=16 << 20, stream=WINDOW)


def parcel(frame):
    """A received parcel, and the descriptors of its files."""
    message = relay_pb2.Parcel.FromString(frame.message)
    return message, wire.claim(frame, message.files)


def encoded(number=0, content=b"", files=0):
    places = range(1, files + 1)
    return relay_pb2.Parcel(number=number, content=content, files=places).SerializeToString()


# The server.

def echo(link, call):
    message, files = parcel(call.request)
    entries = call.request.parsed_head().metadata
    if entries:
        head = wire_pb2.Metadata(entries=entries).SerializeToString()
        link.connection.send(wire.Frame(wire.METADATA, call.number, head=head))
    reply = wire.Frame(wire.MESSAGE, call.number, not entries, descriptors=files,
                       message=encoded(message.number, message.content, len(files)))
    if entries:
        link.connection.send_whole(reply)
        reply = wire.status(call.number, 0, trailers=entries)
    link.close_answered(call, reply)


def repeat(link, call):
    message, files = parcel(call.request)
    for number in range(message.number):
        if not call.send(encoded(number, message.content, len(files)), files):
            break
    link.close_answered(call, wire.status(call.number, 0))


def gather(link, call):
    number, content, files = 0, b"", []
    while (frame := call.receive()) is not None:
        message, more = parcel(frame)
        number, content, files = number + message.number, content + message.content, files + more
    link.close_answered(call, wire.Frame(wire.MESSAGE, call.number, True, descriptors=files,
                                         message=encoded(number, content, len(files))))
    wire.close_all(files)


def chat(link, call):
    while (frame := call.receive()) is not None:
        message, files = parcel(frame)
        call.send(encoded(message.number, message.content, len(files)), files)
        wire.close_all(files)
    link.close_answered(call, wire.status(call.number, 0))


def call_back(link, call):
    message, files = parcel(call.request)
    inner = link.begin(NAME + "Echo", encoded(message.number, message.content, len(files)), files)
    answer, more = parcel(inner.reply())
    link.close_answered(call, wire.Frame(wire.MESSAGE, call.number, True, descriptors=more,
                                         message=encoded(answer.number, answer.content, len(more))))
    wire.close_all(more)


def fail(link, call):
    status = wire_pb2.Status(trailers=call.request.parsed_head().metadata)
    status.details.add().Pack(relay_pb2.Parcel.FromString(call.request.message))
    link.close_answered(call, wire.status(call.number, 10, "as you wish", details=status.details,
                                          trailers=status.trailers))


def serve():
    """Calls are answered one by one. Until the other end has left."""
    methods = dict(Echo=echo, Repeat=repeat, Gather=gather, Chat=chat, CallBack=call_back,
                   Fail=fail)
    by_identity = {wire.method_identity(NAME + name): method for name, method in methods.items()}
    with socket.socket(fileno=0) as listener:
        connected = listener.accept()[0]
    link = Link(wire.Connection(connected), accepted=True, **LIMITS)
    while True:
        try:
            call = link.next_opened()
        except wire.CallError:
            return link.connection.close()
        answer(link, call, by_identity.get(call.request.method))
        wire.close_all(call.request.descriptors)


def answer(link, call, method):
    try:
        if call.request.flaw:
            raise wire.CallError(wire.CODES["RESOURCE_EXHAUSTED"], call.request.flaw)
        if method is None or (method in (gather, chat)) == call.request.end:
            raise wire.CallError(wire.CODES["UNIMPLEMENTED"], "no such method")
        method(link, call)
    except wire.CallError as error:
        link.close_answered(call, wire.status(call.number, error.code, error.message))


# The client's scenarios.

def files_of(*texts):
    numbers = []
    for text in texts:
        number = os.memfd_create("parcel", os.MFD_CLOEXEC)
        os.write(number, text.encode())
        numbers.append(number)
    return numbers


def read(files):
    """The texts of open files, which are closed."""
    texts = [os.pread(number, 100, 0).decode() for number in files]
    wire.close_all(files)
    return texts


def ask_repeat(link):
    files = files_of("hello")
    call = link.begin(NAME + "Repeat", encoded(3000, files=1), files)
    wire.close_all(files)
    numbers, texts = [], set()
    while (frame := call.receive()) is not None:
        message, files = parcel(frame)
        numbers.append(message.number)
        texts.update(read(files))
    call.check()
    assert numbers == list(range(3000)), numbers
    print(f"{len(numbers)} replies in order, each with {texts}")


def ask_gather(link):
    call = link.begin(NAME + "Gather")
    for number in range(300):
        files = files_of(str(number))
        assert call.send(encoded(number, b"x", 1), files)
        wire.close_all(files)
    call.finish()
    message, files = parcel(call.reply())
    assert read(files) == [str(number) for number in range(300)]
    print(f"{message.number} in {len(message.content)} requests, waited: {call.waits > 0}")


def ask_chat(link):
    call = link.begin(NAME + "Chat")
    for number in range(100):
        files = files_of(f"file {number}")
        assert call.send(encoded(number, b"y" * 300_000 * (number % 10 == 0), 1), files)
        wire.close_all(files)
        message, files = parcel(call.receive())
        assert message.number == number and read(files) == [f"file {number}"]
    call.finish()
    assert call.receive() is None
    call.check()
    print("100 requests came back, each with its file")


def ask_large(link):
    content = bytes(range(256)) * 12_000
    files = files_of(*(str(number) for number in range(600)))
    call = link.begin(NAME + "Echo", encoded(7, content, 600), files)
    wire.close_all(files)
    message, files = parcel(call.reply())
    assert message.content == content
    assert read(files) == [str(number) for number in range(600)]
    print(f"{len(content)} bytes and 600 files came back")


def ask_metadata(link):
    entries = [wire_pb2.MetadataEntry(key="k", value=b"v"),
               wire_pb2.MetadataEntry(key="k-bin", value=b"\0\xff")]
    call = link.begin(NAME + "Echo", encoded(7), metadata=entries)
    message, _ = parcel(call.reply())
    assert list(call.metadata) == entries, call.metadata
    assert list(call.status.trailers) == entries, call.status
    print(f"{message.number} with metadata on both sides")


def ask_fail(link):
    entries = [wire_pb2.MetadataEntry(key="k", value=b"v")]
    call = link.begin(NAME + "Fail", encoded(7), metadata=entries)
    assert call.receive() is None
    detail = relay_pb2.Parcel()
    assert call.status.details[0].Unpack(detail)
    assert list(call.status.trailers) == entries
    print(f"{call.status.code} {call.status.message}, about {detail.number}")


def ask_call_back(link):
    files = files_of("hello")
    outer = link.begin(NAME + "CallBack", encoded(7, files=1), files)
    wire.close_all(files)
    inner = link.next_opened()
    assert inner.number == 2**31 + 1 and inner.request.method == wire.method_identity(NAME + "Echo")
    message, files = parcel(inner.request)
    link.close_answered(inner, wire.Frame(wire.MESSAGE, inner.number, True, descriptors=files,
                                          message=encoded(message.number * 2, files=1)))
    wire.close_all(files)
    message, files = parcel(outer.reply())
    print(f"{message.number} with {read(files)}")


def ask_kind(link):
    for call in [link.begin(NAME + "Gather", encoded(7)), link.begin(NAME + "Echo")]:
        assert call.receive() is None
        print(call.status.code)


def main(scenario, *address):
    if scenario == "serve":
        return serve()
    before = os.listdir("/proc/self/fd")
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connected.connect(address[0].removeprefix("unix:"))
    link = Link(wire.Connection(connected), accepted=False, **LIMITS)
    globals()["ask_" + scenario](link)
    link.connection.close()
    left = os.listdir("/proc/self/fd")
    assert left == before, left


if __name__ == "__main__":
    main(*sys.argv[1:])
