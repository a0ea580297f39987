from trimtab.charts.bars import meter


def test_a_meter_is_as_wide_as_its_share() -> None:
    assert 'width="36"' in meter(0.5)


def test_a_meter_is_cut_at_its_ends() -> None:
    assert meter(1.7).count('width="72"') == 2
    assert "meter-fill" not in meter(-1)
    assert "meter-fill" not in meter(None)


def test_nearly_full_is_marked_unless_that_means_nothing() -> None:
    assert "meter-fill warn" in meter(0.8)
    assert "meter-fill bad" in meter(0.95)
    assert "warn" not in meter(0.9, status=False)
