"""How deliveries reach each kind of target."""
