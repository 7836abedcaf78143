"""From recordings to a posterior, and what it says: model, sampling, verdict, results."""
