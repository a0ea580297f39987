"""`Figures`: what every number that trimtab shows means, as typed Python calls over a `Client`."""

from trimtab.client import figures_wire as wire
from trimtab.client.calls import Calls


class Figures(Calls):
    """The calls about the register of figures. Errors are those of `Client`."""

    def listed(self) -> list[wire.Figure]:
        """Every figure."""
        return self._call("GET", "/rest/v1/figures", wire.Figures).figures

    def one(self, id_: str) -> wire.Figure:
        """The figure of an id."""
        return self._call("GET", "/rest/v1/figures/figure", wire.Figure, id=id_)
