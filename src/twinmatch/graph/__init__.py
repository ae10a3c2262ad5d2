"""The waist: graphs that say who the best partners are at the prices of the day."""
