"""What became of the periodic jobs of a process: how often each ran, how long, how often in vain, and how long ago."""

from msgspec import Struct, field

from trimtab.base.clock import Clock

_PERIODS = 3
_LEAST_S = 300.0


class JobReport(Struct, frozen=True, kw_only=True):
    """A job as a moment found it. `busy_s` is what all its runs took, `last_s` the last; `age_s` is since it last ended
    (or was first due), `running_s` since it began, None while it waits."""

    name: str
    seconds: float
    runs: int
    failures: int
    busy_s: float
    last_s: float
    age_s: float
    running_s: float | None

    @property
    def late(self) -> bool:
        """Whether it has not ended for three of its periods, or five minutes where these are longer: a roll-up of a
        large backlog takes a while."""
        return self.age_s > max(_PERIODS * self.seconds, _LEAST_S)


class _Record(Struct):
    seconds: float
    since_s: float
    runs: int = 0
    failures: int = 0
    busy_s: float = 0.0
    last_s: float = 0.0
    began_s: float | None = None


class JobBook(Struct):
    """The jobs of this process, by name. Times are of the monotonic clock: a sleeping machine is late with nothing."""

    clock: Clock
    _records: dict[str, _Record] = field(default_factory=dict)

    def begin(self, name: str, seconds: float) -> None:
        """A job begins."""
        now_s = self.clock.monotonic()
        self._records.setdefault(name, _Record(seconds, now_s)).began_s = now_s

    def end(self, name: str, *, well: bool) -> None:
        """A job ended."""
        record, now_s = self._records[name], self.clock.monotonic()
        record.last_s = now_s - (now_s if record.began_s is None else record.began_s)
        record.busy_s += record.last_s
        record.runs += 1
        record.failures += not well
        record.since_s, record.began_s = now_s, None

    def reports(self) -> list[JobReport]:
        """Every job that was ever begun, by name."""
        now_s = self.clock.monotonic()
        return [
            JobReport(
                name=name,
                seconds=one.seconds,
                runs=one.runs,
                failures=one.failures,
                busy_s=one.busy_s,
                last_s=one.last_s,
                age_s=now_s - one.since_s,
                running_s=None if one.began_s is None else now_s - one.began_s,
            )
            for name, one in sorted(self._records.items())
        ]
