"""The demonstration: a real street, two overlapping cameras, one map."""
