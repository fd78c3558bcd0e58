"""What the web adapter is told when it is made. Knows no configuration file; `bot` fills it from [web] and [owner]."""

from dataclasses import dataclass

from adapters.local_contract import Seat, Status
from adapters.web_guard import LOOPBACK_HOSTS


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the page is served, whose it is, and whether it is the demo."""

    host: str
    port: int
    """0: any free port (`WebAdapter.bind` says which)."""
    owner_name: str
    seats: tuple[Seat, ...] = ()
    """Who a visitor of the demo can be. Without the demo nobody chooses: every visitor is unknown to us."""
    demo: bool = False
    status: Status | None = None
    """Asked every two seconds in the demo while somebody looks."""
    public_hosts: tuple[str, ...] = ()
    """Names under which others reach the page (behind a proxy); the loopback names always work."""

    @property
    def hosts(self) -> frozenset[str]:
        """Every Host header we answer to, without port, in lower case."""
        return LOOPBACK_HOSTS | {name.lower() for name in self.public_hosts}

    def seat(self, contact_type: str | None) -> Seat | None:
        """The seat a visitor chose in the demo."""
        return next((seat for seat in self.seats if self.demo and seat.contact_type == contact_type), None)
