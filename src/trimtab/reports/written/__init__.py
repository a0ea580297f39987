"""Reports in plain words: what changed, why, and what to do, with pictures and the evidence of every sentence."""
