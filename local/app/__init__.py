"""The application of the laptop environment: it knows one address, and no cloud."""
