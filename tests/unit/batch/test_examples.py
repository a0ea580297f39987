"""Jobs as SageMaker's public examples write them: what is sent to the model, and what comes out.

After "Associate Prediction Results with Input Records" of the developer guide and its example notebooks.
"""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trimtab.batch.places import Source
from trimtab.batch.run import Means, run
from trimtab.batch.transform_jobs import command
from trimtab.cli.batch import run_, spec_of


class _Model(http.server.BaseHTTPRequestHandler):
    """Answers as the example's containers do, and remembers what it was sent."""

    protocol_version = "HTTP/1.1"
    sent: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.sent.append((self.headers["Content-Type"], body))
        if self.path == "/xgboost":  # a score a line
            answer = b"\n".join(b"%.1f" % sum(map(float, line.split(b","))) for line in body.split(b"\n"))
        elif self.path == "/jsonlines":  # an object a line
            rows = [json.loads(line) for line in body.split(b"\n")]
            answer = b"\n".join(json.dumps({"predicted_label": sum(row["features"])}).encode() for row in rows)
        elif self.path == "/serving":  # TensorFlow Serving: one document, over many lines
            found = [[sum(one)] for one in json.loads(body)["instances"]]
            answer = json.dumps({"predictions": found}, indent=4).encode()
        else:
            answer = json.dumps({"length": len(body)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def model() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    handler = type("Model", (_Model,), {"sent": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", handler.sent
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _transformed(tmp_path: Path, body: bytes, url: str, **form: Any) -> bytes:
    """The output of a job over one file."""
    source, target = tmp_path / "in.data", tmp_path / "out"
    source.write_bytes(body)
    asked = {"TransformInput": {}, "TransformOutput": {}, **form}
    made = command(asked, Source(source), target, url, tmp_path)
    given = run_.make_context("run", made[2:], resilient_parsing=True).params
    last = run(spec_of(source, target, given), Means())
    assert ("Completed", 0) == (last.status, last.errors)
    return (target / "in.data.out").read_bytes()


def test_csv_without_its_id_and_the_id_beside_the_score(tmp_path: Path, model: tuple[str, list[Any]]) -> None:
    url, sent = model
    found = _transformed(
        tmp_path,
        b"1,10,0.5\n2,20,0.5\n",
        f"{url}/xgboost",
        TransformInput={"ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"Accept": "text/csv", "AssembleWith": "Line"},
        DataProcessing={"InputFilter": "$[1:]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"},
    )
    assert b"1,10.5\n2,20.5\n" == found
    assert [("text/csv", b"10,0.5\n20,0.5")] == sent


def test_json_lines_with_the_prediction_joined_and_filtered(tmp_path: Path, model: tuple[str, list[Any]]) -> None:
    url, _ = model
    found = _transformed(
        tmp_path,
        b'{"id":"a","features":[1,2]}\n{"id":"b","features":[3,4]}\n',
        f"{url}/jsonlines",
        TransformInput={"ContentType": "application/jsonlines", "SplitType": "Line"},
        TransformOutput={"Accept": "application/jsonlines", "AssembleWith": "Line"},
        DataProcessing={"OutputFilter": "$['id','SageMakerOutput']", "JoinSource": "Input"},
        BatchStrategy="SingleRecord",
    )
    rows = [json.loads(line) for line in found.splitlines()]
    assert [
        {"id": "a", "SageMakerOutput": {"predicted_label": 3}},
        {"id": "b", "SageMakerOutput": {"predicted_label": 7}},
    ] == rows


def test_a_whole_json_document_gets_its_answer_as_an_attribute(tmp_path: Path, model: tuple[str, list[Any]]) -> None:
    url, sent = model
    body = b'{"instances": [[1.0, 2.0], [5.0, 5.0]]}'
    found = _transformed(
        tmp_path,
        body,
        f"{url}/serving",
        TransformInput={"ContentType": "application/json", "SplitType": "None"},
        DataProcessing={"JoinSource": "Input"},
    )
    assert {**json.loads(body), "SageMakerOutput": {"predictions": [[3.0], [10.0]]}} == json.loads(found)
    assert [("application/json", body)] == sent


def test_an_image_is_sent_as_it_is(tmp_path: Path, model: tuple[str, list[Any]]) -> None:
    url, sent = model
    body = bytes(range(256)) * 40
    found = _transformed(tmp_path, body, url, TransformInput={"ContentType": "application/x-image"})
    assert (b'{"length": 10240}', [("application/x-image", body)]) == (found, sent)
