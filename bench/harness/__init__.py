"""The benchmark harness: measures this tree and what one would use instead, and keeps the figures in one JSON file."""
