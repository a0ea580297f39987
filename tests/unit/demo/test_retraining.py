"""The demo's retraining: its command can be read, and is where the command line tells the server to look."""

from pathlib import Path

from trimtab.cli.demo import own_settings
from trimtab.demo import retraining
from trimtab.demo.plants import plants
from trimtab.demo.world import World
from trimtab.settings import Settings
from trimtab.triggers.pipelines.commands import Commands


def test_the_command_of_the_pipeline_is_in_the_demos_own_file(tmp_path: Path) -> None:
    settings = own_settings(Settings(data_dir=tmp_path / "trimtab"))
    retraining.write_commands(settings.data_dir)
    assert Path(settings.trigger_commands) == settings.data_dir / retraining.COMMANDS
    assert list(Commands.of(settings.trigger_commands).known) == [retraining.PIPELINE]


def test_it_is_planted(made: World) -> None:
    (plant,) = (one for one in plants(made) if one.id == "retraining")
    assert plant.resources == (retraining.PIPELINE, retraining.RULE)
