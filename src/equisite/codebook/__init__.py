"""Every variable that exists: type, unit, class, bins, codes."""
