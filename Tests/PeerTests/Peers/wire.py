"""The wire, written from Sources/Baton/Documentation.docc/Wire.md alone: packets, frames and their checks."""

import array
import collections
import dataclasses
import errno
import os
import re
import socket
import struct

from baton import wire_pb2

(HELLO, REQUEST, MESSAGE, STATUS, CANCEL, GOODBYE, CREDIT, FRAGMENT, METADATA, FINISH,
 PING) = range(1, 12)
END = 1
HEADER = struct.Struct("<IBBHIIQ")
MOST_DESCRIPTORS = 253
LARGEST_HEAD = 65536
LARGEST_PACKET = 212960
LARGEST_PACKET_BEFORE_HELLO = 65536
LARGEST_PIECE = 100_000
MOST_PARTIALS = 1024
HEADS = {HELLO: wire_pb2.Hello, REQUEST: wire_pb2.RequestHead, STATUS: wire_pb2.Status,
         GOODBYE: wire_pb2.Goodbye, CREDIT: wire_pb2.Credit, METADATA: wire_pb2.Metadata}
ENTRIES = {REQUEST: "metadata", METADATA: "entries", STATUS: "trailers"}
CODES = dict(OK=0, CANCELLED=1, UNKNOWN=2, INVALID_ARGUMENT=3, NOT_FOUND=5, PERMISSION_DENIED=7,
             RESOURCE_EXHAUSTED=8, UNIMPLEMENTED=12, INTERNAL=13, UNAVAILABLE=14)


class ProtocolError(Exception):
    """The other end broke the rules: the connection ends."""


class CallError(Exception):
    """One call ended with a status that is not OK."""

    def __init__(self, code, message):
        super().__init__(f"{code} {message}")
        self.code, self.message = code, message


@dataclasses.dataclass
class Frame:
    """One frame. `descriptors` are open numbers in a frame to send or one received; in a packet
    that is only described, their count is enough."""

    kind: int
    call: int = 0
    end: bool = False
    method: int = 0
    head: bytes = b""
    message: bytes = b""
    descriptors: list = dataclasses.field(default_factory=list)
    flaw: str = ""  # why the message or its descriptors are not all here

    def encoded(self):
        size = len(self.head) + len(self.message)
        header = HEADER.pack(size, self.kind, END if self.end else 0, len(self.descriptors),
                             self.call, len(self.head), self.method)
        return header + self.head + self.message + bytes(-size % 8)

    def parsed_head(self):
        return HEADS[self.kind].FromString(self.head)


def method_identity(name):
    identity = 14695981039346656037
    for byte in name.encode():
        identity = (identity ^ byte) * 1099511628211 % 2**64
    return identity


def hello(most_descriptors=MOST_DESCRIPTORS, **more):
    head = wire_pb2.Hello(version=1, oldest_version=1, largest_packet=LARGEST_PACKET,
                          most_descriptors=most_descriptors, **more)
    return Frame(HELLO, head=head.SerializeToString())


def status(call, code, message="", **more):
    head = wire_pb2.Status(code=code, message=message, **more)
    return Frame(STATUS, call, end=True, head=head.SerializeToString())


def goodbye(last_call=0, code=0, message=""):
    head = wire_pb2.Goodbye(last_call=last_call)
    if code:
        head.status.code, head.status.message = code, message
    return Frame(GOODBYE, head=head.SerializeToString())


def parse_packet(packet, descriptors=(), cut=False):
    """The frames of a packet, the last of which gets `descriptors`."""
    frames = []
    at = 0
    while at < len(packet):
        frame, at, count = parse_frame(packet, at)
        frames.append(frame)
        if count and at < len(packet):
            raise ProtocolError("descriptors in a frame that is not the packet's last")
    if not frames:
        raise ProtocolError("descriptors without a frame")
    if len(descriptors) == count:
        frames[-1].descriptors = list(descriptors)
    elif len(descriptors) < count and cut:
        frames[-1].descriptors = list(descriptors)
        frames[-1].flaw = "no room for descriptors"
    else:
        raise ProtocolError(f"{count} descriptors announced, {len(descriptors)} came")
    return frames


def parse_frame(packet, at):
    if len(packet) - at < HEADER.size:
        raise ProtocolError("shorter than a header")
    size, kind, flags, count, call, head, method = HEADER.unpack_from(packet, at)
    body = at + HEADER.size
    after = body + size + -size % 8
    if after > len(packet):
        raise ProtocolError("the body or its padding is missing")
    if any(packet[body + size:after]):
        raise ProtocolError("padding that is not zero")
    if head > size or head > LARGEST_HEAD:
        raise ProtocolError("a head of a wrong size")
    frame = Frame(kind, call, bool(flags & END), method, packet[body:body + head],
                  packet[body + head:body + size])
    check_frame(frame, flags, count)
    return frame, after, count


