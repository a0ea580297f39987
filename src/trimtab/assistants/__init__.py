"""What assistants may ask: tools over the REST client, and the Model Context Protocol that carries them."""
