"""Nothing is trusted unread."""
