"""How cheaply the portfolio serves an hour of LLM requests that it has never seen, beside AWS's policies.

Run as `python bench/eval_azure_llm_2023.py DIR`, DIR in the layout of the Azure LLM inference traces. Rules as in
`eval_nab_scaling.py`: a replica takes a thirtieth of the peak minute's requests, launches take 300 s. An hour has no
day to learn from, and a demand that doubles within a launch cannot be met by anybody. The last line is JSON.
"""

from scaling_judging import main
from scaling_traces import azure

if __name__ == "__main__":
    main(azure, "usage: eval_azure_llm_2023.py DIR (with AzureLLMInferenceTrace_*.csv)")
