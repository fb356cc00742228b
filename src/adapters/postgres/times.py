"""The timeouts of the Postgres ledger, in one place since they depend on each other."""

from dataclasses import dataclass

from darkroom.domain.model.errors import InvalidValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Times in seconds.

    After an outage a worker holds its lease again within `way_back`. Other workers take it for dead `dead_after`
    seconds after they saw its lease free, so `dead_after` must be longer than `way_back`; the difference is the outage
    that a worker survives. Workers of one machine see each other die at once.
    """

    connect: float = 3.0  # for one attempt to connect to one server
    answer: float = 10.0  # for a session from the pool, and for the answer to one statement
    pulse: float = 2.0  # between two checks of the lease's session
    pulse_answer: float = 3.0  # for the answer to such a check
    takeover: float = 15.0  # until the server has dropped a vanished machine, so that its spool can be taken over
    pause: float = 0.2  # between two attempts to take the lease again
    dead_after: float = 45.0

    def way_back(self, servers: int) -> float:
        """Return the longest time in seconds from the end of an outage until a living worker holds its lease again.

        At worst the outage ends just after a check has begun, and two attempts at each server hang before one succeeds.
        """
        return self.pulse + self.pulse_answer + 2 * servers * (self.connect + self.pause)

    def checked(self, servers: int) -> "Times":
        """Return these times if they suit that number of servers.

        Raises:
            InvalidValue: a living worker could be taken for dead before it holds its lease again.
        """
        if self.dead_after <= self.way_back(servers):
            raise InvalidValue(
                f"must be more than {self.way_back(servers):.1f} seconds: a worker that lost its connection to the "
                "database may take as long to reconnect"
            )
        return self
