"""What scores files with the model in use, by the same contract as the service."""
