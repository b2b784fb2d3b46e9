"""Mixed load with faults on a real sidecar, every answer checked: `python -m tests.soak`."""
