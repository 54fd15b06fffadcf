"""STM-XS: a small Space-Time Memory network on squares around the object."""
