"""Calls of every kind in both directions over one connection, from the specification alone.

Whoever waits for something reads frames meanwhile and hands each to the call that it is for.
"""

import collections

from baton import wire_pb2

import wire


class Credit:
    """What may still come or go on one direction of a stream: the section "Credit"."""

    def __init__(self, window=None):
        window = window or wire_pb2.Credit()
        self.messages = max(window.messages, 1)
        self.bytes = max(window.bytes, 1)
        self.descriptors = max(window.descriptors, 1)

    def allows(self, descriptors):
        return self.messages > 0 and self.bytes > 0 and (not descriptors or self.descriptors > 0)

    def use(self, size, descriptors):
        self.messages -= 1
        self.bytes -= size
        self.descriptors -= descriptors

    def add(self, more):
        self.messages += more.messages
        self.bytes += more.bytes
        self.descriptors += more.descriptors


class Call:
    """One call at either of its ends."""

    def __init__(self, link, number, request=None):
        self.link = link
        self.number = number
        self.request = request  # the frame that opened it, at the callee
        self.sending = Credit(link.connection.peer.stream)
        self.receiving = Credit(link.connection.own.stream)
        self.taken = wire_pb2.Credit()
        self.inbox = collections.deque()
        self.metadata = None
        self.status = None
        self.is_over = False  # nothing more comes from the other end
        self.is_cancelled = False
        self.waits = 0  # how often there was no credit to send

    def deliver(self, frame):
        if frame.kind == wire.MESSAGE:
            self.deliver_message(frame)
        elif frame.kind == wire.STATUS:
            self.status = frame.parsed_head()
        elif frame.kind == wire.METADATA:
            if self.request is None and self.metadata is None:
                self.metadata = frame.parsed_head().entries
        elif frame.kind == wire.CREDIT:
            self.sending.add(frame.parsed_head())
        elif frame.kind == wire.CANCEL:
            self.is_cancelled = True
        self.is_over = self.is_over or frame.end

    def deliver_message(self, frame):
        if self.is_over:
            raise wire.ProtocolError(f"a message behind the last of call {self.number}")
        if not frame.end:
            if not self.receiving.allows(len(frame.descriptors)):
                raise wire.ProtocolError(f"call {self.number} has no credit")
            self.receiving.use(len(frame.message), len(frame.descriptors))
        self.inbox.append(frame)

    def receive(self):
        """The next message's frame; None behind the last."""
        while not self.inbox and not self.is_over:
            self.link.pump()
        if not self.inbox:
            return None
        frame = self.inbox.popleft()
        if frame.flaw:
            raise wire.CallError(wire.CODES["RESOURCE_EXHAUSTED"], frame.flaw)
        if not self.is_over:
            self.give_back(frame)
        return frame

    def give_back(self, frame):
        """Grants what a message used, when half of a window has been taken."""
        taken, window = self.taken, self.link.connection.own.stream
        taken.messages += 1
        taken.bytes += len(frame.message)
        taken.descriptors += len(frame.descriptors)
        if (2 * taken.messages >= window.messages or 2 * taken.bytes >= window.bytes
                or 2 * taken.descriptors >= window.descriptors):
            self.receiving.add(taken)
            self.link.connection.send(
                wire.Frame(wire.CREDIT, self.number, head=taken.SerializeToString()))
            self.taken = wire_pb2.Credit()

    def send(self, message, descriptors=()):
        """Sends a message of a stream, when there is credit; False when the call has ended."""
        if not self.sending.allows(len(descriptors)):
            self.waits += 1
        while not self.sending.allows(len(descriptors)) and not self.has_ended():
            self.link.pump()
        if self.has_ended():
            return False
        self.sending.use(len(message), len(descriptors))
        self.link.connection.send_whole(wire.Frame(
            wire.MESSAGE, self.number, message=message, descriptors=list(descriptors)))
        return True

    def has_ended(self):
        return self.is_cancelled or (self.request is None and self.is_over)

    def finish(self):
        self.link.connection.send(wire.Frame(wire.FINISH, self.number, end=True))

    def check(self):
        """Waits for the end of a call of this end, and raises what it was if not OK."""
        while not self.is_over:
            self.link.pump()
        if self.status and self.status.code:
            raise wire.CallError(self.status.code, self.status.message)

    def reply(self):
        """The one reply of a call of this end."""
        frame = self.receive()
        self.check()
        if frame is None or self.inbox:
            raise wire.CallError(wire.CODES["INTERNAL"], "expected one reply")
        return frame


class Link:
    """A connection and its calls."""

    def __init__(self, connection, accepted, **limits):
        self.connection = connection
        self.side = 2**31 if accepted else 0
        self.last_call = 0
        self.calls = {}
        self.opened = collections.deque()  # calls of the other end that nobody has taken
        connection.send(wire.hello(**limits))
        while connection.peer is None:
            if not connection.fill():
                raise wire.CallError(wire.CODES["UNAVAILABLE"], "the connection ended")

    def pump(self):
        """Reads one frame."""
        frame = self.connection.receive()
        if frame is None:
            raise wire.CallError(wire.CODES["UNAVAILABLE"], "the connection ended")
        try:
            self.dispatch(frame)
        except wire.ProtocolError as error:
            wire.close_all(frame.descriptors)
            self.connection.fail(error)
            raise

    def dispatch(self, frame):
        call = self.calls.get(frame.call)
        if frame.kind == wire.REQUEST:
            if frame.call & 2**31 == self.side or call is not None:
                raise wire.ProtocolError(f"call {frame.call} cannot be opened")
            call = self.calls[frame.call] = Call(self, frame.call, frame)
            call.is_over = frame.end
            self.opened.append(call)
        elif call is None or frame.kind == wire.GOODBYE:
            wire.close_all(frame.descriptors)
        else:
            self.check_direction(frame, call)
            call.deliver(frame)
            if call.request is None and call.is_over:
                del self.calls[call.number]

    @staticmethod
    def check_direction(frame, call):
        is_caller = call.request is None
        wrong = (wire.CANCEL, wire.FINISH) if is_caller else (wire.STATUS, wire.METADATA)
        if frame.kind in wrong or (not is_caller and frame.kind == wire.MESSAGE and frame.end):
            raise wire.ProtocolError(f"kind {frame.kind} from the wrong end")

    def begin(self, method, message=None, descriptors=(), metadata=(), timeout=10 * 10**9):
        """Opens a call with its only request, or without: then requests follow."""
        self.last_call += 1
        call = self.calls[self.last_call | self.side] = Call(self, self.last_call | self.side)
        head = wire_pb2.RequestHead(timeout=timeout, metadata=metadata).SerializeToString()
        self.connection.send_whole(wire.Frame(
            wire.REQUEST, call.number, message is not None, wire.method_identity(method), head,
            message or b"", list(descriptors)))
        return call

    def next_opened(self):
        """The next call of the other end."""
        while not self.opened:
            self.pump()
        return self.opened.popleft()

    def close_answered(self, call, frame):
        """Sends the frame that ends a call of the other end."""
        self.calls.pop(call.number, None)
        if frame.kind == wire.MESSAGE:
            self.connection.send_whole(frame)
        else:
            self.connection.send(frame)
        for left in call.inbox:
            wire.close_all(left.descriptors)
