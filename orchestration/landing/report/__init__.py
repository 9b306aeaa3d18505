"""What people ask about hours: their state and its reason, what has not landed, what an amendment changed."""
