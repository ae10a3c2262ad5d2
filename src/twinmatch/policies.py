"""The policies that come with twinmatch, as ``tm.policies``."""

from twinmatch.policy.catalogue import *  # noqa: F403
