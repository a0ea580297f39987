"""How cheaply the portfolio serves the request counts of the Numenta Anomaly Benchmark, beside AWS's policies.

Run as `python bench/eval_nab_scaling.py DIR`, DIR in NAB's layout; its demand series are taken (`DEMAND_NAMES`). A
replica takes a thirtieth of the peak, launches take 300 s and are paid, a decision is made a minute from what was seen
before its end. Every request of a minute whose demand exceeds the capacity counts as violating. Every policy begins
with what the first minute needs and no history, and is scored from the first minute on. A bucket of NAB (5 or 30
minutes) is even within itself: demand jumps at its edge. The last line is JSON.
"""

from scaling_judging import main
from scaling_traces import nab

if __name__ == "__main__":
    main(nab, "usage: eval_nab_scaling.py DIR (with data/)")
