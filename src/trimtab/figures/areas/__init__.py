"""What is shown, one file an area: each has its figures by constant, and all of them as FIGURES."""
