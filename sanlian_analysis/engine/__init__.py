"""A papermill engine whose kernels start warm: forked from a process that has everything loaded.

The kernel is IPython's own and so are its messages; only the way its process
comes into being differs from the standard engine. `papermill --engine sanlian`.
"""

from sanlian_analysis.engine.absent import absent

with absent("rfc3987_syntax"):  # jsonschema would load it for a second, for a check nobody makes
    import papermill.engines  # noqa: F401 - first: it asks for our engine while it is imported

from sanlian_analysis.engine.limits import Limits
from sanlian_analysis.engine.papermill_engine import KernelLost, SanlianEngine

__all__ = ["KernelLost", "Limits", "SanlianEngine"]
