"""Logs of other tools, read into Bakeoff's words: one file for each format.

A reader opens a log, says what cells are in it, and streams its trials; it writes nothing and knows no
store. `app/importing.py` keeps what it reads as a run. Example:

    log = lm_eval.read(Path("results/model"))
    for answered in log.answered(): answered.trial, answered.completion
"""