def check_frame(frame, flags, count):
    """What each kind may and must have: the table "Kinds"."""
    if frame.kind not in range(HELLO, PING + 1):
        raise ProtocolError(f"unknown kind {frame.kind}")
    if flags & ~END:
        raise ProtocolError("unknown flags")
    if frame.method and frame.kind not in (REQUEST, FRAGMENT, PING):
        raise ProtocolError("a method where none belongs")
    if (frame.kind in (HELLO, GOODBYE, PING)) != (frame.call == 0):
        raise ProtocolError(f"call {frame.call} in a frame of kind {frame.kind}")
    if frame.end and frame.kind not in (REQUEST, MESSAGE, STATUS, FINISH, PING):
        raise ProtocolError("END in a frame that ends nothing")
    if frame.kind in (STATUS, FINISH) and not frame.end:
        raise ProtocolError("STATUS or FINISH without END")
    if frame.head and frame.kind not in HEADS:
        raise ProtocolError("a head where none belongs")
    if frame.kind not in (REQUEST, MESSAGE, FRAGMENT) and (frame.message or count):
        raise ProtocolError("a message or descriptors where none belong")
    if count > MOST_DESCRIPTORS:
        raise ProtocolError(f"{count} descriptors in one frame")
    if frame.kind in HEADS:
        try:
            frame.parsed_head()
        except Exception as error:
            raise ProtocolError(f"the head is not its message: {error}") from error
    if frame.kind in ENTRIES:
        for entry in getattr(frame.parsed_head(), ENTRIES[frame.kind]):
            check_entry(entry)


def check_entry(entry):
    """Which metadata is allowed: the section "Metadata"."""
    if not re.fullmatch(r"[-a-z0-9_.]{1,256}", entry.key):
        raise ProtocolError(f"metadata with the key {entry.key!r}")
    if not entry.key.endswith("-bin") and any(not 0x20 <= byte <= 0x7e for byte in entry.value):
        raise ProtocolError(f"metadata {entry.key} that is not printable ASCII")


class Partials:
    """Messages that come in fragments, as far as they have come: the section "Large messages"."""

    def __init__(self):
        self.largest = 0  # bytes of one message
        self.most_descriptors = 0
        self.by_call = {}

    def take(self, frame):
        """The frame, whole; None where more of it is to come."""
        if frame.kind == FRAGMENT:
            self.add(frame)
            return None
        if frame.call not in self.by_call or frame.kind not in (REQUEST, MESSAGE, STATUS, CANCEL):
            return frame
        first = self.by_call.pop(frame.call)
        if frame.kind in (STATUS, CANCEL):
            close_all(first.descriptors)
            return frame
        self.append(first, frame)
        frame.message, frame.descriptors, frame.flaw = first.message, first.descriptors, first.flaw
        return frame

    def add(self, frame):
        first = self.by_call.get(frame.call)
        if first is None:
            if len(self.by_call) == MOST_PARTIALS:
                raise ProtocolError("too many messages in fragments at once")
            first = self.by_call[frame.call] = Frame(FRAGMENT, frame.call)
        # `method` of what was gathered counts what came, kept or not.
        if frame.method != first.method:
            raise ProtocolError(f"expected the fragment at byte {first.method}, got {frame.method}")
        first.method += len(frame.message)
        self.append(first, frame)

    def append(self, first, frame):
        first.message += frame.message
        first.descriptors += frame.descriptors
        first.flaw = first.flaw or frame.flaw
        if len(first.message) > self.largest or len(first.descriptors) > self.most_descriptors:
            first.flaw = "the message is too large or has too many descriptors"
        if first.flaw:
            close_all(first.descriptors)
            first.message, first.descriptors = b"", []

    def close(self):
        for first in self.by_call.values():
            close_all(first.descriptors)
        self.by_call = {}


