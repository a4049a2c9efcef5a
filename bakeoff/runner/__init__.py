"""Plan (pure), schedule (async), journal and resume: how a matrix of trials is executed."""
