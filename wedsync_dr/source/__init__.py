"""The database that is protected: what it has, and how it is read at one instant."""
