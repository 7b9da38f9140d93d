"""Who may use the API and the dashboard: users, sessions, shared links, and brakes on guessing."""
