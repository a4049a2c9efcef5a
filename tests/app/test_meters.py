"""A run stores what the machine took, for each cell, and shows it beside the scores."""

from __future__ import annotations

import json
import sys

import pytest

from bakeoff.cli.main import main
from bakeoff.runner.devices import Gpus
from tests.runner.nvml import Card, FakeNvml

RUN = ("run", "-m", "fake/a", "-b", "question_answering", "--methods", "naive,cot", "-n", "4", "--name", "r", "-q")


def cells(capsys: pytest.CaptureFixture[str], *args: str) -> list[dict[str, object]]:
    """The cells of a run with the fake engine under these settings, with their performance."""
    for command in ((*RUN, "--model-args", args[0]), ("show", "r", "--performance", "--json")):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert not ended.value.code
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["cells"]
    return found


def machine_of(cell: dict[str, object]) -> dict[str, object]:
    performance = cell["performance"]
    assert isinstance(performance, dict) and isinstance(performance["machine"], dict)
    return performance["machine"]


@pytest.mark.skipif(sys.platform != "linux", reason="host memory is read from /proc")
def test_a_model_in_this_process_has_its_memory_and_its_gpus(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Card(used=[5 << 30, 9 << 30], energy_mj=[1_000_000, 3_000_000], power_mw=[-3])
    nvml = FakeNvml([card])
    opened = Gpus.open  # the real one, with another library
    monkeypatch.setattr(Gpus, "open", staticmethod(lambda visible=None: opened(visible, nvml)))
    first, second = cells(capsys, "slots=2")
    machine = machine_of(first)
    assert machine == machine_of(second) and machine["cells"] == 2
    assert isinstance(machine["host_peak_bytes"], int) and machine["host_peak_bytes"] > 10_000_000
    assert machine["device_peak_bytes"] == 9 << 30 and machine["energy_j"] == 2000.0
    executions = machine["executions"]
    assert isinstance(executions, list) and len(executions) == 1
    assert executions[0]["devices"][0]["power_w"] is None  # this one has no sensor
    assert nvml.open == 0  # given back
    with pytest.raises(SystemExit):
        main(["show", "r", "--performance"])
    shown = capsys.readouterr().out
    assert "GPU 0 memory, peak" in shown and "9.00 of 80.00 GiB, 5.00 GiB before" in shown
    assert "figures of 2 cells, asked together" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_model_elsewhere_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    first, _ = cells(capsys, "latency=0")
    performance = first["performance"]
    assert isinstance(performance, dict)
    assert performance["machine"] is None and performance["made"] == 4
