"""Mixed load with faults on a real sidecar, every answer checked against what was set: `python -m soak`."""
