"""The process that forecasts: asked, ended, killed in between."""

import asyncio

import numpy as np
import pytest

from trimtab.base.errors import Unavailable
from trimtab.timeseries.forecast.forecaster import Forecaster
from trimtab.timeseries.forecast.model import Forecast, Question, TooLittleHistory

SERIES = np.resize(np.arange(7.0), 70)


def test_the_child_answers_and_is_started_again_when_it_has_died() -> None:
    async def scenario() -> None:
        forecaster = Forecaster()
        first = await forecaster.predict(Question(SERIES, 7, (7,)))
        assert np.allclose(first.mean, SERIES[:7])
        child = forecaster._child
        assert child is not None
        child.kill()
        await child.wait()
        some, none = await forecaster.predict_all([Question(SERIES, 7, (7,)), Question(SERIES[:3], 7, (7,))])
        assert isinstance(some, Forecast)
        assert isinstance(none, TooLittleHistory)
        await forecaster.close()

    asyncio.run(scenario())


def test_a_child_that_cannot_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("trimtab.timeseries.forecast.forecaster._CHILD", "trimtab.nothing")
        with pytest.raises(Unavailable, match="did not answer"):
            await Forecaster().predict(Question(SERIES, 7, (7,)))

    asyncio.run(scenario())
