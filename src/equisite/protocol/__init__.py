"""The two configurations, their models and the protocol's hash."""
