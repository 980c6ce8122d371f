"""Checks this peer against the golden bytes of the specification: golden.py Wire.md

Every packet listed there must be what this peer encodes, must parse to the same frames, and none of
its truncations may parse, except to the frames that are whole.
"""

import sys

from google.protobuf import any_pb2, duration_pb2

from baton import wire_pb2
from files.v1 import broker_pb2

import wire

OPEN = "files.v1.FileBroker/Open"
COUNT = "files.v1.FileBroker/Count"


def request(call, method, message, timeout=0, descriptors=0):
    head = wire_pb2.RequestHead(timeout=timeout).SerializeToString()
    return wire.Frame(wire.REQUEST, call, True, wire.method_identity(method), head,
                      message.SerializeToString(), [-1] * descriptors)


def response(call, message, descriptors=0):
    return wire.Frame(wire.MESSAGE, call, True, message=message.SerializeToString(),
                      descriptors=[-1] * descriptors)


NOTES = broker_pb2.OpenRequest(path="notes.txt")
ENTRY = [wire_pb2.MetadataEntry(key="k", value=b"v")]
SOON = any_pb2.Any()
SOON.Pack(duration_pb2.Duration(seconds=5))
FILES = broker_pb2.CountRequest(files=[1, 2]).SerializeToString()
PACKETS = {
    "HELLO": [wire.hello()],
    "REQUEST without a head": [request(1, OPEN, NOTES)],
    "REQUEST with a head": [request(2, OPEN, NOTES, timeout=5 * 10**9)],
    "REQUEST with descriptors": [
        request(3, COUNT, broker_pb2.CountRequest(files=[1, 2]), descriptors=2)],
    "MESSAGE": [response(3, broker_pb2.CountReply(counts=[
        broker_pb2.Counts(lines=1, words=2, bytes=8), broker_pb2.Counts()]))],
    "MESSAGE with a descriptor": [
        response(1, broker_pb2.OpenReply(file=1, size=1234), descriptors=1)],
    "MESSAGE that is empty": [response(4, broker_pb2.CountReply())],
    "STATUS": [wire.status(2, 5, "notes.txt: no such file")],
    "CANCEL": [wire.Frame(wire.CANCEL, 3)],
    "GOODBYE": [wire.goodbye(last_call=3)],
    "GOODBYE after a protocol error": [wire.goodbye(code=13, message="unknown kind 9")],
    "HELLO of an end that takes streams and large messages": [wire.hello(
        1024, stream=wire_pb2.Credit(messages=1024, bytes=1 << 20, descriptors=64),
        largest_message=64 << 20)],
    "REQUEST that opens a stream of requests": [
        wire.Frame(wire.REQUEST, 5, method=wire.method_identity(COUNT))],
    "REQUEST with metadata": [wire.Frame(
        wire.REQUEST, 6, True, wire.method_identity(OPEN),
        wire_pb2.RequestHead(metadata=ENTRY).SerializeToString(), NOTES.SerializeToString())],
    "REQUEST of the end that accepted": [request(2**31 + 1, OPEN, NOTES)],
    "MESSAGE of a stream": [wire.Frame(wire.MESSAGE, 5, message=FILES, descriptors=[-1, -1])],
    "STATUS behind a stream": [wire.status(5, 0, trailers=ENTRY)],
    "STATUS with details and trailers": [
        wire.status(6, 10, "busy", details=[SOON], trailers=ENTRY)],
    "CREDIT": [wire.Frame(
        wire.CREDIT, 5, head=wire_pb2.Credit(messages=512, bytes=524288).SerializeToString())],
    "FRAGMENT": [wire.Frame(wire.FRAGMENT, 7, message=FILES[:2], descriptors=[-1])],
    "FRAGMENT without descriptors": [wire.Frame(wire.FRAGMENT, 7, method=2, message=FILES[2:3])],
    "The last piece of a message in fragments": [wire.Frame(
        wire.REQUEST, 7, True, wire.method_identity(COUNT), message=FILES[3:],
        descriptors=[-1])],
    "METADATA": [wire.Frame(
        wire.METADATA, 5, head=wire_pb2.Metadata(entries=ENTRY).SerializeToString())],
    "FINISH": [wire.Frame(wire.FINISH, 5, True)],
    "PING": [wire.Frame(wire.PING, method=7), wire.Frame(wire.PING, end=True, method=7)],
    "A packet of several frames": [
        wire.hello(), request(1, OPEN, NOTES), request(2, COUNT, broker_pb2.CountRequest())],
}


def golden_packets(text):
    """Name to bytes: the section's headings and their blocks, without what follows a semicolon."""
    packets = {}
    for part in text.split("## Golden bytes")[1].split("\n## ")[0].split("\n### ")[1:]:
        block = part.split("```")[1].split("\n")[1:]
        packets[part.split("\n")[0]] = bytes.fromhex(" ".join(line.split(";")[0] for line in block))
    return packets


def refuses(packet, descriptors):
    try:
        wire.parse_packet(packet, descriptors)
    except wire.ProtocolError:
        return True
    return False


def check(name, packet):
    frames = PACKETS[name]
    assert b"".join(frame.encoded() for frame in frames) == packet, f"{name}: encodes differently"
    descriptors = frames[-1].descriptors
    assert wire.parse_packet(packet, descriptors) == frames, f"{name}: parses differently"
    whole = {sum(len(frame.encoded()) for frame in frames[:count]) for count in range(len(frames))}
    for length in range(1, len(packet)):
        accepted = not refuses(packet[:length], descriptors)
        assert accepted == (length in whole), f"{name}: {length} bytes of it"
    for descriptors in [descriptors + [-1], descriptors[:-1]]:
        if len(descriptors) != len(frames[-1].descriptors):
            assert refuses(packet, descriptors), f"{name} with {len(descriptors)} descriptors"


def main(path):
    with open(path, encoding="utf-8") as specification:
        packets = golden_packets(specification.read())
    assert packets.keys() == PACKETS.keys(), packets.keys() ^ PACKETS.keys()
    for name, packet in packets.items():
        check(name, packet)
    print(f"{len(packets)} golden packets agree")


if __name__ == "__main__":
    main(sys.argv[1])
