"""The joint plan of a service: machine type × policy × purchase option, chosen together."""
