"""The rooms over their stores, and what needs several rooms at once, one file each. `app.py` puts it together."""
