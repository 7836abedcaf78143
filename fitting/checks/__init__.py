"""The verdict: sampling, lack of fit, identification and the baths worth adding."""
