"""Serves a namespace's secrets on localhost, through the pod's own cloud identity."""
