"""What models behind OpenAI-compatible endpoints share: settings, requests, faults, costs."""
