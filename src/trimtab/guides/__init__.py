"""The documents that come with trimtab: guides, how-tos and reference pages, read, shown and searched."""
