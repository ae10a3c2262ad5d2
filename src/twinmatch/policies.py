"""Ready policies, and the rules, criteria and quotas to make one's own, as ``tm.policies``."""

from twinmatch.policy.catalogue import *  # noqa: F403
from twinmatch.policy.criteria import *  # noqa: F403
from twinmatch.policy.quotas import *  # noqa: F403
from twinmatch.policy.rules import *  # noqa: F403
