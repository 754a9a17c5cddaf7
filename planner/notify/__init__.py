"""From an outbox fact to a message that is delivered."""
