"""Fan-out of changes to the mailboxes of all sinks, in one order."""

from blynk_gateway.core.change import Change, ModeChange, Origin, PinChange
from blynk_gateway.core.mailbox import Mailbox, Token


class PinBus:
    """Numbers changes and puts each into every mailbox that wants it, before `publish` returns.

    No handler runs inside `publish`, so there is no re-entrancy: a sink reads its mailbox later,
    on its own turn, and every sink sees all changes in `seq` order.

    Args:
        first_seq: the number of the first change.

    Attributes:
        next_seq: the number that the next change will get.
    """

    __slots__ = ("_commands", "_everyone", "_others", "next_seq")

    def __init__(self, first_seq: int = 1) -> None:
        self.next_seq = first_seq
        self._everyone: list[Mailbox] = []
        self._others: list[tuple[Mailbox, Origin]] = []
        self._commands: dict[str, list[tuple[Mailbox, Origin]]] = {}

    def take_seq(self) -> int:
        """Use up a number. The change that gets it must be published before the next is taken."""
        seq = self.next_seq
        self.next_seq = seq + 1
        return seq

    def renumber(self, first_seq: int) -> None:
        """Continue the numbering of an earlier run.

        Raises:
            AssertionError: if that would use a number twice.
        """
        assert first_seq >= self.next_seq, "sequence numbers never go back"
        self.next_seq = first_seq

    def subscribe(self, mailbox: Mailbox, *, origin: Origin | None, echo: bool) -> None:
        """Send every change to the mailbox.

        Args:
            origin: the subscriber's own origin, None if it brings no changes.
            echo: whether it wants to see the changes that it brought itself.
        """
        if origin is None or echo:
            self._everyone.append(mailbox)
        else:
            self._others.append((mailbox, origin))

    def subscribe_commands(self, mailbox: Mailbox, *, device: str, origin: Origin) -> None:
        """Send to the mailbox what one device has to obey, unless `origin` itself brought it.

        That is each COMMAND for one of its pins and each mode of a direct pin; of the gateway's own
        device every change of a pin.
        """
        self._commands.setdefault(device, []).append((mailbox, origin))

    def unsubscribe(self, mailbox: Mailbox) -> None:
        """Undo `subscribe`. The mailbox need not be subscribed."""
        self._everyone = [one for one in self._everyone if one is not mailbox]
        self._others = [one for one in self._others if one[0] is not mailbox]

    def unsubscribe_commands(self, mailbox: Mailbox, *, device: str) -> None:
        """Undo `subscribe_commands`. The mailbox need not be subscribed."""
        rest = [one for one in self._commands.pop(device, ()) if one[0] is not mailbox]
        if rest:
            self._commands[device] = rest

    def publish(self, change: Change) -> None:
        """Put a change into the mailbox of every sink that wants it."""
        for mailbox in self._everyone:
            mailbox.put(change)
        if self._others:
            origin = change.origin
            for mailbox, excluded in self._others:
                if excluded != origin:
                    mailbox.put(change)

    def publish_token(self, token: Token) -> None:
        """Put a token into the mailbox of every sink that must not lose a change."""
        for mailbox in self._everyone:
            mailbox.put_token(token)

    def publish_command(self, change: PinChange | ModeChange) -> None:
        """Like `publish`, and to the device whose pin it is."""
        self.publish(change)
        for mailbox, excluded in self._commands.get(change.device, ()):
            if excluded != change.origin:
                mailbox.put(change)
