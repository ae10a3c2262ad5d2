"""What a table of schools is made of and made into: frames, a digest, a glimpse for people."""
