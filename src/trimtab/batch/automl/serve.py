"""Serves a model of an AutoML job, as SageMaker's containers do: `GET /ping`, and `POST /invocations` with CSV.

    python -m trimtab.batch.automl.serve MODEL.tar.gz --port 8080

Records have the columns that the model reads, in the order of the data that it was made from, without the target;
a first line that names them may say another order. What is answered follows SAGEMAKER_INFERENCE_OUTPUT (--answer).
"""

import argparse
import csv
import io
import json
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from trimtab.base.errors import InvalidInput
from trimtab.batch.automl.model import Model, load
from trimtab.batch.monitor.dataset import read_csv
from trimtab.batch.monitor.model_quality import REGRESSION

ANSWERS = ("predicted_label", "probability", "probabilities", "labels")
_MOST = 6 << 20  # bytes of an invocation: the service's limit


def answered(model: Model, body: str, answer: Sequence[str] = ANSWERS[:1]) -> str:
    """The answer to some records, a line each. Raises InvalidInput."""
    names = model.encoder.names
    first = next(csv.reader(io.StringIO(body)), [])
    table = read_csv([body], header=set(names) <= {one.strip() for one in first}).renamed(names)
    if not table.rows:
        raise InvalidInput("the body has no record")
    found = model.outputs(table)
    if model.recipe.problem == REGRESSION:
        return "".join(f"{float(one)!r}\n" for one in found[:, 0])
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    for row in found:
        told = {
            "predicted_label": model.classes[int(row.argmax())],
            "probability": float(row.max()),
            "probabilities": json.dumps([float(one) for one in row]),
            "labels": json.dumps(list(model.classes)),
        }
        write.writerow([told[name] for name in answer])
    return out.getvalue()


def unpacked(archive: Path, into: Path) -> Model:
    """The model of a `model.tar.gz`. Raises InvalidInput."""
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(into, filter="data")
    except (OSError, tarfile.TarError) as problem:
        raise InvalidInput(f"cannot unpack {archive}: {problem}") from None
    return load(into)


def server(model: Model, address: tuple[str, int], answer: Sequence[str]) -> ThreadingHTTPServer:
    """The server of a model, which is to be told to serve."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200 if self.path == "/ping" else 404, "")

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if self.path != "/invocations" or not 0 < length <= _MOST:
                self._send(404 if self.path != "/invocations" else 413, "")
                return
            try:
                self._send(200, answered(model, self.rfile.read(length).decode(), answer))
            except (InvalidInput, UnicodeDecodeError) as problem:
                self._send(400, str(problem))

        def _send(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/csv" if status == 200 else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is said of requests."""

    return ThreadingHTTPServer(address, Handler)


def main(arguments: Sequence[str]) -> None:
    """Serve until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m trimtab.batch.automl.serve")
    parser.add_argument("archive", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--answer", default=ANSWERS[0], help=f"some of {','.join(ANSWERS)}")
    asked = parser.parse_args(arguments)
    answer = asked.answer.split(",")
    if set(answer) - set(ANSWERS):
        parser.error(f"--answer takes some of {', '.join(ANSWERS)}")
    with tempfile.TemporaryDirectory() as folder:
        server(unpacked(asked.archive, Path(folder)), (asked.host, asked.port), answer).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
