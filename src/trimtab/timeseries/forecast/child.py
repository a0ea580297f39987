"""The process that forecasts: questions on standard input, answers on standard output, until the input ends.

Fitting holds the interpreter for seconds and its libraries take 150 MB, so no server does it in its own process. A
message is its length (8 bytes, little endian) and a pickle; both ends are this program.
"""

import pickle
import signal
import struct
import sys
from typing import BinaryIO

from trimtab.timeseries.forecast.model import Forecast, Question, TooLittleHistory
from trimtab.timeseries.forecast.predict import predict

HEAD = struct.Struct("<Q")


def answer(question: Question) -> Forecast | str:
    """The forecast, or why there is none."""
    try:
        return predict(question)
    except TooLittleHistory as problem:
        return str(problem)


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the input ends."""
    while len(head := asked.read(HEAD.size)) == HEAD.size:
        questions = pickle.loads(asked.read(HEAD.unpack(head)[0]))  # noqa: S301 - from the process that started us
        body = pickle.dumps([answer(question) for question in questions])
        answers.write(HEAD.pack(len(body)) + body)
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the input ends when the parent does
    serve(sys.stdin.buffer, sys.stdout.buffer)
