"""Ready policies, and the rules and criteria to make one's own, as ``tm.policies``."""

from twinmatch.policy.catalogue import *  # noqa: F403
from twinmatch.policy.criteria import *  # noqa: F403
from twinmatch.policy.rules import *  # noqa: F403
