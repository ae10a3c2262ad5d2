"""
Work on other threads, processes and machines: shards of left nodes, an executor, and answers put together.

What is sent is plain: arrays of numbers, and the names of functions. What comes back is whole numbers, merged
in the order of the shards, so that nothing depends on who answered, or when.
"""
