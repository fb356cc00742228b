"""How long the Postgres ledger waits for what, in one place, since these times depend on each other."""

from dataclasses import dataclass

from darkroom.domain.model.errors import InvalidValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds.

    A worker comes back at the latest after `way_back`, counted from the end of the outage. Others call it dead
    `dead_after` seconds after its lease was seen free, so `dead_after` has to be longer than `way_back`; the rest of it
    is the length of an outage that costs the worker nothing. Workers of one machine see each other die at once.
    """

    connect: float = 3.0  # for one attempt to connect to one server
    answer: float = 10.0  # for a connection from the pool, and for the answer to one statement
    pulse: float = 2.0  # between two looks whether the lease's session answers
    pulse_answer: float = 3.0  # for the answer to such a look
    takeover: float = 15.0  # for a machine that is gone to be given up by the server, before its spool is taken over
    pause: float = 0.2  # between two attempts to take the lease again
    dead_after: float = 45.0

    def way_back(self, servers: int) -> float:
        """The longest time between the end of an outage and the moment in which a living worker holds its lease again.

        At worst the loss is noticed by a look that had just begun, and an attempt at each server hangs before the one
        that succeeds.
        """
        return self.pulse + self.pulse_answer + 2 * servers * (self.connect + self.pause)

    def checked(self, servers: int) -> "Times":
        """The same.

        Raises:
            InvalidValue: a living worker could be called dead on its way back.
        """
        if self.dead_after <= self.way_back(servers):
            raise InvalidValue(
                f"must be more than {self.way_back(servers):.1f} seconds: a worker that lost its way to the database "
                "may take as long to come back"
            )
        return self
