"""The wire, written from Sources/Baton/Documentation.docc/Wire.md alone: packets, frames and their checks."""

import array
import dataclasses
import errno
import os
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
HEADS = {HELLO: wire_pb2.Hello, REQUEST: wire_pb2.RequestHead, STATUS: wire_pb2.Status,
         GOODBYE: wire_pb2.Goodbye, CREDIT: wire_pb2.Credit, METADATA: wire_pb2.Metadata}
CODES = dict(OK=0, CANCELLED=1, INVALID_ARGUMENT=3, NOT_FOUND=5, PERMISSION_DENIED=7,
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
    cut: bool = False  # the kernel dropped descriptors for want of room

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


def hello(largest_packet=LARGEST_PACKET):
    head = wire_pb2.Hello(version=1, oldest_version=1, largest_packet=largest_packet,
                          most_descriptors=MOST_DESCRIPTORS)
    return Frame(HELLO, head=head.SerializeToString())


def status(call, code, message):
    head = wire_pb2.Status(code=code, message=message)
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
        frames[-1].cut = True
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


class Connection:
    """A connected socket: whole packets in, whole packets out."""

    def __init__(self, connected):
        self.socket = connected
        self.peer = None  # the other end's Hello
        self.waiting = []  # frames of a packet that were not asked for yet

    def send(self, *frames):
        """Sends frames as one packet; only the last may have descriptors."""
        packet = b"".join(frame.encoded() for frame in frames)
        limit = self.peer.largest_packet if self.peer else LARGEST_PACKET_BEFORE_HELLO
        if len(packet) > limit:
            raise CallError(CODES["RESOURCE_EXHAUSTED"], f"{len(packet)} bytes do not fit {limit}")
        rights = array.array("i", frames[-1].descriptors)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if rights else []
        self.socket.sendmsg([packet], control, socket.MSG_NOSIGNAL)

    def receive(self):
        """The next frame after the other end's HELLO; None at the end of the connection."""
        while not self.waiting:
            if not self.fill():
                return None
        return self.waiting.pop(0)

    def fill(self):
        """Waits for one packet; False at the end of the connection."""
        packet, descriptors, cut = self.receive_packet()
        if not packet and not descriptors:
            return False
        try:
            frames = parse_packet(packet, descriptors, cut)
            self.waiting += self.take_hello(frames)
        except ProtocolError as error:
            close_all(descriptors)
            self.fail(error)
            raise
        if frames[-1].cut:
            close_all(descriptors)
        # Is this end there? It is.
        for ping in [frame for frame in self.waiting if frame.kind == PING]:
            self.waiting.remove(ping)
            if not ping.end:
                self.send(Frame(PING, end=True, method=ping.method))
        return True

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
