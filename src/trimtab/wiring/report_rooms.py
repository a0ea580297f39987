"""Reports in words, over all rooms. Wired by `app.py`."""

from trimtab.kpis.runs.reader import RunReports
from trimtab.notify.mailing import mail_channels
from trimtab.reports.written.facts import Facts
from trimtab.reports.written.room import WrittenReports
from trimtab.settings import public_url
from trimtab.wiring.rooms import Rooms


def written_reports(rooms: Rooms) -> WrittenReports:
    """Reports in words; what reads is shared with every other room."""
    facts = Facts(
        costs=rooms.costs,
        economics=rooms.economics,
        reader=rooms.reader,
        registry=rooms.registry,
        runs=RunReports(rooms.reader, rooms.registry, rooms.inventory, rooms.costs.reader, rooms.clock),
        alarms=rooms.alarms,
        anomalies=rooms.cost_anomalies.found,
        advice=rooms.advice.findings,
        sources=rooms.ledger,
        clock=rooms.clock,
        account=rooms.settings.account_id,
        region=rooms.settings.region,
    )
    own = rooms.settings
    mail = mail_channels(rooms.notify.channels, own.region)
    return WrittenReports.of(rooms.stores.state, facts, mail, own.data_dir, public_url(own))
