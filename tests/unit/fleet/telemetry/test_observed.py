import numpy as np

from trimtab.fleet.telemetry.observed import observed_share


def test_steps_count_whole_inside_and_by_share_at_an_edge() -> None:
    counts = np.array([[2.0, 5, 4, 5, 3, 0, 0, 5, 5]])
    assert observed_share(counts)[0].tolist() == [0.4, 1, 1, 1, 0.6, 0, 0, 1, 1]
