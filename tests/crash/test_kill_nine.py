"""`kill -9` of the whole process group in mid-ingest, again and again: what was acknowledged is there, once."""

import os
import random
import threading
from pathlib import Path

import numpy as np
import pytest

from crash.writers import DATUMS, Batch, Ledger, address_of, make_batch, retry, run_clients, settled, stored
from live_server import LiveServer

KILLS = int(os.environ.get("KILLS", "2"))  # `make test-all` sets 20

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]


def test_every_acknowledged_batch_is_there_whole_and_once(tmp_path: Path) -> None:
    ledger = Ledger()
    server = LiveServer(tmp_path / "data").start()
    chance = random.Random(9)

    def kill_in_mid_ingest() -> None:
        floor = sum(batch.acknowledged for batch in ledger.batches) + 20
        while sum(batch.acknowledged for batch in ledger.batches) < floor:
            threading.Event().wait(0.01)
        threading.Event().wait(chance.uniform(0.0, 1.5))
        server.kill()

    for number in range(KILLS):
        run_clients(server, ledger, kill_in_mid_ingest)
        cut = len(ledger.open)
        server.start()
        retry(address_of(server), ledger.open)
        repeated = chance.sample(ledger.batches, 5)  # a client that lost its answer asks again: counts once
        retry(address_of(server), repeated)
        expected = len(ledger.batches) * DATUMS
        found = settled(server.data_dir, expected)
        counts = np.array(list(found.values()))
        print(
            f"kill {number + 1}: {len(ledger.batches)} batches, {cut} cut and retried, {expected} datums expected, "
            f"{len(found)} found, {(counts > 1).sum()} doubled"
        )
        assert len(found) == expected
        assert (counts == 1).all()
    assert server.stop() == 0


@pytest.mark.slow  # half a minute
def test_equal_bodies_with_other_invocation_ids_count_twice(tmp_path: Path) -> None:
    server = LiveServer(tmp_path / "data").start()
    batch = make_batch(0)
    retry(address_of(server), [batch, batch, Batch("another", batch.body, batch.values)])
    found = settled(server.data_dir, DATUMS)
    server.kill()
    server.start()
    retry(address_of(server), [batch])
    assert stored(server.data_dir) == found
    assert set(found.values()) == {2}
    server.stop()
