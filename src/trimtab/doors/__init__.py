"""How the world talks to trimtab: translate, authenticate, map errors. No rules of their own."""
