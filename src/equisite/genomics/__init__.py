"""What standard tools do not do: read streams, features, callable bases, comparison."""
