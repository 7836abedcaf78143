"""Pictures, methods text and the page that tells a fit."""
