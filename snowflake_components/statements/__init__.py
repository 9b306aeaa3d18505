"""The statements of each kind of object, as frozen values with their SQL."""
