"""How the predictions in use do: of the service, its inputs, its answers and their labels."""
