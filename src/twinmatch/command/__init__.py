"""The commands of ``twinmatch``, each with its options and what it does."""
