"""Whether a subscription of Azure is ready, asked as whoever runs the check."""
