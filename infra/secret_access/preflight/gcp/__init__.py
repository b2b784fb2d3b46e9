"""Whether a project of Google Cloud is ready, asked as whoever runs the check."""
