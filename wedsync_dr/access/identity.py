"""Who is calling."""

from dataclasses import dataclass

from wedsync_dr.access.roles import RIGHTS, Right, Role
from wedsync_dr.errors import NotPermitted


@dataclass(frozen=True)
class Identity:
    """A caller whose credentials held. `organizations` are ids of vendor scopes; None is bound to none and sees all.

    Two callers are the same person where their `subject` is the same.
    """

    subject: str
    role: Role
    organizations: frozenset[str] | None
    token_id: str | None = None

    def may(self, right: Right) -> bool:
        """Whether the role has a right."""
        return right in RIGHTS[self.role]

    def require(self, right: Right) -> None:
        """Raises NotPermitted where the role has not got a right."""
        if not self.may(right):
            others = ", ".join(role.value for role in Role if right in RIGHTS[role])
            raise NotPermitted(
                f"The role {self.role.value} may not {right.value}.", remedy=f"Ask somebody who is: {others}."
            )
