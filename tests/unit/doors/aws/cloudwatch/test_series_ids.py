from trimtab.doors.aws.cloudwatch.series_ids import SeriesIds


def test_ids_are_kept_by_account_region_and_namespace() -> None:
    ids = SeriesIds()
    sent = ("m", b"[]", "None")
    ids.remember("1", "r", "n", sent, 7)
    assert ids.of("1", "r", "n") == {sent: 7}
    assert ids.of("2", "r", "n") == {}


def test_past_the_limit_it_starts_anew() -> None:
    ids = SeriesIds(limit=2)
    for number in range(3):
        ids.remember("1", "r", "n", (str(number), b"", "None"), number)
    assert ids.of("1", "r", "n") == {("2", b"", "None"): 2}