class Connection:
    """A connected socket: whole packets in, whole packets out."""

    def __init__(self, connected):
        self.socket = connected
        self.own = None  # this end's Hello
        self.peer = None  # the other end's Hello
        self.waiting = collections.deque()  # frames of a packet that were not asked for yet
        self.partials = Partials()

    def send(self, *frames):
        """Sends frames as one packet; only the last may have descriptors."""
        if frames[0].kind == HELLO:
            self.own = frames[0].parsed_head()
            self.partials.largest = self.own.largest_message or self.own.largest_packet - HEADER.size
            self.partials.most_descriptors = self.own.most_descriptors
        packet = b"".join(frame.encoded() for frame in frames)
        if len(packet) > self.largest_packet():
            raise CallError(CODES["RESOURCE_EXHAUSTED"], f"{len(packet)} bytes do not fit")
        rights = array.array("i", frames[-1].descriptors)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if rights else []
        self.socket.sendmsg([packet], control, socket.MSG_NOSIGNAL)

    def largest_packet(self):
        mine = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - 32
        return min(mine, self.peer.largest_packet if self.peer else LARGEST_PACKET_BEFORE_HELLO)

    def send_whole(self, frame):
        """Sends a REQUEST or MESSAGE of any size, in fragments where it must be."""
        if len(frame.message) > (self.peer.largest_message or self.peer.largest_packet - HEADER.size):
            raise CallError(CODES["RESOURCE_EXHAUSTED"], "the other end takes no message as large")
        if len(frame.descriptors) > self.peer.most_descriptors:
            raise CallError(CODES["RESOURCE_EXHAUSTED"], "too many descriptors for the other end")
        message, files, sent = frame.message, frame.descriptors, 0
        most = min(LARGEST_PIECE, self.largest_packet() - HEADER.size - 8 - len(frame.head))
        while len(message) > most or len(files) > MOST_DESCRIPTORS:
            self.send(Frame(FRAGMENT, frame.call, method=sent, message=message[:most],
                            descriptors=files[:MOST_DESCRIPTORS]))
            sent += len(message[:most])
            message, files = message[most:], files[MOST_DESCRIPTORS:]
        self.send(dataclasses.replace(frame, message=message, descriptors=files))

    def receive(self):
        """The next frame after the other end's HELLO; None at the end of the connection."""
        while not self.waiting:
            if not self.fill():
                return None
        return self.waiting.popleft()

    def fill(self):
        """Waits for one packet; False at the end of the connection."""
        packet, descriptors, cut = self.receive_packet()
        if not packet and not descriptors:
            return False
        try:
            frames = self.parse(packet, descriptors, cut)
            for frame in self.take_hello(frames):
                self.take(frame)
        except ProtocolError as error:
            self.fail(error)
            raise
        return True

    def parse(self, packet, descriptors, cut):
        try:
            return parse_packet(packet, descriptors, cut)
        except ProtocolError:
            close_all(descriptors)
            raise

    def take(self, frame):
        if frame.flaw:
            close_all(frame.descriptors)
            frame.descriptors = []
        if frame.kind == PING:
            # Is this end there? It is.
            if not frame.end:
                self.send(Frame(PING, end=True, method=frame.method))
            return
        whole = self.partials.take(frame)
        if whole is not None:
            self.waiting.append(whole)

    def receive_packet(self):
        try:
            packet, control, flags, _ = self.socket.recvmsg(
                LARGEST_PACKET, socket.CMSG_SPACE(4 * MOST_DESCRIPTORS), socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:
            # What was queued before the reset can still be read.
            return self.receive_packet()
        descriptors = array.array("i")
        for level, kind, data in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(data[:len(data) - len(data) % descriptors.itemsize])
        if flags & socket.MSG_TRUNC:
            close_all(descriptors)
            raise ProtocolError("a packet larger than this end takes")
        return packet, list(descriptors), bool(flags & socket.MSG_CTRUNC)

    def take_hello(self, frames):
        for index, frame in enumerate(frames):
            if (frame.kind == HELLO) != (self.peer is None and index == 0):
                raise ProtocolError("HELLO must be the first frame and come once")
            if frame.kind == HELLO:
                self.peer = frame.parsed_head()
                if not self.peer.oldest_version <= 1 <= self.peer.version:
                    raise ProtocolError("no common version")
                if self.peer.largest_packet < LARGEST_PACKET_BEFORE_HELLO:
                    raise ProtocolError("largest_packet is below the least")
        return [frame for frame in frames if frame.kind != HELLO]

    def fail(self, error):
        """Tells the other end why, where it can still be told, and closes."""
        try:
            self.send(goodbye(code=CODES["INTERNAL"], message=str(error)))
        except OSError as unsent:
            if unsent.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
        self.close()

    def close(self):
        for frame in self.waiting:
            close_all(frame.descriptors)
        self.partials.close()
        self.socket.close()


def close_all(descriptors):
    for number in descriptors:
        os.close(number)


def claim(frame, places, has_unknown_fields=False):
    """The descriptors that a message's fields name, by place; each exactly once."""
    named = [place for place in places if place]
    if len(set(named)) != len(named) or any(place > len(frame.descriptors) for place in named):
        raise CallError(CODES["INVALID_ARGUMENT"], "a descriptor's place is out of range or twice")
    if len(named) < len(frame.descriptors) and not has_unknown_fields:
        raise CallError(CODES["INVALID_ARGUMENT"], "a descriptor that no field names")
    return [frame.descriptors[place - 1] for place in named]
