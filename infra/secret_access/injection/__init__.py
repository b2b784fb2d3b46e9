"""The sidecar in pods that others write: by a transform of the program, or by admission policies of the API server."""
